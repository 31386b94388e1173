"""Calls of the HTTP API as tests make them, and what then stands on the topics."""

import json
from collections.abc import Sequence
from typing import Any

import httpx

from shared.adapters.kafka_clients import partitions_of, read, table_consumer
from shared.adapters.settings import ServiceSettings
from shared.core.cloud_events import read_record
from shared.core.records import Record
from shared.core.topics import Topic

STRUCTURED = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"


def event(event_id: str, **more: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": event_id, "source": "/shop", "type": "bill.created", **more}


def post(http: httpx.Client, document: object, content_type: str = STRUCTURED, **headers: str) -> httpx.Response:
    content = document if isinstance(document, bytes) else json.dumps(document).encode()
    return http.post("/v1/events", content=content, headers={"content-type": content_type, **headers})


def on_topic(settings: ServiceSettings, topic: Topic) -> Sequence[Record]:
    """Everything that stands on a topic now."""
    partitions = partitions_of(topic.name, topic.partitions)
    consumer = table_consumer(settings)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    ends = consumer.end_offsets(partitions)
    records: list[Record] = []
    while any(consumer.position(each) < ends[each] for each in partitions):
        records += [read(record) for batch in consumer.poll(timeout_ms=200).values() for record in batch]
    consumer.close()
    return records


def accepted_event(settings: ServiceSettings, event_id: str) -> Any:
    (found,) = [
        event
        for event in (
            read_record(each.headers, each.value) for each in on_topic(settings, settings.topics().system_events)
        )
        if event.id == event_id
    ]
    return found


def problem(response: httpx.Response, status: int) -> list[str]:
    """The fields a problem document names."""
    assert response.status_code == status, response.text
    assert response.headers["content-type"] == "application/problem+json"
    document = response.json()
    assert document["status"] == status
    assert set(document) == {"type", "title", "status", "detail", "errors"}
    return [error["field"] for error in document["errors"]]


def webhook(name: str = "W", **more: Any) -> dict[str, Any]:
    return {"name": name, "url": "https://example.com/hook", **more}


def put(http: httpx.Client, path: str, spec: object, if_match: str | None = None) -> httpx.Response:
    return http.put(path, json=spec, headers={} if if_match is None else {"if-match": if_match})


def link(name: str) -> list[dict[str, Any]]:
    return [
        {"kind": "integration", "id": name, "spec": {"name": "I", "rule": name, "webhook": name}},
        {"kind": "webhook", "id": name, "spec": webhook(credentials=[name])},
        {"kind": "notification-rule", "id": name, "spec": {"name": "R", "event_type": "*"}},
        {"kind": "credential", "id": name, "spec": {"kind": "hmac", "name": "C"}},
    ]


def apply(http: httpx.Client, resources: list[dict[str, Any]]) -> httpx.Response:
    return http.post("/v1/apply", json={"resources": resources})
