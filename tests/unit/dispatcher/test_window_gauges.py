"""What windows and states of integrations tell in sum."""

from prometheus_client import REGISTRY

from services.dispatcher.core.gates import Gates
from services.dispatcher.core.window import INITIAL, Sign
from services.dispatcher.tables import IntegrationStates
from services.dispatcher.window_gauges import watch_windows
from shared.core.messages.state import IntegrationState
from shared.core.records import Record


def test_windows_are_counted_by_state_and_never_named() -> None:
    gates: Gates[None] = Gates()
    watch_windows("test", gates.windows)
    assert value("hookfleet_receiver_window_smallest_requests") is None
    gates.of(0, ("acme", "open"))
    full = gates.of(1, ("acme", "full")).window
    while full.in_flight < INITIAL:
        full.begin(1)
    troubled = gates.of(1, ("other", "troubled")).window
    troubled.begin(1)
    troubled.end(Sign.TROUBLED, 1, 2)
    assert {state: value("hookfleet_receiver_windows", state=state) for state in ("open", "full", "troubled")} == {
        "open": 1, "full": 1, "troubled": 1,
    }  # fmt: skip
    assert value("hookfleet_receiver_window_smallest_requests") == INITIAL / 2
    assert value("hookfleet_receiver_window_requests") == 2.5 * INITIAL
    troubled.begin(3)
    troubled.end(Sign.ANSWERED, 3, 4)
    assert value("hookfleet_receiver_windows", state="troubled") == 0


def test_an_integration_that_is_enabled_or_deleted_is_not_disabled() -> None:
    states = IntegrationStates()
    for name, enabled in (("a", False), ("b", False), ("gone", False), ("a", True), ("c", True)):
        state = IntegrationState(
            organization="acme", integration_id=name, enabled=enabled, epoch=0, since_ms=1, reason="test"
        )
        states.apply(record(f"acme/{name}", state.encode()))
    assert states.count_disabled(lambda organization, name: name != "gone") == 1
    states.apply(record("acme/b", None))
    assert states.count_disabled(lambda organization, name: name != "gone") == 0


def record(key: str, value: bytes | None) -> Record:
    return Record("integration-state", 0, 0, key.encode(), value, (), timestamp_ms=1)


def value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"role": "test", **labels})
