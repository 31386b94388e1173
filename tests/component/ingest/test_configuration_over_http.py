"""Resources, apply and requests to enable, over a running ingest."""

import base64
from typing import Any

import httpx
import pytest

from shared.adapters.kafka_clients import producer
from shared.adapters.settings import ServiceSettings
from shared.core.messages.integration_events import (
    ENABLE_REQUESTED,
    IntegrationEvent,
    SeenState,
    StateRequest,
    decode_integration_event,
)
from shared.core.messages.state import IntegrationState
from shared.core.resources import Resource
from shared.core.topics import integration_key
from tests.component.ingest.api_calls import (
    apply,
    link,
    on_topic,
    problem,
    put,
    webhook,
)
from tests.component.ingest.conftest import IngestProcess
from tests.waiting import wait_for


def test_a_resource_lives_from_create_to_delete(http: httpx.Client, name: str) -> None:
    path = f"/v1/webhooks/{name}"
    created = put(http, path, webhook())
    assert created.status_code == 201
    assert created.headers["location"] == path
    assert created.json()["spec"]["url"] == "https://example.com/hook"

    assert http.get(path).json() == created.json()
    assert created.json() in http.get("/v1/webhooks").json()["items"]

    assert problem(put(http, path, webhook("new")), 428) == ["If-Match"]
    assert problem(put(http, path, webhook("new"), '"999999"'), 412) == ["If-Match"]
    updated = put(http, path, webhook("new"), created.headers["etag"])
    assert updated.status_code == 200
    assert updated.json()["version"] > created.json()["version"]
    assert updated.json()["created"] == created.json()["created"]

    same = put(http, path, webhook("new"))
    assert (same.status_code, same.json()) == (200, updated.json())

    assert problem(http.delete(path, headers={"if-match": created.headers["etag"]}), 412) == ["If-Match"]
    assert http.delete(path, headers={"if-match": updated.headers["etag"]}).status_code == 204
    problem(http.get(path), 404)
    problem(http.delete(path), 404)
    problem(put(http, path, webhook("new"), updated.headers["etag"]), 412)


def test_a_version_that_is_none_is_refused(http: httpx.Client, name: str) -> None:
    assert problem(put(http, f"/v1/webhooks/{name}", webhook(), "yesterday"), 422) == ["If-Match"]


@pytest.mark.parametrize(
    ("collection", "spec", "field"),
    [
        ("webhooks", webhook(url="ftp://x"), "url"), ("webhooks", webhook(header={}), "header"), ("webhooks",
        webhook(credentials=["none"]), "credentials"), ("webhooks", webhook(headers={"Host": "x"}), "headers.Host"),
        ("notification-rules", {"name": "R", "event_type": "a b"}, "event_type"), ("notification-rules", {"name": "R",
        "event_type": "a", "condition": "data.x >"}, "condition"), ("credentials", {"kind": "magic", "name": "C"},
        "kind"), ("integrations", {"name": "I", "rule": "none", "webhook": "none"}, "rule"), ("integrations", {"name":
        "I", "rule": "r", "webhook": "w", "retry": {"delays_seconds": [0]}}, "retry.delays_seconds[0]"),
    ],
)  # fmt: skip
def test_a_bad_spec_is_refused_with_the_field(
    http: httpx.Client, name: str, collection: str, spec: dict[str, Any], field: str
) -> None:
    assert field in problem(put(http, f"/v1/{collection}/{name}", spec), 422)


@pytest.mark.parametrize("resource_id", ["Upper", "-x", "a" * 64, "a%20b"])
def test_an_id_that_is_none_is_refused(http: httpx.Client, resource_id: str) -> None:
    assert problem(put(http, f"/v1/webhooks/{resource_id}", webhook()), 422) == ["id"]


def test_a_refused_value_is_never_repeated(http: httpx.Client, name: str) -> None:
    response = put(http, f"/v1/webhooks/{name}", webhook(url="https://user:hunter2@example.com/", active="hunter2"))
    assert set(problem(response, 422)) == {"url", "active"}
    assert "hunter2" not in response.text


