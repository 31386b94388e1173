"""Refusals and health of the query API."""

from __future__ import annotations

from collections.abc import Callable

import httpx
import pytest
from sqlalchemy import Engine

from shared.core.messages.integration_events import DATA_OF
from tests.component.event_recorder.described import check_answer, document
from tests.component.event_recorder.serving import API_KEY, got, refused, serving
from tests.unit.event_recorder import records

Store = Callable[..., None]


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
        ("/v1/runs?since=yesterday", "since", "RFC 3339"),
        ("/v1/runs?since=2027-01-15T08:00:00", "since", "RFC 3339"),
        ("/v1/runs?until=2027-01-15T08:00:00Z&since=2027-01-15T08:00:00Z", "until", "after since"),
        ("/v1/runs?trigger=chance", "trigger", "replay"),
        ("/v1/runs?event=%00", "event", "id of an event"),
        ("/v1/runs?latest=webhook", "latest", "'integration' or 'rule'"),
        ("/v1/runs?latest=rule&status=FAILED", "status", "leave one of the two out"),
        ("/v1/runs?latest=rule&cursor=%20", "cursor", "unchanged"),
        ("/v1/recent-events?cursor=WzEsImEiXQ", "cursor", "unchanged"),
        ("/v1/integration-events?actioned=maybe", "actioned", "'no', 'yes' or 'all'"),
        ("/v1/integration-events?text=%20", "text", "1 to 8 words"),
        ("/v1/alerts?severity=BAD", "severity", "WARN"),
        ("/v1/alerts?status=OLD", "status", "IN PROGRESS"),
        ("/v1/alerts?type=integration.error", "type", min(DATA_OF)),
        ("/v1/trail?act=seen", "act", "'manually-resolved'"),
        ("/v1/statistics?step=second", "step", "'hour'"),
        ("/v1/statistics?step=minute&since=2027-01-01T00:00:00Z", "step", "1500 steps"),
        ("/v1/statistics?since=2099-01-01T00:00:00Z", "since", "before now"),
        ("/v1/statistics/integrations?cursor=%20", "cursor", "unchanged"),
    ],
)
def test_a_bad_parameter_is_named_with_its_fix(api: httpx.Client, path: str, field: str, fix: str) -> None:
    problem = refused(api, path, 422)
    assert problem["type"] == "urn:hookfleet:problem:invalid"
    (error,) = problem["errors"]
    assert error["field"] == field
    assert fix in error["fix"]


@pytest.mark.parametrize("said", ["", "Bearer", API_KEY, f"Bearer {API_KEY}x", f"Bearer {API_KEY[:-1]}", "Bearer \xe9"])
def test_nothing_is_told_without_the_key(api: httpx.Client, said: str) -> None:
    for path, methods in document(str(api.base_url))["paths"].items():
        for method in methods:
            answer = api.request(method, path, headers=[(b"Authorization", said.encode("latin-1"))])
            assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer"), path
            assert answer.json()["errors"][0]["field"] == "Authorization"
            check_answer(answer)


@pytest.mark.parametrize("path", ["/v1/runs/%00", "/v1/runs/%F0%9F%92%A9%27%22", "/v1/events/a%00b/trace"])
def test_an_id_that_nothing_can_have_is_not_found(api: httpx.Client, path: str) -> None:
    assert refused(api, path, 404)["type"] == "urn:hookfleet:problem:not-found"


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [("GET", "/v1/nothing", 404, "not-found"), ("POST", "/v1/runs", 405, "method-not-allowed")],
)
def test_a_route_or_method_that_is_not_there_is_a_problem_too(
    api: httpx.Client, method: str, path: str, status: int, kind: str
) -> None:
    answer = api.request(method, path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    assert answer.json()["type"] == f"urn:hookfleet:problem:{kind}"


def test_a_database_without_tables_answers_come_back_later(empty_database_url: str) -> None:
    with serving(empty_database_url) as client:
        answer = client.get("/v1/runs")
        check_answer(answer)
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert answer.json()["type"] == "urn:hookfleet:problem:unavailable"


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
