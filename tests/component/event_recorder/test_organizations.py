"""Organizations never see each other: the other one has rows in every table, and every route is tried."""

from __future__ import annotations

import httpx
from sqlalchemy import Engine, insert

from services.event_recorder.schema import metadata
from tests.component.event_recorder.described import document
from tests.component.event_recorder.rows import whole_row
from tests.unit.event_recorder.records import START_MS

THEIRS = "theirs-alone"


def test_nothing_of_another_organization_is_told_on_any_route(
    api: httpx.Client, served: tuple[Engine, httpx.Client]
) -> None:
    with served[0].begin() as connection:
        for table in metadata.sorted_tables:
            if "organization" in table.c:
                connection.execute(insert(table), whole_row(table, organization="other", text=THEIRS, ms=START_MS))
    readable = [path for path, methods in document(str(api.base_url))["paths"].items() if "get" in methods]
    assert len(readable) >= 9
    for path in readable:
        variables = path.count("{")
        asked = path.format(run_id=THEIRS, event_id=THEIRS, replay_id=THEIRS) if variables else path
        answer = api.get(asked, params={"integration": THEIRS} if path.endswith("/offer") else None)
        assert answer.status_code == (404 if variables else 200), (path, answer.text)
        assert THEIRS not in answer.text.replace(asked, ""), path
        if "items" in answer.json():
            assert answer.json()["items"] == [], path
    filters = {"/v1/runs": ("integration", "rule", "entity", "event", "origin"), "/v1/alerts": ("integration",)}
    filters |= {"/v1/integration-events": ("integration", "text"), "/v1/recent-events": ("type", "subject")}
    filters |= {"/v1/trail": ("act", "by")}
    for path, names in filters.items():
        for name in names:
            assert api.get(path, params={name: THEIRS}).json() == {"items": [], "next": None}, (path, name)
    assert api.get("/v1/statistics", params={"integration": THEIRS}).json()["total"]["runs"] == 0
    for latest in ("integration", "rule"):
        assert api.get("/v1/runs", params={"latest": latest}).json() == {"items": [], "next": None}
