"""The fleet at a glance: what it promises, what passes through it, what waits, what it stands on. Prometheus alone."""

from __future__ import annotations

from deploy.monitoring.panels import Dashboard, Json, Panel, PromQL, Row, data_source

_QUANTILES = (0.5, 0.95, 0.99)


def _quantiles(histogram: str, by: str = "") -> list[PromQL]:
    return [
        PromQL(
            f"histogram_quantile({share}, sum by (le) (rate({histogram}_bucket{by}[$__rate_interval])))",
            f"p{share * 100:.0f}",
        )
        for share in _QUANTILES
    ]


def _rate(counter: str, by: str = "", where: str = "") -> str:
    rate = f"rate({counter}{where}[$__rate_interval])"
    return f"sum by ({by}) ({rate})" if by else f"sum({rate})"


def _lines(title: str, description: str, unit: str, *queries: PromQL, stacked: bool = False) -> Panel:
    return Panel("timeseries", title, description, unit, queries, stacked=stacked)


def fleet_dashboard() -> Json:
    """Grafana's document."""
    return Dashboard(
        uid="hookfleet-fleet",
        title="Hookfleet: the fleet",
        description="What the fleet promises, what passes through it, what waits, and what it stands on.",
        variables=[data_source("prometheus", "prometheus", "Prometheus")],
        rows=[_promises(), _traffic(), _waiting(), _record(), _health()],
    ).document()


def _promises() -> Row:
    def stat(title: str, description: str, unit: str, expression: str, bad: float) -> Panel:
        return Panel("stat", title, description, unit, [PromQL(expression, title)], width=4, height=4, bad=bad)

    return Row(
        "Promises",
        [
            stat(
                "Late deliveries, 1 h",
                "Share of deliveries that waited for nothing but us and took more than 30 s; 0.1 % is promised.",
                "percentunit",
                "hookfleet:deliveries_late:ratio_rate1h",
                0.0144,
            ),
            stat(
                "Attempts that fail",
                "Of all attempts in five minutes. Receivers' faults mostly.",
                "percentunit",
                "hookfleet:attempts_failed:ratio_rate5m",
                0.5,
            ),
            stat(
                "Oldest work overdue",
                "How long the oldest work has been due, without the recorder's and strict order.",
                "s",
                'max(hookfleet:work_overdue_seconds:max{group!~".*hookfleet-recorder", topic!~".*deliveries-ordered"})',
                300,
            ),
            stat(
                "Dead letters, 24 h",
                "Records set aside as unreadable, or because our own code failed on them.",
                "short",
                "sum(increase(hookfleet_dead_letters_total[24h]))",
                1,
            ),
            stat(
                "Disabled integrations",
                "In all organizations.",
                "short",
                "max(hookfleet_integrations_disabled)",
                1,
            ),
            stat(
                "Alerts",
                "Firing now.",
                "short",
                'count(ALERTS{alertname=~"Hookfleet.*", alertstate="firing"}) or vector(0)',
                1,
            ),
        ],
    )


def _traffic() -> Row:
    return Row(
        "What passes through",
        [
            _lines(
                "Events",
                "Accepted over HTTP, refused, and matched; what producers put on the topic themselves is only matched.",
                "cps",
                PromQL(_rate("hookfleet_events_accepted_total"), "accepted"),
                PromQL(_rate("hookfleet_events_refused_total"), "refused"),
                PromQL(_rate("hookfleet_quota_refusals_total"), "requests beyond a quota"),
                PromQL(_rate("hookfleet_events_matched_total", "fired"), "matched, fired: {{fired}}"),
                PromQL(_rate("hookfleet_runs_created_total"), "runs created"),
            ),
            _lines(
                "Attempts by outcome",
                "Success, or the error the run would end with.",
                "cps",
                PromQL(_rate("hookfleet_attempts_total", "outcome"), "{{outcome}}"),
                PromQL(_rate("hookfleet_runs_skipped_total", "status"), "not attempted: {{status}}"),
                stacked=True,
            ),
            _lines(
                "Delivery, end to end",
                "From acceptance to a 2xx, of runs that were neither retried nor put off.",
                "s",
                *_quantiles("hookfleet_delivery_seconds", '{waited="no"}'),
            ),
            _lines(
                "Duration of an exchange",
                "One HTTP request to a receiver, connect to last byte.",
                "s",
                *_quantiles("hookfleet_attempt_seconds"),
            ),
            _lines(
                "Under way",
                "Requests on the wire, and runs held in memory until their turn comes.",
                "short",
                PromQL("sum(hookfleet_requests_in_flight)", "in flight"),
                PromQL("sum(hookfleet_runs_held)", "held"),
                PromQL("sum(hookfleet_receiver_window_requests)", "allowed by all windows"),
                PromQL("min(hookfleet_receiver_window_smallest_requests)", "smallest window"),
            ),
            _lines(
                "Receivers by window",
                "Open takes more requests, full takes no more now, troubled did not answer the last time.",
                "short",
                PromQL("sum by (state) (hookfleet_receiver_windows)", "{{state}}"),
                stacked=True,
            ),
        ],
    )


