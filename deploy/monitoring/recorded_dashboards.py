"""One integration, and one organization: what the recorder knows, asked of its database.

Organizations and integrations are no labels of metrics: there may be any number of them. The recorder counts every run
once, by minute, integration, status and latency, in `run_statistics`, so that is where these dashboards ask. They ask
PostgreSQL and not the query API, because Grafana brings a PostgreSQL data source along and needs a plugin for a JSON
API, and because an API key is one organization's while an operator looks at any. Whoever may see these dashboards sees
all organizations; the database user behind them needs SELECT on the few tables named here and nothing else.

Latencies are in buckets a quarter of a doubling wide (`services/event_recorder/core/latency_buckets.py`): a percentile
is the geometric middle of its bucket, within 9.1 %.
"""

from __future__ import annotations

from deploy.monitoring.panels import Dashboard, Json, Panel, Row, Sql, chosen, data_source

_RANGE = "organization = ${organization:sqlstring} AND minute_ms BETWEEN $__from AND $__to"
_OF_INTEGRATION = f"{_RANGE} AND integration_id = ${{integration:sqlstring}}"
_STEP_MS = "GREATEST($__interval_ms, 60000)"
_SLOT = f"minute_ms - minute_ms % {_STEP_MS}"

_ORGANIZATIONS = "SELECT DISTINCT organization FROM run_statistics ORDER BY 1"
_INTEGRATIONS = (
    "SELECT DISTINCT integration_id FROM run_statistics WHERE organization = ${organization:sqlstring} ORDER BY 1"
)
_SINCE = "to_timestamp((state::jsonb ->> 'since_ms')::bigint / 1000.0)"
_NOT_DELIVERED = "status NOT IN ('COMPLETED', 'DISABLED', 'CANCELLED')"


def _sources() -> list[Json]:
    return [
        data_source("postgresql", "postgres", "Recorder's PostgreSQL"),
        chosen("organization", "Organization", _ORGANIZATIONS),
    ]


def _by_status(where: str) -> Sql:
    return Sql(
        f"""SELECT to_timestamp(({_SLOT}) / 1000.0) AS "time", status AS metric, sum(runs) AS value
FROM run_statistics WHERE {where} GROUP BY 1, 2 ORDER BY 1""",
        "time_series",
    )


def _failure_rate(where: str) -> Sql:
    return Sql(
        f"""SELECT to_timestamp(({_SLOT}) / 1000.0) AS "time",
  sum(CASE WHEN {_NOT_DELIVERED} THEN runs ELSE 0 END)::float8 / sum(runs) AS "failed"
FROM run_statistics WHERE {where} GROUP BY 1 ORDER BY 1""",
        "time_series",
    )


def _percentile(share: float) -> str:
    bucket = f"min(CASE WHEN seen >= {share} * total THEN latency_bucket END)"
    return f'power(2, ({bucket} - 0.5) / 4) / 1000 AS "p{share * 100:.0f}"'


def _latency(where: str) -> Sql:
    return Sql(
        f"""WITH counted AS (
  SELECT {_SLOT} AS slot, latency_bucket, sum(runs) AS runs
  FROM run_statistics WHERE {where} AND status = 'COMPLETED' GROUP BY 1, 2
), ranked AS (
  SELECT slot, latency_bucket, sum(runs) OVER (PARTITION BY slot ORDER BY latency_bucket) AS seen,
    sum(runs) OVER (PARTITION BY slot) AS total
  FROM counted
)
SELECT to_timestamp(slot / 1000.0) AS "time", {_percentile(0.5)}, {_percentile(0.95)}, {_percentile(0.99)}
FROM ranked GROUP BY slot ORDER BY 1""",
        "time_series",
    )


def _curves(where: str) -> Row:
    return Row(
        "Runs",
        [
            Panel("timeseries", "Runs that ended", "By how.", "short", [_by_status(where)], stacked=True),
            Panel(
                "timeseries",
                "Share that failed",
                "Of all runs that ended; DISABLED and CANCELLED are no failures.",
                "percentunit",
                [_failure_rate(where)],
            ),
            Panel(
                "timeseries",
                "Delivery, end to end",
                "From acceptance to the end of runs that were delivered, retries included; within 9.1 %.",
                "s",
                [_latency(where)],
            ),
        ],
    )


