"""Every version of every message stays readable: what once stood on a topic means the same when it is written again.

Samples are never edited. A new version of a message, or a new kind, comes with a sample of its own beside the old ones.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared.core import cloud_events
from shared.core.dead_letters import DeadLetter, read_entry
from shared.core.messages.delivery import DUE_HEADER, decode_delivery
from shared.core.messages.delivery_bundle import BUNDLE_HEADER, Waiting, packed, unpacked
from shared.core.messages.integration_events import DATA_OF, decode_integration_event
from shared.core.messages.run_log import MatchRecord, decode_run_log
from shared.core.messages.state import IntegrationState
from shared.core.records import OutRecord, Record
from shared.core.resources import Kind, Resource
from shared.core.topics import (
    config_key,
    delivery_key,
    integration_key,
    match_key,
    ordering_key,
    run_key,
    system_event_key,
    topics,
)

FOLDER = Path(__file__).parent / "samples"
NAMES = sorted(file.name.removesuffix(".json") for file in FOLDER.glob("*.json"))


@dataclass(frozen=True)
class Sample:
    """A record as a file: texts for bytes; the value is JSON where the record holds JSON. Of a bundle it is bytes in
    base64 and, beside them, what they say."""

    topic: str
    key: str
    headers: list[tuple[str, str]]
    value: Any

    @property
    def header_bytes(self) -> list[tuple[str, bytes]]:
        return [(name, text.encode()) for name, text in self.headers]

    @property
    def value_bytes(self) -> bytes:
        return self.value.encode() if isinstance(self.value, str) else json.dumps(self.value).encode()


def sample(name: str) -> Sample:
    document = json.loads((FOLDER / f"{name}.json").read_text())
    headers = [(name, text) for name, text in document["headers"]]
    return Sample(document["topic"], document["key"], headers, document["value"])


Texts = list[tuple[str, str]]


def texts(headers: list[tuple[str, bytes]]) -> Texts:
    return [(name, raw.decode()) for name, raw in headers]


Meaning = tuple[bytes, Any, Texts | None]
"""Key, value and headers as this version would write them; headers are None where none are ours to write."""


def system_event(of: Sample) -> Meaning:
    event = cloud_events.read_record(dict(of.header_bytes), of.value_bytes)
    key = system_event_key(event.organization, event.subject, event.id)
    if of.value != json.loads(event.encode()):
        # Binary mode: attributes are headers, the payload is the value.
        attributes = {name: said for name, said in event.document.items() if name != "data"}
        content_type = attributes.pop("datacontenttype")
        headers = [(f"ce_{name}", said) for name, said in attributes.items()]
        return key, event.data, [*headers, ("content-type", content_type)]
    return key, json.loads(event.encode()), None


def resource(of: Sample) -> Meaning:
    read = Resource.model_validate_json(of.value_bytes)
    return config_key(read.kind, read.organization, read.id), json.loads(read.encode()), None


def state(of: Sample) -> Meaning:
    read = IntegrationState.model_validate_json(of.value_bytes)
    return integration_key(read.organization, read.integration_id), json.loads(read.encode()), None


def delivery(of: Sample) -> Meaning:
    headers = dict(of.header_bytes)
    request = decode_delivery(headers)
    due = headers.get(DUE_HEADER)
    key = delivery_key(request.organization, request.integration_id, request.shard)
    return key, of.value, texts(request.headers(None if due is None else int(due)))


def waiting(of: Sample) -> Meaning:
    return bundle(of) if BUNDLE_HEADER in dict(of.headers) else delivery(of)


def bundle(of: Sample) -> Meaning:
    value = base64.b64decode(of.value["base64"])
    runs = unpacked(Record(of.topic, 0, 0, of.key.encode(), value, tuple(of.header_bytes), 0))
    again = [OutRecord(of.topic, of.key.encode(), run.value, list(run.headers)) for run in runs]
    (written,) = packed(again, {of.topic})
    said = {"base64": base64.b64encode(written.value or b"").decode(), "runs": [run_in_bundle(run) for run in runs]}
    return written.key, said, texts(written.headers)


def run_in_bundle(run: Waiting) -> dict[str, Any]:
    headers = dict(run.headers)
    request = decode_delivery(headers)
    return {"headers": texts(request.headers(int(headers[DUE_HEADER]))), "value": json.loads(run.value)}


def ordered_delivery(of: Sample) -> Meaning:
    request = decode_delivery(dict(of.header_bytes))
    key = ordering_key(request.organization, request.integration_id, request.event.subject)
    return key, of.value, texts(request.headers())


def run_log(of: Sample) -> Meaning:
    read = decode_run_log(of.value_bytes)
    if isinstance(read, MatchRecord):
        key = match_key(read.organization, read.event.id)
    else:
        key = run_key(read.run.organization, read.run.run_id)
    return key, json.loads(read.encode()), None


def integration_event(of: Sample) -> Meaning:
    read = decode_integration_event(of.value_bytes)
    return read.key, json.loads(read.encode()), texts(read.headers())


def dead_letter(of: Sample) -> Meaning:
    read = read_entry(of.header_bytes, of.value_bytes)
    value = (read.value or b"").decode() if isinstance(read, DeadLetter) else None
    return read.record_key(), value, texts(read.headers())


READ: dict[str, Callable[[Sample], Meaning]] = {
    "system_events": system_event,
    "config": resource,
    "integration_state": state,
    "deliveries": delivery,
    "retry": waiting,
    "deliveries_ordered": ordered_delivery,
    "run_log": run_log,
    "integration_events": integration_event,
    "dead_letters": dead_letter,
}


def still_says(written: Any, frozen: Any) -> bool:
    """Whether everything frozen stands in what is written now; that may say more, in fields a message has gained."""
    if isinstance(frozen, dict):
        return isinstance(written, dict) and all(
            name in written and still_says(written[name], said) for name, said in frozen.items()
        )
    if isinstance(frozen, list | tuple):
        return len(written) == len(frozen) and all(map(still_says, written, frozen))
    if written == frozen:
        return True
    try:
        return still_says(json.loads(written), json.loads(frozen))
    except (TypeError, ValueError):
        return False


@pytest.mark.parametrize("name", NAMES)
def test_a_sample_means_the_same_when_it_is_written_again(name: str) -> None:
    frozen = sample(name)
    key, value, headers = READ[frozen.topic](frozen)
    assert key.decode() == frozen.key
    assert still_says(value, frozen.value), value
    assert headers is None or still_says(sorted(headers), sorted(frozen.headers)), headers


@pytest.mark.parametrize(
    ("written", "says_it"),
    [
        ({"a": [{"b": 1, "new": 0}]}, True),
        ({"a": [{"b": 2}]}, False),
        ({"a": [{}]}, False),
        ({"a": [{"b": 1}, {"b": 1}]}, False),
        ({}, False),
        ('{"a": [{"b": 1, "new": 0}]}', False),
    ],
)
def test_a_field_may_be_gained_and_none_lost_or_changed(written: Any, says_it: bool) -> None:
    assert still_says(written, {"a": [{"b": 1}]}) is says_it


def with_a_stranger(value: Any) -> Any:
    """The JSON with an unknown field in every object."""
    if isinstance(value, dict):
        return {name: with_a_stranger(said) for name, said in value.items()} | {"fromthefuture": 1}
    return [with_a_stranger(each) for each in value] if isinstance(value, list) else value


#: Here every field is ours; elsewhere strangers are the producer's own and are kept.
OURS = [name for name in NAMES if sample(name).topic in {"config", "integration_state", "run_log"}]


@pytest.mark.parametrize("name", OURS)
def test_fields_of_a_newer_writer_are_skipped(name: str) -> None:
    frozen = sample(name)
    if name.startswith("v1.config.webhook"):
        # A webhook's headers are a map, not a form: every name in it is meant.
        frozen.value["spec"].pop("headers")
    if name == "v1.config.integration.native":
        # So are a template's headers and parameters.
        del frozen.value["spec"]["request"]["headers"], frozen.value["spec"]["request"]["query"]
    newer = Sample(frozen.topic, frozen.key, frozen.headers, with_a_stranger(frozen.value))
    _, value, _ = READ[frozen.topic](newer)
    assert value == READ[frozen.topic](frozen)[1]


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("v1.delivery")])
def test_a_delivery_of_a_newer_writer_is_read_without_what_it_knows_more(name: str) -> None:
    headers = dict(sample(name).header_bytes)
    newer = json.dumps(with_a_stranger(json.loads(headers["delivery"]))).encode()
    assert decode_delivery(headers | {"delivery": newer, "fromthefuture": b"1"}) == decode_delivery(headers)


@pytest.mark.parametrize("name", [name for name in NAMES if name.startswith("v1.integration-event")])
def test_an_integration_event_of_a_newer_writer_is_read_without_what_it_knows_more(name: str) -> None:
    value = sample(name).value
    newer = with_a_stranger(value["data"])
    read = decode_integration_event(json.dumps(value | {"data": newer, "fromthefuture": "1"}).encode())
    assert read == decode_integration_event(json.dumps(value).encode())


def test_every_kind_of_message_has_a_sample() -> None:
    wanted = {f"v1.config.{kind}" for kind in Kind}
    wanted |= {f"v1.integration-event.{kind}" for kind in DATA_OF}
    wanted |= {f"v1.run-log.{kind}" for kind in ("match", "attempt", "skip")}
    wanted |= {"v1.system-event.structured", "v1.system-event.binary", "v1.integration-state"}
    wanted |= {"v1.delivery", "v1.delivery.waiting", "v1.delivery.ordered", "v1.delivery.replay", "v1.bundle"}
    wanted |= {"v1.dead-letter", "v1.dead-letter.replay"}
    assert wanted <= set(NAMES)


def test_every_topic_has_a_sample() -> None:
    # Retries whose time has come have the form of deliveries; the disabler's table is no message to anybody.
    without = {"deliveries_due", "disabler_streaks"}
    fields = set(topics("", 1).__dataclass_fields__) - without
    assert {sample(name).topic for name in NAMES} == fields