def _waiting() -> Row:
    return Row(
        "What waits",
        [
            _lines(
                "Work overdue",
                "How long the oldest unfinished record has been due.",
                "s",
                PromQL("hookfleet:work_overdue_seconds:max", "{{group}} {{topic}}"),
            ),
            _lines(
                "Lag",
                "Records that are not finished. A long queue that moves is no fault.",
                "short",
                PromQL("hookfleet:consumer_lag_records:sum", "{{group}} {{topic}}"),
            ),
            _lines(
                "Age against retention",
                "How much of a topic's retention its oldest unfinished record has used; at 100 % it is deleted.",
                "percentunit",
                PromQL("hookfleet:oldest_unfinished:ratio_of_retention", "{{topic}}"),
            ),
            _lines(
                "Put off, and skipped",
                "Runs put off by whose limit; repeated records skipped.",
                "cps",
                PromQL(_rate("hookfleet_deferrals_total", "by"), "put off by {{by}}"),
                PromQL(_rate("hookfleet_duplicates_skipped_total"), "duplicates skipped"),
            ),
            _lines(
                "Retries: how late they leave the tiers",
                "Past their due time.",
                "s",
                *_quantiles("hookfleet_retry_overdue_seconds"),
            ),
            _lines(
                "Retries: hops",
                "Waiting runs moved on, by where to.",
                "cps",
                PromQL(_rate("hookfleet_retry_hops_total", "to"), "{{to}}"),
                stacked=True,
            ),
        ],
    )


def _record() -> Row:
    return Row(
        "What is recorded and decided",
        [
            _lines(
                "Recorder: records stored",
                "By topic.",
                "cps",
                PromQL(_rate("hookfleet_recorder_records_total", "topic"), "{{topic}}"),
                stacked=True,
            ),
            _lines(
                "Recorder: one transaction",
                "Duration.",
                "s",
                *_quantiles("hookfleet_recorder_batch_seconds"),
            ),
            _lines(
                "Recorder: records in one transaction",
                "More under load.",
                "short",
                *_quantiles("hookfleet_recorder_batch_records"),
            ),
            _lines(
                "Integrations enabled and disabled",
                "How many times in fifteen minutes.",
                "short",
                PromQL("sum by (to) (increase(hookfleet_integration_state_changes_total[15m]))", "{{to}}"),
            ),
            _lines(
                "Streaks of failed runs",
                "Enabled integrations by failed runs in a row, and the longest.",
                "short",
                PromQL("sum by (failed_runs) (hookfleet_disabler_streaks)", "{{failed_runs}}"),
                PromQL("max(hookfleet_disabler_streak_longest_runs)", "longest"),
            ),
            _lines(
                "Outcomes folded",
                "What run outcomes did to a streak.",
                "cps",
                PromQL(_rate("hookfleet_outcomes_folded_total", "effect"), "{{effect}}"),
                stacked=True,
            ),
        ],
    )


def _health() -> Row:
    return Row(
        "What it stands on",
        [
            _lines(
                "Parts that are not ready",
                "What /readyz says, by part.",
                "short",
                PromQL("count by (check) (hookfleet_ready == 0)", "{{check}}"),
            ),
            _lines(
                "Age of tables",
                "Since when brokers told an end that the copy in memory has reached; a few seconds is usual.",
                "s",
                PromQL("max by (topic) (hookfleet_table_age_seconds)", "{{topic}}"),
            ),
            _lines(
                "Configuration",
                "Resources written, and times that another ingest took the writer's place.",
                "cps",
                PromQL(_rate("hookfleet_config_writes_total"), "written"),
                PromQL(_rate("hookfleet_config_fenced_total"), "fenced"),
            ),
            _lines(
                "Memory",
                "Resident, by job.",
                "bytes",
                PromQL('max by (job) (process_resident_memory_bytes{job=~"hookfleet.*"})', "largest of {{job}}"),
            ),
            _lines(
                "Processor",
                "Cores used, by job.",
                "short",
                PromQL(
                    'sum by (job) (rate(process_cpu_seconds_total{job=~"hookfleet.*"}[$__rate_interval]))',
                    "{{job}}",
                ),
                stacked=True,
            ),
            Panel(
                "table",
                "What runs",
                "Processes by service and version.",
                "short",
                [PromQL("count by (service, version, python) (hookfleet_build_info)", instant=True)],
            ),
        ],
    )