def integration_dashboard() -> Json:
    """Grafana's document."""
    state = Sql(
        f"""SELECT state::jsonb ->> 'enabled' AS enabled, {_SINCE} AS since, state::jsonb ->> 'reason' AS reason
FROM integration_states
WHERE organization = ${{organization:sqlstring}} AND integration_id = ${{integration:sqlstring}}""",
        "table",
    )
    failed = Sql(
        f"""SELECT to_timestamp(ended_ms / 1000.0) AS ended, status, event_type, event_subject, attempts, error, run_id
FROM runs WHERE organization = ${{organization:sqlstring}} AND integration_id = ${{integration:sqlstring}}
  AND created_ms BETWEEN $__from AND $__to AND ended_ms IS NOT NULL AND {_NOT_DELIVERED}
ORDER BY created_ms DESC LIMIT 50""",
        "table",
    )
    waiting = Sql(
        """SELECT to_timestamp(accepted_ms / 1000.0) AS accepted, status, attempts,
  to_timestamp(retry_due_ms / 1000.0) AS due, event_type, run_id
FROM runs WHERE organization = ${organization:sqlstring} AND integration_id = ${integration:sqlstring}
  AND created_ms BETWEEN $__from AND $__to AND ended_ms IS NULL
ORDER BY created_ms LIMIT 50""",
        "table",
    )
    return Dashboard(
        uid="hookfleet-integration",
        title="Hookfleet: one integration",
        description="How the runs of one integration end, how long they take, and which failed last.",
        variables=[*_sources(), chosen("integration", "Integration", _INTEGRATIONS)],
        rows=[
            _curves(_OF_INTEGRATION),
            Row(
                "Now",
                [
                    Panel("table", "State", "None: never disabled nor enabled by hand.", "short", [state]),
                    Panel("table", "Runs that have not ended", "The oldest first.", "short", [waiting], width=16),
                ],
            ),
            Row("Failed", [Panel("table", "Failed runs", "The newest first.", "short", [failed], width=24, height=12)]),
        ],
    ).document()


def organization_dashboard() -> Json:
    """Grafana's document."""
    integrations = Sql(
        f"""WITH counted AS (
  SELECT integration_id, latency_bucket, status, sum(runs) AS runs
  FROM run_statistics WHERE {_RANGE} GROUP BY 1, 2, 3
), ended AS (
  SELECT integration_id, sum(runs) AS runs,
    sum(CASE WHEN {_NOT_DELIVERED} THEN runs ELSE 0 END) AS failed,
    sum(CASE WHEN status = 'DISABLED' THEN runs ELSE 0 END) AS missed
  FROM counted GROUP BY 1
), ranked AS (
  SELECT integration_id, latency_bucket,
    sum(runs) OVER (PARTITION BY integration_id ORDER BY latency_bucket) AS seen,
    sum(runs) OVER (PARTITION BY integration_id) AS total
  FROM counted WHERE status = 'COMPLETED'
), percentiles AS (
  SELECT integration_id, {_percentile(0.5)}, {_percentile(0.95)} FROM ranked GROUP BY 1
)
SELECT integration_id AS integration, runs, failed, failed::float8 / runs AS "share failed", missed AS "while disabled",
  "p50", "p95"
FROM ended LEFT JOIN percentiles USING (integration_id) ORDER BY failed DESC, runs DESC LIMIT 200""",
        "table",
    )
    disabled = Sql(
        f"""SELECT integration_id AS integration, {_SINCE} AS since, state::jsonb ->> 'reason' AS reason
FROM integration_states
WHERE organization = ${{organization:sqlstring}} AND state::jsonb ->> 'enabled' = 'false' ORDER BY 2 DESC""",
        "table",
    )
    alerts = Sql(
        """SELECT severity, type, integration_id AS integration, description, to_timestamp(last_ms / 1000.0) AS last,
  CASE WHEN status_set IS NULL OR last_ms > status_ms THEN 'NEW' ELSE status_set END AS status
FROM alerts WHERE organization = ${organization:sqlstring} AND last_ms BETWEEN $__from AND $__to
ORDER BY last_ms DESC LIMIT 100""",
        "table",
    )
    return Dashboard(
        uid="hookfleet-organization",
        title="Hookfleet: one organization",
        description="How the runs of one organization end, by integration, and what it was alerted of.",
        variables=_sources(),
        since="now-24h",
        rows=[
            _curves(_RANGE),
            Row(
                "Integrations",
                [
                    Panel("table", "By integration", "Most failures first.", "short", [integrations], 24, 10),
                    Panel("table", "Disabled now", "Their runs are sent to nobody.", "short", [disabled], 8),
                    Panel("table", "Alerts of the organization", "The newest first.", "short", [alerts], 16),
                ],
            ),
        ],
    ).document()
