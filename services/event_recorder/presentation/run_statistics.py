"""Statistics of runs: counts, failure rate, throughput and latency percentiles, by time or by integration."""

from enum import StrEnum

from pydantic import ConfigDict, Field

from services.event_recorder.core.tallies import Tally
from services.event_recorder.presentation.answers import Answer, Document, Next, Time
from services.event_recorder.queries.run_statistics import IntegrationTallies
from shared.adapters.clock import rfc3339

_FIGURES_EXAMPLE: Document = {
    "runs": 7200,
    "completed": 7190,
    "failed": 10,
    "other": 0,
    "failure_rate": 0.0014,
    "throughput_per_second": 2.0,
    "latency_seconds": {"p50": 0.011, "p95": 0.034, "p99": 0.21},
}


class Step(StrEnum):
    """How long one bucket is; days begin at midnight UTC."""

    MINUTE = "minute"
    HOUR = "hour"
    DAY = "day"

    @property
    def ms(self) -> int:
        """In milliseconds."""
        return {Step.MINUTE: 60_000, Step.HOUR: 3_600_000, Step.DAY: 86_400_000}[self]


class Latency(Answer):
    """Seconds from acceptance to the end of completed runs; null when none completed."""

    p50: float | None
    p95: float | None
    p99: float | None


class Figures(Answer):
    """How runs ended in a time."""

    model_config = ConfigDict(json_schema_extra={"example": _FIGURES_EXAMPLE})

    runs: int = Field(description="runs that ended")
    completed: int
    failed: int = Field(description="FAILED, AUTH_FAILED, TIMED_OUT and COMPLETED_WITH_ERRORS")
    other: int = Field(description="DISABLED and CANCELLED: not tried")
    failure_rate: float | None = Field(description="failed / (completed + failed); null when none was tried")
    throughput_per_second: float = Field(description="runs that ended, per second of the time that has passed")
    latency_seconds: Latency


class Bucket(Figures):
    """What ended from ``start`` on, for one step."""

    model_config = ConfigDict(json_schema_extra={"example": {"start": "2027-01-15T08:00:00.000Z", **_FIGURES_EXAMPLE}})

    start: Time


class StatisticsAnswer(Answer):
    """Every step of the time, oldest first, and all of it together."""

    since: Time
    until: Time
    step: Step
    buckets: list[Bucket]
    total: Figures


class IntegrationFigures(Figures):
    """One integration's."""

    model_config = ConfigDict(json_schema_extra={"example": {"integration_id": "bills-to-erp", **_FIGURES_EXAMPLE}})

    integration_id: str
    integration_name: str | None = Field(default=None, description="left out once the integration is deleted")


class IntegrationStatisticsAnswer(Answer):
    """A page of integrations by id."""

    since: Time
    until: Time
    items: list[IntegrationFigures]
    next: Next


def statistics_document(tallies: dict[int, Tally], since_ms: int, until_ms: int, step: Step) -> Document:
    """Buckets from ``since_ms`` on, which is the start of one; the last may be cut short by ``until_ms``."""
    total = Tally()
    buckets = []
    for start_ms in range(since_ms, until_ms, step.ms):
        tally = tallies.get(start_ms, Tally())
        total.add_all(tally)
        span_ms = min(start_ms + step.ms, until_ms) - start_ms
        buckets.append({"start": rfc3339(start_ms), **_figures(tally, span_ms)})
    return {
        "since": rfc3339(since_ms),
        "until": rfc3339(until_ms),
        "step": step,
        "buckets": buckets,
        "total": _figures(total, until_ms - since_ms),
    }


def integration_statistics_document(page: IntegrationTallies, since_ms: int, until_ms: int) -> Document:
    """One line an integration."""
    items = []
    for integration_id, tally in page.tallies.items():
        named = {"integration_name": page.names[integration_id]} if integration_id in page.names else {}
        items.append({"integration_id": integration_id, **named, **_figures(tally, until_ms - since_ms)})
    return {"since": rfc3339(since_ms), "until": rfc3339(until_ms), "items": items, "next": page.next}


def _figures(tally: Tally, span_ms: int) -> Document:
    rate = tally.failure_rate
    return {
        "runs": tally.runs,
        "completed": tally.completed,
        "failed": tally.failed,
        "other": tally.other,
        "failure_rate": None if rate is None else round(rate, 6),
        "throughput_per_second": round(tally.runs / (span_ms / 1000), 6),
        "latency_seconds": {f"p{share}": tally.latency_seconds(share / 100) for share in (50, 95, 99)},
    }
