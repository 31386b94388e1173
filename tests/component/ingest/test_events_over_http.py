"""``POST /v1/events`` of a running ingest: what is answered, and what then stands on the topic."""

import base64
import json
from collections.abc import Iterator

import httpx
import pytest

from shared.adapters.settings import ServiceSettings
from tests.component.ingest.api_calls import (
    BATCH,
    STRUCTURED,
    accepted_event,
    event,
    post,
    problem,
)


@pytest.mark.parametrize("content_type", [STRUCTURED, "application/json", STRUCTURED + "; charset=utf-8"])
def test_an_accepted_event_stands_on_the_topic(
    http: httpx.Client, shared_settings: ServiceSettings, name: str, content_type: str
) -> None:
    response = post(http, event(name, data={"amount": 10}), content_type)
    assert response.status_code == 202
    assert response.json() == {"id": name, "source": "/shop", "status": "accepted"}
    found = accepted_event(shared_settings, name)
    assert (found.organization, found.data) == ("acme", {"amount": 10})


def test_binary_mode_gives_the_same_event(http: httpx.Client, shared_settings: ServiceSettings, name: str) -> None:
    attributes = {"ce-specversion": "1.0", "ce-id": name, "ce-source": "/sh%C3%B6p", "ce-type": "bill.created"}
    assert post(http, {"amount": 10}, "application/json", **attributes).status_code == 202
    found = accepted_event(shared_settings, name)
    assert (found.source, found.data) == ("/shöp", {"amount": 10})


def test_binary_mode_carries_any_payload(http: httpx.Client, shared_settings: ServiceSettings, name: str) -> None:
    attributes = {"ce-specversion": "1.0", "ce-id": name, "ce-source": "/s", "ce-type": "file.created"}
    assert post(http, b"\x00\xff", "application/octet-stream", **attributes).status_code == 202
    assert base64.b64decode(accepted_event(shared_settings, name).document["data_base64"]) == b"\x00\xff"


@pytest.mark.parametrize("content_type", [BATCH, "application/json"])
def test_a_batch_gets_a_verdict_each(
    http: httpx.Client, shared_settings: ServiceSettings, name: str, content_type: str
) -> None:
    response = post(http, [event(f"{name}-0"), {"id": f"{name}-1"}, event(f"{name}-2")], content_type)
    assert response.status_code == 202
    document = response.json()
    assert (document["accepted"], document["refused"]) == (2, 1)
    assert [each["status"] for each in document["events"]] == ["accepted", "refused", "accepted"]
    assert "[1].type" in [error["field"] for error in document["events"][1]["errors"]]
    assert accepted_event(shared_settings, f"{name}-2").id == f"{name}-2"


def test_a_batch_of_bad_events_is_refused_whole(http: httpx.Client) -> None:
    assert "[1].source" in problem(post(http, [{"id": "a"}, {"id": "b"}], BATCH), 422)


def test_a_bad_event_is_refused_with_every_fault(http: httpx.Client) -> None:
    response = post(http, {"specversion": "1.0", "id": "x", "organization": "other", "secret": {"a": 1}})
    assert set(problem(response, 422)) == {"source", "type", "organization", "secret"}


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", STRUCTURED, 400),
        (b"[{]", BATCH, 400),
        (b"{}", BATCH, 422),
        (b"x", "text/plain", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (json.dumps(event("x", data="x" * 270_000)).encode(), STRUCTURED, 413),
        (json.dumps([event(str(n)) for n in range(1_001)]).encode(), BATCH, 413),
        (b" " * (8 * 1024 * 1024 + 1), BATCH, 413),
    ],
)
def test_what_cannot_be_an_event_gets_its_own_status(
    http: httpx.Client, content: bytes, content_type: str, status: int
) -> None:
    assert problem(post(http, content, content_type), status) != []


def test_an_upload_of_unknown_length_is_bounded_too(http: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(10):
            yield b" " * 1024 * 1024

    response = http.post("/v1/events", content=endless(), headers={"content-type": BATCH})
    assert problem(response, 413) == ["(body)"]
