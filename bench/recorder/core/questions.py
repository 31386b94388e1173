"""What the query API is asked, one question a listing and filter that people use. It knows ids, not answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote

from bench.recorder.core.traffic import EVENT_TYPE, SUBJECTS, event_id, integration_id, run_id
from shared.core.messages.integration_events import PERFORM_ERROR


@dataclass(frozen=True, slots=True)
class Question:
    """``path`` of one question, under a ``name`` that stands for its kind."""

    name: str
    path: str


def questions(point: int, runs: int, times: int) -> Sequence[Question]:
    """Every kind of question ``times`` times over ``runs`` of a point: each asks after another run, integration or
    subject, so that no answer is the one before."""
    found = []
    for turn in range(times):
        number = turn * 7_919 % runs
        integration = quote(integration_id(number))
        subject = quote(f"bill/{number % SUBJECTS}", safe="")
        run, event = run_id(point, number), event_id(point, number)
        found += [
            Question("runs", "/v1/runs?limit=50"),
            Question("runs of an integration", f"/v1/runs?limit=50&integration={integration}"),
            Question("runs of a rule", f"/v1/runs?limit=50&rule=rule-{number % 50}"),
            Question("runs of an entity", f"/v1/runs?limit=50&entity_type=bill&entity={subject}"),
            Question("failed runs", "/v1/runs?limit=50&status=FAILED"),
            Question("failed runs of an integration", f"/v1/runs?limit=50&status=FAILED&integration={integration}"),
            Question("runs of an event", f"/v1/runs?limit=50&event={event}"),
            Question("newest run of each integration", "/v1/runs?limit=50&latest=integration"),
            Question("one run with its exchange", f"/v1/runs/{run}"),
            Question("an event's trace", f"/v1/events/{event}/trace"),
            Question("recent events", "/v1/recent-events?limit=50"),
            Question("recent events of a type", f"/v1/recent-events?limit=50&type={EVENT_TYPE}"),
            Question("recent events of a subject", f"/v1/recent-events?limit=50&subject={subject}"),
            Question("integration events", "/v1/integration-events?limit=50"),
            Question("errors, not actioned", f"/v1/integration-events?limit=50&actioned=no&type={PERFORM_ERROR}"),
            Question("errors of an integration", f"/v1/integration-events?limit=50&integration={integration}"),
            Question("integration events by text", "/v1/integration-events?limit=50&text=failed"),
            Question("alerts", "/v1/alerts?limit=50"),
            Question("statistics of a day", "/v1/statistics"),
            Question("statistics of an integration", f"/v1/statistics?integration={integration}"),
            Question("statistics by integration", "/v1/statistics/integrations?limit=50"),
            Question("what could be replayed", f"/v1/replays/offer?integration={integration}"),
            Question("the trail", "/v1/trail?limit=50"),
        ]
    return found
