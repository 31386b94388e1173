"""Organizations never see each other: the other one has rows in every table, and every route is tried."""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from sqlalchemy import Engine, insert

from services.event_recorder.schema import metadata
from tests.component.event_recorder.acts_world import World
from tests.component.event_recorder.described import check_answer, document
from tests.component.event_recorder.rows import whole_row
from tests.component.event_recorder.serving import serving
from tests.component.event_recorder.tables import contents
from tests.unit.event_recorder.records import START_MS

THEIRS, NOBODYS = "theirs-alone", "nobodys"


@pytest.fixture
def theirs(engine: Engine) -> None:
    """A row of the other organization in every table."""
    with engine.begin() as connection:
        for table in metadata.sorted_tables:
            if "organization" in table.c:
                connection.execute(insert(table), whole_row(table, organization="other", text=THEIRS, ms=START_MS))


@pytest.fixture
def api(theirs: None, engine: Engine, database_url: str) -> Iterator[httpx.Client]:
    """The whole API, acts included."""
    with serving(database_url, World(engine).routers) as client:
        yield client


def named(api: httpx.Client, path: str, name: str) -> str:
    """The refusal of what has this name, without the name."""
    answer = api.get(re.sub(r"{\w+}", name, path), params={"integration": name} if path.endswith("/offer") else None)
    assert answer.status_code == 404, answer.text
    return answer.text.replace(name, "")


def test_nothing_of_another_organization_is_told_on_any_route(api: httpx.Client) -> None:
    readable = [path for path, methods in document(str(api.base_url))["paths"].items() if "get" in methods]
    assert len(readable) >= 14
    for path in readable:
        if "{" in path or path.endswith("/offer"):
            # What is another's is answered as what is nobody's.
            assert named(api, path, THEIRS) == named(api, path, NOBODYS), path
            continue
        answer = api.get(path)
        check_answer(answer)
        assert THEIRS not in answer.text, path
        assert answer.json().get("items", []) == [], path
    filters = {"/v1/runs": ("integration", "rule", "entity", "event", "origin"), "/v1/alerts": ("integration",)}
    filters |= {"/v1/integration-events": ("integration", "text"), "/v1/recent-events": ("type", "subject")}
    filters |= {"/v1/trail": ("by",)}
    for path, names in filters.items():
        for name in names:
            assert api.get(path, params={name: THEIRS}).json() == {"items": [], "next": None}, (path, name)
    assert api.get("/v1/statistics", params={"integration": THEIRS}).json()["total"]["runs"] == 0
    for latest in ("integration", "rule"):
        assert api.get("/v1/runs", params={"latest": latest}).json() == {"items": [], "next": None}


def test_nothing_of_another_organization_can_be_acted_on(api: httpx.Client, engine: Engine) -> None:
    before = contents(engine)
    acts = {
        "/v1/integration-events/acts": {"act": "actioned", "events": [{"id": THEIRS, "source": THEIRS}]},
        "/v1/alerts/acts": {"act": "resolved", "alerts": [THEIRS]},
    }
    for path, body in acts.items():
        answer = api.post(path, json=body)
        assert (answer.status_code, len(answer.json()["unknown"])) == (200, 1), answer.text
    for path in (f"/v1/runs/{THEIRS}/replay", f"/v1/replays/{THEIRS}/cancel"):
        assert api.post(path).status_code == 404
    wanted = {"integration": THEIRS, "selection": "failed", "since": "2027-01-01T00:00:00Z"}
    assert api.post("/v1/replays", json=wanted).status_code == 404
    assert contents(engine) == before
