"""What health and readiness mean."""

from shared.adapters.health import Health


def test_a_process_that_has_not_said_what_it_consists_of_is_not_ready() -> None:
    health = Health()
    assert health.readyz()[0] == 503
    assert health.healthz()[0] == 200


def test_it_is_ready_when_every_part_is_and_names_those_that_are_not() -> None:
    health = Health()
    health.add("table", lambda: None)
    assert health.readyz() == (200, {"status": "ready"})
    health.add("group", lambda: "joining")
    assert health.readyz() == (503, {"status": "waiting", "waiting": {"group": "joining"}})


def test_readiness_does_not_make_a_process_unhealthy_and_a_crash_does() -> None:
    health = Health()
    health.add("broker", lambda: "away")
    assert health.healthz()[0] == 200
    health.crashed("publisher")
    assert health.healthz() == (503, {"status": "crashed", "component": "publisher"})
