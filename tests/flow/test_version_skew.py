"""Records of an older and a newer version side by side, as a rolling upgrade makes them, through a running fleet.

An older record lacks what later versions added; a newer one holds fields that nobody here knows.
"""

from contextlib import closing
from typing import Any

import orjson

from shared.adapters.clock import now_ms, rfc3339
from shared.adapters.kafka_clients import producer
from shared.core.identifiers import run_id_of_event
from shared.core.messages.delivery import DELIVERY_HEADER
from shared.core.messages.integration_events import DISABLE_REQUESTED, encode_event, event_headers
from shared.core.resources import Kind, Resource, Webhook
from shared.core.topics import Topic, config_key, delivery_key, integration_key
from tests.flow.conftest import Case
from tests.waiting import wait_for

NEWER: dict[str, Any] = {"fromthefuture": {"a": [1]}}


def produce(case: Case, topic: Topic, key: bytes, value: bytes, headers: list[tuple[str, bytes]]) -> None:
    with closing(producer(case.fleet.settings)) as sender:
        sender.send(topic.name, key=key, value=value, headers=headers).get(timeout=30)


def deliver(case: Case, event_id: str, more: dict[str, Any]) -> None:
    """A delivery request with what the first version demanded, and ``more``."""
    organization = case.fleet.plan.organization
    run_id = run_id_of_event(organization, "/skew", event_id, case.name)
    request = {
        "v": 1,
        "run_id": run_id,
        "webhook_id": run_id,
        "organization": organization,
        "integration_id": case.name,
        "event": {"source": "/skew", "id": event_id, "type": case.event_type} | more,
        "config_offset": 0,
        "accepted_ms": now_ms(),
        "created_ms": now_ms(),
    }
    headers = [(DELIVERY_HEADER, orjson.dumps(request | more)), *((name, b"?") for name in more)]
    topic = case.fleet.settings.topics().deliveries
    produce(case, topic, delivery_key(organization, case.name, 0), orjson.dumps(case.event()), headers)


def test_runs_of_an_older_and_a_newer_worker_are_delivered_and_recorded(case: Case) -> None:
    case.set_up()
    deliver(case, "older", {})
    deliver(case, "newer", NEWER)
    case.sent = 2
    assert [run["status"] for run in case.ended_runs()] == ["COMPLETED", "COMPLETED"]
    assert len({request.webhook_id for request in case.requests()}) == 2


def test_configuration_and_a_request_of_a_newer_version_apply(case: Case) -> None:
    case.set_up()
    organization, topics = case.fleet.plan.organization, case.fleet.settings.topics()
    spec = Webhook(name=case.name, url=f"{case.receiver.url}{case.path}-moved")
    resource = Resource(
        kind=Kind.WEBHOOK, organization=organization, id=case.name, spec=spec, created_ms=1, updated_ms=now_ms()
    )
    document = orjson.loads(resource.encode())
    document = document | NEWER | {"spec": document["spec"] | NEWER}
    produce(case, topics.config, config_key("webhook", organization, case.name), orjson.dumps(document), [])
    case.send()
    wait_for(lambda: case.receiver.requests(f"{case.path}-moved"), "a request to where the newer version says")

    asked = {"v": 1, "integration_id": case.name, "requested_by": "a test", "reason": "a newer version asks"} | NEWER
    event = encode_event(
        event_id=case.name,
        source="/skew",
        event_type=DISABLE_REQUESTED,
        organization=organization,
        integration_id=case.name,
        time=rfc3339(now_ms()),
        data=asked,
    )
    value = orjson.dumps(orjson.loads(event) | {"fromthefuture": "x"})
    key = integration_key(organization, case.name)
    produce(case, topics.integration_events, key, value, event_headers(organization, DISABLE_REQUESTED, None))
    case.wait_until_enabled(False)
