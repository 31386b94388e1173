"""A fleet as it is installed posts to no loopback address; one that is allowed to does."""

import os
import uuid
from collections.abc import Iterator

import httpx
import pytest

from deploy.local.fleet.local_fleet import Fleet
from deploy.local.fleet.plan import FleetPlan
from tests.flow.conftest import Case
from tests.flow.receiver import Receiver
from tests.waiting import wait_for


@pytest.fixture(scope="module")
def guarded_fleet(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """One process of each service, and no network allowed that is not public."""
    plan = FleetPlan(
        partitions=1,
        topic_prefix=f"flow-{uuid.uuid4().hex[:8]}.",
        session_timeout_ms=6_000,
        extra={"HOOKFLEET_ALLOWED_NETWORKS": ""},
    )
    env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap}
    with Fleet(tmp_path_factory.mktemp("guarded"), plan, env=env) as running:
        yield running


@pytest.fixture
def guarded(guarded_fleet: Fleet, receiver: Receiver) -> Iterator[Case]:
    headers = {"Authorization": f"Bearer {guarded_fleet.api_key}"}
    with httpx.Client(base_url=guarded_fleet.url, headers=headers, timeout=30) as http:
        yield Case(guarded_fleet, receiver, http)


def test_a_webhook_at_a_loopback_address_fails_with_a_remedy_and_nothing_is_connected(guarded: Case) -> None:
    guarded.set_up(delays=[1.0, 1.0])
    guarded.send()
    (run,) = guarded.ended_runs()
    assert (run["status"], run["attempts"]) == ("FAILED", 1)
    (error,) = wait_for(lambda: guarded.integration_events("integration.perform.error"), "the error event")
    said = error["error"]
    assert said["code"] == "address.refused"
    assert "127.0.0.1 is a loopback address" in said["detail"]
    assert "HOOKFLEET_ALLOWED_NETWORKS" in said["detail"]
    assert "network" in said["remedy"]
    assert guarded.requests() == []


def test_a_token_endpoint_at_a_loopback_address_is_not_asked(guarded: Case) -> None:
    token_url = f"{guarded.receiver.url}/{guarded.name}-token"
    spec = {
        "kind": "oauth2-client-credentials",
        "name": guarded.name,
        "token_url": token_url,
        "client_id": "hookfleet",
        "client_secret": "not so secret",
    }
    guarded.apply(
        {"kind": "credential", "id": guarded.name, "spec": spec},
        guarded.webhook(url="https://hooks.example/"),
        guarded.rule(),
        guarded.integration([]),
    )
    guarded.send()
    (run,) = guarded.ended_runs()
    (error,) = wait_for(guarded.integration_events, "the error event")
    assert (run["status"], error["error"]["code"]) == ("FAILED", "address.refused")
    assert "the token endpoint 127.0.0.1" in error["error"]["detail"]
    assert guarded.receiver.requests(f"/{guarded.name}-token") == []


def test_the_same_webhook_is_posted_to_where_its_network_is_allowed(case: Case) -> None:
    case.set_up()
    case.send()
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED"
    assert len(case.requests()) == 1
