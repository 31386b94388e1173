"""Paging, refusals and health of the query API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
from sqlalchemy import Engine

from shared.core.messages.integration_events import (
    DATA_OF,
    ENABLE_REQUESTED,
    StateRequest,
)
from tests.component.event_recorder.serving import API_KEY, got, refused, serving
from tests.unit.event_recorder import records

Store = Callable[..., None]


def pages(api: httpx.Client, path: str, key: str, between: Callable[[], None]) -> list[list[str]]:
    """Ids page by page, with ``between`` called after the first."""
    found, cursor = [], None
    while True:
        page = got(api, path, limit=3, **({"cursor": cursor} if cursor else {}))
        found.append([item[key] for item in page["items"]])
        if len(found) == 1:
            between()
        cursor = page["next"]
        if cursor is None:
            return found


def test_pages_of_runs_are_stable_while_rows_arrive(api: httpx.Client, store: Store) -> None:
    # Several have one creation time, so that the cursor must break ties.
    def arrive(*numbers: int) -> None:
        store(*(records.match(f"e-{n}", offset=n, matched_ms=records.START_MS + n // 3) for n in numbers))

    arrive(*range(10))
    expected = [run["run_id"] for run in got(api, "/v1/runs", limit=200)["items"]]
    found = pages(api, "/v1/runs", "run_id", lambda: arrive(*range(30, 40)))
    assert [run for page in found for run in page] == expected
    assert [len(page) for page in found] == [3, 3, 3, 1]


def test_pages_of_integration_events_are_stable_while_rows_arrive(api: httpx.Client, store: Store) -> None:
    def arrive(second: int) -> None:
        request = StateRequest(integration_id="i", requested_by="a key", reason="mended")
        store(
            *(
                records.integration_event(
                    ENABLE_REQUESTED,
                    request,
                    f"r-{second}-{n}",
                    offset=second * 10 + n,
                    time=f"2027-01-15T08:00:0{second}Z",
                )
                for n in range(3)
            )
        )

    arrive(1)
    arrive(2)
    found = pages(api, "/v1/integration-events", "id", lambda: arrive(3))
    assert found == [["r-2-2", "r-2-1", "r-2-0"], ["r-1-2", "r-1-1", "r-1-0"]]


@pytest.mark.parametrize(
    ("path", "field", "fix"),
    [
        ("/v1/runs?limit=0", "limit", "from 1 to 200"),
        ("/v1/runs?limit=201", "limit", "from 1 to 200"),
        ("/v1/runs?limit=ten", "limit", "from 1 to 200"),
        ("/v1/runs?cursor=nonsense", "cursor", "unchanged"),
        ("/v1/runs?cursor=", "cursor", "unchanged"),
        ("/v1/runs?status=DONE", "status", "AWAITING_RETRY"),
        ("/v1/runs?integration=Not%20One", "integration", "id of an integration"),
        ("/v1/runs?event=", "event", "id of an event"),
        ("/v1/runs?integraton=x", "integraton", "correct its name"),
        ("/v1/integration-events?type=integration.error", "type", min(DATA_OF)),
        ("/v1/integration-events?status=FAILED", "status", "correct its name"),
        ("/v1/events/e-1/trace?limit=1", "limit", "correct its name"),
    ],
)
def test_a_bad_parameter_is_named_with_its_fix(api: httpx.Client, path: str, field: str, fix: str) -> None:
    (error,) = refused(api, path, 400)["errors"]
    assert error["field"] == field
    assert fix in error["fix"]


@pytest.mark.parametrize("path", ["/v1/runs", "/v1/runs/x", "/v1/integration-events", "/v1/events/x/trace"])
@pytest.mark.parametrize("said", ["", "Bearer", API_KEY, f"Bearer {API_KEY}x", f"Bearer {API_KEY[:-1]}", "Bearer \xe9"])
def test_nothing_is_told_without_the_key(api: httpx.Client, path: str, said: str) -> None:
    answer = api.get(path, headers=[(b"Authorization", said.encode("latin-1"))])
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert answer.json()["errors"][0]["field"] == "Authorization"


def test_a_route_or_method_that_is_not_there_is_a_problem_too(api: httpx.Client) -> None:
    refused(api, "/v1/nothing", 404)
    answer = api.post("/v1/runs")
    assert (answer.status_code, answer.headers["content-type"]) == (405, "application/problem+json")


def test_a_database_without_tables_answers_come_back_later(tmp_path: Path) -> None:
    with serving(f"sqlite:///{tmp_path / 'new.db'}") as client:
        answer = client.get("/v1/runs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["title"] == "Service Unavailable"


def test_readers_do_not_wait_for_the_writer(
    api: httpx.Client, store: Store, served: tuple[Engine, httpx.Client]
) -> None:
    store(records.match())
    with served[0].begin():
        assert len(got(api, "/v1/runs")["items"]) == 1


def test_health_readiness_and_metrics_need_no_key(api: httpx.Client) -> None:
    with httpx.Client(base_url=api.base_url) as anybody:
        assert anybody.get("/healthz").json() == {"status": "ok"}
        assert anybody.get("/readyz").json() == {"status": "ready"}
        assert "hookfleet_recorder_batch_seconds" in anybody.get("/metrics").text
