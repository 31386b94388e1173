"""Bodies of acts that cannot be used: each is refused with what is wrong with it, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import create_engine
from starlette.testclient import TestClient

from services.event_recorder.http_api.application import create_app
from services.event_recorder.http_api.body_limit import MAX_BODY_BYTES
from services.event_recorder.queries.reader import Reader
from shared.adapters.health import Health
from tests.component.event_recorder.acts_world import World
from tests.component.event_recorder.serving import API_KEY

PATH = "/v1/alerts/acts"


@pytest.fixture
def api() -> Iterator[TestClient]:
    engine = create_engine("sqlite://")
    reader = Reader(engine, "acme")
    app = create_app(reader, Health(), API_KEY, lambda: 0, World(engine).routers(reader))
    with TestClient(app, headers={"Authorization": f"Bearer {API_KEY}", "Content-Type": "application/json"}) as client:
        yield client


@pytest.mark.parametrize(
    ("body", "status", "kind", "field"),
    [
        (b'{"act":"resolved","alerts":["' + b"x" * MAX_BODY_BYTES + b'"]}', 413, "too-large", "(body)"),
        (b'{"act"', 400, "malformed", "(body)"),
        (b"\xff", 400, "malformed", "(body)"),
        (b"[]", 422, "invalid", "(body)"),
        (b'{"act":"resolved","alerts":["a"],"by":"me"}', 422, "invalid", "by"),
        (b'{"act":"mended","alerts":["a"]}', 422, "invalid", "act"),
        (b'{"act":"resolved","alerts":["a",1]}', 422, "invalid", "alerts[1]"),
        (b'{"act":"resolved","alerts":["a","\\ud800"]}', 422, "invalid", "alerts[1]"),
        (b'{"act":"resolved","alerts":["a","\\u0000"]}', 422, "invalid", "alerts[1]"),
        (b'{"alerts":["a"]}', 422, "invalid", "act"),
    ],
)
def test_a_body_that_cannot_be_used_is_refused_with_the_field(
    api: TestClient, body: bytes, status: int, kind: str, field: str
) -> None:
    answer = api.post(PATH, content=body)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    problem = answer.json()
    assert problem["type"] == f"urn:hookfleet:problem:{kind}"
    assert [error["field"] for error in problem["errors"]] == [field]
    described = api.get("/v1/recorder/openapi.json").json()["paths"][PATH]["post"]["responses"]
    assert str(status) in described


def test_a_body_of_another_kind_is_told_what_to_send(api: TestClient) -> None:
    answer = api.post(PATH, content=b"{}", headers={"Content-Type": "text/plain"})
    assert "application/json" in answer.json()["errors"][0]["fix"]


def test_nothing_is_done_without_the_key(api: TestClient) -> None:
    paths = api.get("/v1/recorder/openapi.json").json()["paths"]
    acts = [path for path, methods in paths.items() if "post" in methods]
    assert len(acts) >= 6
    for path in acts:
        answer = api.post(path, content=b"{}", headers={"Authorization": f"Bearer {API_KEY}x"})
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
