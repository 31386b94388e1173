"""What operators see of every service: health, readiness, metrics, and an end in order."""

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from deploy.local.fleet.plan import Service
from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.waiting import wait_for

SERVICES = (Service.INGEST, Service.DISPATCHER, Service.EVENT_RECORDER, Service.DISABLER)


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_says_how_it_is(case: Case, service: Service) -> None:
    url = f"http://127.0.0.1:{case.fleet.port(service)}"
    assert httpx.get(f"{url}/healthz").json()["status"] == "ok"
    wait_for(lambda: httpx.get(f"{url}/readyz").status_code == 200, f"{service} ready")
    families = {family.name for family in text_string_to_metric_families(httpx.get(f"{url}/metrics").text)}
    assert {name for name in families if name.startswith("hookfleet_")}


def test_sigterm_drains_what_is_under_way_and_ends_in_time(case: Case) -> None:
    """Each request takes a second; both dispatchers are asked to end while they wait for answers."""
    case.set_up()
    case.receiver.answer(case.path, Reply(after_seconds=1.0))
    for _ in range(20):
        case.send()
    wait_for(lambda: len(case.requests()) == 20, "all requests under way")
    for index in (0, 1):
        case.fleet.stop_one(Service.DISPATCHER, index)
    runs = case.ended_runs()
    assert {run["status"] for run in runs} == {"COMPLETED"}
    for index in (0, 1):
        case.fleet.start_one(Service.DISPATCHER, index)
    case.receiver.answer(case.path, Reply())
    case.send()
    case.ended_runs()
    assert len(case.requests()) == 21, "nothing that was drained is sent again"
