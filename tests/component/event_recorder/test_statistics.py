"""Statistics over time and by integration, from the counts by the minute."""

from __future__ import annotations

from typing import Any

import httpx
from sqlalchemy import Engine

from services.event_recorder import schema
from services.event_recorder.core.latency_buckets import bucket_of
from tests.component.event_recorder.rows import insert
from tests.component.event_recorder.serving import NOW_MS, got
from tests.unit.event_recorder.records import START_MS

Served = tuple[Engine, httpx.Client]
MINUTE, HOUR = 60_000, 3_600_000
NOTHING = {
    "runs": 0,
    "completed": 0,
    "failed": 0,
    "other": 0,
    "failure_rate": None,
    "throughput_per_second": 0.0,
    "latency_seconds": {"p50": None, "p95": None, "p99": None},
}


def count(minute_ms: int, status: str, runs: int, latency_ms: int = 0, integration_id: str = "i-1") -> dict[str, Any]:
    return {
        "minute_ms": minute_ms,
        "integration_id": integration_id,
        "status": status,
        "latency_bucket": bucket_of(latency_ms),
        "runs": runs,
    }


def test_statistics_tell_how_many_how_well_and_how_fast(api: httpx.Client, served: Served) -> None:
    insert(
        served[0],
        schema.run_statistics,
        [
            count(START_MS, "COMPLETED", 90, 100),
            count(START_MS + MINUTE, "COMPLETED", 10, 1_000),
            count(START_MS, "FAILED", 20),
            count(START_MS, "TIMED_OUT", 5),
            count(START_MS, "DISABLED", 3),
            count(START_MS + HOUR, "COMPLETED", 1, 5, "i-2"),
        ],
    )
    answer = got(api, "/v1/statistics", since="2027-01-15T08:20:00Z", until="2027-01-15T10:00:00Z")
    assert (answer["since"], answer["until"]) == ("2027-01-15T08:00:00.000Z", "2027-01-15T10:00:00.000Z")
    first, second = answer["buckets"]
    latency = first.pop("latency_seconds")
    assert first == {
        "start": "2027-01-15T08:00:00.000Z",
        "runs": 128,
        "completed": 100,
        "failed": 25,
        "other": 3,
        "failure_rate": 0.2,
        "throughput_per_second": round(128 / 3600, 6),
    }
    assert abs(latency["p50"] / 0.1 - 1) < 0.1
    assert abs(latency["p95"] / 1.0 - 1) < 0.1
    assert (second["start"], second["runs"]) == ("2027-01-15T09:00:00.000Z", 1)
    assert (answer["total"]["runs"], answer["total"]["throughput_per_second"]) == (129, round(129 / 7200, 6))
    alone = got(api, "/v1/statistics", integration="i-2", step="minute", until="2027-01-15T09:01:00Z")
    assert alone["total"]["runs"] == 1


def test_the_last_day_is_told_by_the_hour_unless_asked_otherwise(api: httpx.Client, served: Served) -> None:
    insert(served[0], schema.run_statistics, [count(START_MS, "COMPLETED", 60, 10)])
    answer = got(api, "/v1/statistics")
    assert (answer["until"], answer["step"], len(answer["buckets"])) == ("2027-01-15T09:00:00.000Z", "hour", 24)
    assert [bucket["runs"] for bucket in answer["buckets"]] == [0] * 23 + [60]
    assert {key: said for key, said in answer["buckets"][0].items() if key != "start"} == NOTHING


def test_throughput_counts_only_the_time_that_has_passed(api: httpx.Client, served: Served) -> None:
    insert(served[0], schema.run_statistics, [count(NOW_MS - MINUTE, "COMPLETED", 60, 10)])
    answer = got(api, "/v1/statistics", step="day", since="2027-01-15T00:00:00Z")
    (today,) = answer["buckets"]
    assert (today["start"], today["throughput_per_second"]) == ("2027-01-15T00:00:00.000Z", round(60 / (9 * 3600), 6))


def test_every_integration_has_a_line_also_one_that_did_not_run(api: httpx.Client, served: Served) -> None:
    known = {"organization": "acme", "kind": "integration", "version": 1}
    gone, here = known | {"spec": None}, known | {"spec": '{"name":"Here"}'}
    with served[0].begin() as connection:
        connection.execute(schema.resources.insert(), [here | {"id": "a"}, here | {"id": "b"}, gone | {"id": "c"}])
        connection.execute(schema.resources.insert(), [gone | {"id": "d"}])
    insert(served[0], schema.run_statistics, [count(NOW_MS - HOUR, "FAILED", 2, 0, each) for each in "bc"])
    first = got(api, "/v1/statistics/integrations", limit=2)
    assert first["items"] == [
        {"integration_id": "a", "integration_name": "Here", **NOTHING},
        {
            "integration_id": "b",
            "integration_name": "Here",
            **NOTHING,
            "runs": 2,
            "failed": 2,
            "failure_rate": 1.0,
            "throughput_per_second": round(2 / 86400, 6),
        },
    ]
    second = got(api, "/v1/statistics/integrations", limit=2, cursor=first["next"])
    assert ([item["integration_id"] for item in second["items"]], second["next"]) == (["c"], None)