def test_a_secret_is_shown_once_and_stands_nowhere_in_plain(
    http: httpx.Client, ingest: IngestProcess, shared_settings: ServiceSettings, name: str
) -> None:
    path = f"/v1/credentials/{name}"
    secret = put(http, path, {"kind": "hmac", "name": "C"}).json()["secret"]
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    renamed = put(http, path, {"kind": "hmac", "name": "new"}, "*")
    for later in (put(http, path, {"kind": "hmac", "name": "new"}), http.get(path), renamed):
        assert later.status_code == 200
        assert "secret" not in later.json()
        assert "sealed" not in later.text
    key = f"credential/acme/{name}".encode()
    values = [
        each.value or b"" for each in on_topic(shared_settings, shared_settings.topics().config) if each.key == key
    ]
    first, second = (Resource.model_validate_json(value) for value in values)
    assert len(first.sealed) == 1
    assert first.sealed == second.sealed
    assert all(secret.encode() not in value for value in values)
    assert secret not in ingest.log.read_text()


def test_apply_makes_it_so_and_applying_twice_changes_nothing(http: httpx.Client, name: str) -> None:
    first = apply(http, link(name)).json()["resources"]
    assert [each["change"] for each in first] == ["created"] * 4
    assert first[3]["secret"].startswith("whsec_")
    again = apply(http, link(name)).json()["resources"]
    assert [each["change"] for each in again] == ["unchanged"] * 4
    assert [each["version"] for each in again] == [each["version"] for each in first]
    assert "secret" not in again[3]
    changed = link(name)
    changed[2]["spec"]["event_type"] = "bill.*"
    assert [each["change"] for each in apply(http, changed).json()["resources"]] == [
        "unchanged",
        "unchanged",
        "updated",
        "unchanged",
    ]


def test_apply_names_every_fault_and_then_does_nothing(http: httpx.Client, name: str) -> None:
    resources = link(name)
    resources[0]["spec"]["name"] = ""
    resources[1]["kind"] = "web-hook"
    del resources[2]["spec"]["event_type"]
    assert problem(apply(http, resources), 422) == [
        "resources[0].spec.name",
        "resources[1].kind",
        "resources[2].spec.event_type",
    ]
    problem(http.get(f"/v1/credentials/{name}"), 404)
    resources = link(name)[:2] + link(name)[3:]
    assert problem(apply(http, resources), 422) == ["resources[0].spec.rule"]
    problem(http.get(f"/v1/credentials/{name}"), 404)


def test_what_is_in_use_is_not_deleted(http: httpx.Client, name: str) -> None:
    apply(http, link(name))
    problem(http.delete(f"/v1/webhooks/{name}"), 409)
    assert http.delete(f"/v1/integrations/{name}").status_code == 204
    assert http.delete(f"/v1/webhooks/{name}").status_code == 204


def test_enabling_is_asked_for_on_the_topic(http: httpx.Client, shared_settings: ServiceSettings, name: str) -> None:
    apply(http, link(name))
    assert http.get(f"/v1/integrations/{name}").json()["state"] == {
        "configured": True,
        "authorised": True,
        "enabled": True,
        "mark": "green",
        "epoch": 0,
        "since": None,
        "reason": None,
    }
    response = http.post(f"/v1/integrations/{name}/enable", json={"reason": "mended"})
    assert (response.status_code, response.json()) == (202, {"requested": "enable"})
    [event] = asked_for(name, shared_settings)
    assert event.type == ENABLE_REQUESTED
    assert event.data == StateRequest(integration_id=name, requested_by="api-key", reason="mended")


def test_a_request_says_how_the_state_stood_when_it_was_made(
    http: httpx.Client, shared_settings: ServiceSettings, name: str
) -> None:
    apply(http, link(name))
    state = IntegrationState(
        organization="acme", integration_id=name, enabled=False, epoch=3, since_ms=1, reason="20 runs failed"
    )
    kafka = producer(shared_settings)
    kafka.send(shared_settings.topics().integration_state.name, state.encode(), integration_key("acme", name))
    kafka.close()
    path = f"/v1/integrations/{name}"
    wait_for(lambda: http.get(path).json()["state"]["epoch"] == 3, "the state is known")
    assert http.post(f"{path}/enable").status_code == 202
    [event] = asked_for(name, shared_settings)
    assert isinstance(event.data, StateRequest)
    assert event.data.seen == SeenState(enabled=False, epoch=3)


def asked_for(name: str, settings: ServiceSettings) -> list[IntegrationEvent]:
    return [
        decode_integration_event(each.value or b"")
        for each in on_topic(settings, settings.topics().integration_events)
        if each.key == integration_key("acme", name)
    ]


def test_asking_for_what_is_not_there_or_in_words_not_known_is_refused(http: httpx.Client, name: str) -> None:
    problem(http.post(f"/v1/integrations/{name}/disable"), 404)
    assert problem(http.post(f"/v1/integrations/{name}/disable", json={"why": "x"}), 422) == ["why"]
