"""Every metric of the fleet, in one place, so that names, units and labels can be reviewed together.

Names follow Prometheus: prefix, what is measured, base unit, ``_total`` for what only grows. Labels are bounded by
construction: topics, groups, roles, types and outcomes are ours to enumerate; organizations and integrations are not,
and are never labels. What one of them did stands in the recorder's database, where a question may name it.

Two kinds of numbers are here. *Counted* ones are told what happens. *Observed* ones (`ObservedGauge`) cost nothing
until somebody looks: at each scrape they ask whoever knows. So an age grows while the thread that it is about hangs,
which is when it matters.

``docs/operations/metrics.md`` explains each one to operators; a test holds the two together.
"""

import platform
from collections.abc import Callable, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Final

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector

from shared.core.dead_letters import Reason

#: Values of an observed metric, by its labels in the order of their declaration.
Values = Mapping[tuple[str, ...], float]

_LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.06, 0.12, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)
_OVERDUE_BUCKETS = (0.05, 0.1, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)
_BATCH_BUCKETS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)

# A second series for each counter that says when it began: resets are seen without it.
disable_created_metrics()  # type: ignore[no-untyped-call]


class ObservedGauge(Collector):
    """A gauge whose values are asked for when somebody scrapes."""

    def __init__(self, name: str, documentation: str, labels: Sequence[str] = ()) -> None:
        self._name = name
        self._documentation = documentation
        self._labels = tuple(labels)
        self._sources: dict[str, Callable[[], Values]] = {}
        REGISTRY.register(self)

    def watch(self, of: str, source: Callable[[], Values]) -> None:
        """Ask ``source`` at each scrape; it is called from HTTP threads and must neither block nor raise. Another
        source ``of`` the same part takes its place."""
        self._sources[of] = source

    def describe(self) -> Iterator[GaugeMetricFamily]:
        """For the registry, which would ask the sources else."""
        yield GaugeMetricFamily(self._name, self._documentation, labels=self._labels)

    def collect(self) -> Iterator[GaugeMetricFamily]:
        """For the registry. A family without a source has no samples."""
        family = GaugeMetricFamily(self._name, self._documentation, labels=self._labels)
        for source in list(self._sources.values()):
            for labels, value in source().items():
                family.add_metric(labels, value)
        yield family


# every process
BUILD_INFO = Gauge("hookfleet_build_info", "1; what runs here is in the labels", ["service", "version", "python"])
READY = ObservedGauge("hookfleet_ready", "1 where a part of the process is ready, else 0: what /readyz says", ["check"])
TOPIC_RETENTION_SECONDS = Gauge(
    "hookfleet_topic_retention_seconds", "How long the fleet has brokers keep a topic's records", ["topic"]
)

# ingest
EVENTS_ACCEPTED = Counter("hookfleet_events_accepted_total", "Events acknowledged by every broker")
EVENTS_REFUSED = Counter("hookfleet_events_refused_total", "Events refused as invalid")
QUOTA_REFUSALS = Counter("hookfleet_quota_refusals_total", "Requests refused because the quota of events was used up")
CONFIG_WRITES = Counter("hookfleet_config_writes_total", "Resources written to the config topic")
CONFIG_FENCED = Counter("hookfleet_config_fenced_total", "Times another ingest took the config writer's place")
OLDEST_SECRET = ObservedGauge(
    "hookfleet_oldest_secret_timestamp_seconds",
    "When the credential that was left alone longest was last written, in Unix time; absent without credentials",
)
CERTIFICATE_EXPIRY = ObservedGauge(
    "hookfleet_certificate_expiry_timestamp_seconds",
    "When the first of the certificates expires, in Unix time, by whom they are shown to",
    ["shown_to"],
)

# dispatcher: match
EVENTS_MATCHED = Counter("hookfleet_events_matched_total", "Events matched, by whether anything fired", ["fired"])
RUNS_CREATED = Counter("hookfleet_runs_created_total", "Delivery requests produced by the match stage")
RULES_UNEVALUABLE = Counter("hookfleet_rules_unevaluable_total", "Conditions that could not be evaluated")

# dispatcher: send
ATTEMPTS = Counter(
    "hookfleet_attempts_total", "Attempts, by success or the type of the error they would end with", ["outcome"]
)
ATTEMPT_SECONDS = Histogram(
    "hookfleet_attempt_seconds", "Duration of one HTTP exchange, connect to last byte", buckets=_LATENCY_BUCKETS
)
DELIVERY_SECONDS = Histogram(
    "hookfleet_delivery_seconds",
    "From acceptance of the event to a successful answer, by whether the run was retried or put off on its way",
    ["waited"],
    buckets=_LATENCY_BUCKETS,
)
RUNS_SKIPPED = Counter("hookfleet_runs_skipped_total", "Runs that ended without an attempt, by status", ["status"])
DEFERRALS = Counter(
    "hookfleet_deferrals_total", "Runs put off, by whose limit: the receiver's window, or a rate of ours", ["by"]
)
HELD = Gauge("hookfleet_runs_held", "Runs that wait in this worker's memory for their turn")
IN_FLIGHT = Gauge("hookfleet_requests_in_flight", "Requests to receivers under way in this worker")
RECEIVER_WINDOWS = ObservedGauge(
    "hookfleet_receiver_windows",
    "Receivers this worker keeps a window for: troubled did not answer the last time, full takes no more now",
    ["role", "state"],
)
WINDOW_REQUESTS = ObservedGauge(
    "hookfleet_receiver_window_requests", "Requests at once that all windows of this worker allow together", ["role"]
)
SMALLEST_WINDOW = ObservedGauge(
    "hookfleet_receiver_window_smallest_requests",
    "Requests at once that the smallest window allows; absent without any",
    ["role"],
)
TOKEN_REQUESTS = Counter(
    "hookfleet_token_requests_total", "Requests for OAuth access tokens, by granted or why not", ["outcome"]
)
DUPLICATES_SKIPPED = Counter("hookfleet_duplicates_skipped_total", "Repeated (run id, step) records skipped")
INTEGRATIONS_DISABLED = ObservedGauge(
    "hookfleet_integrations_disabled", "Integrations that are disabled, in all organizations; every worker knows all"
)

# dispatcher: delay
HOPS = Counter("hookfleet_retry_hops_total", "Waiting runs moved on, by where to", ["to"])
OVERDUE_SECONDS = Histogram(
    "hookfleet_retry_overdue_seconds",
    "How far past its due time a retry was when it left the tiers",
    buckets=_OVERDUE_BUCKETS,
)

# recorder
ROWS_WRITTEN = Counter("hookfleet_recorder_records_total", "Records stored, by topic", ["topic"])
RECORD_BATCH_SECONDS = Histogram(
    "hookfleet_recorder_batch_seconds", "Duration of one database transaction", buckets=_LATENCY_BUCKETS
)
RECORD_BATCH_RECORDS = Histogram(
    "hookfleet_recorder_batch_records", "Records stored in one database transaction", buckets=_BATCH_BUCKETS
)

# disabler
OUTCOMES_COUNTED = Counter("hookfleet_outcomes_folded_total", "Run outcomes folded, by effect", ["effect"])
STATE_CHANGES = Counter("hookfleet_integration_state_changes_total", "Integrations enabled or disabled", ["to"])
STREAKS = ObservedGauge(
    "hookfleet_disabler_streaks",
    "Enabled integrations of this worker's partitions whose last runs failed, by how many in a row",
    ["failed_runs"],
)
LONGEST_STREAK = ObservedGauge(
    "hookfleet_disabler_streak_longest_runs", "Failed runs in a row of the enabled integration that has most"
)

# every consumer
DEAD_LETTERS = Counter("hookfleet_dead_letters_total", "Records set aside, by topic and reason", ["topic", "reason"])
CONSUMED = Counter("hookfleet_records_consumed_total", "Records read by a consumer group", ["topic"])
LAG = ObservedGauge(
    "hookfleet_consumer_lag_records",
    "Records of this worker's partitions beyond its finished ones, by the end that brokers told with the last fetch",
    ["group", "topic"],
)
WORK_OVERDUE_SECONDS = ObservedGauge(
    "hookfleet_work_overdue_seconds",
    "How long the oldest record that is read and not finished has been due; 0 when there is none",
    ["group", "topic"],
)
OLDEST_UNFINISHED_SECONDS = ObservedGauge(
    "hookfleet_oldest_unfinished_seconds",
    "Age of the oldest record that is read and not finished; 0 when there is none",
    ["group", "topic"],
)
TABLE_OFFSET = Gauge("hookfleet_table_offset", "Offset up to which a compacted topic is held in memory", ["topic"])
TABLE_AGE_SECONDS = ObservedGauge(
    "hookfleet_table_age_seconds",
    "Since when brokers told an end of a compacted topic that the copy in memory has reached",
    ["topic"],
)

#: Labels known before anything happens have their series from the start: a counter that appears with its first
#: increment hides that increment from rate() and increase().
_KNOWN_FROM_THE_START: Final[Sequence[tuple[Counter | Histogram, Sequence[str]]]] = (
    (EVENTS_MATCHED, ("yes", "no")),
    (ATTEMPTS, ("success",)),
    (DELIVERY_SECONDS, ("no", "yes")),
    (DEFERRALS, ("receiver", "limit")),
    (HOPS, ("due",)),
    (OUTCOMES_COUNTED, ("none", "added", "reset", "disabled", "superseded")),
    (STATE_CHANGES, ("enabled", "disabled")),
)
for _metric, _values in _KNOWN_FROM_THE_START:
    for _value in _values:
        _metric.labels(_value)


def begin_at_zero(topic: str) -> None:
    """Give a consumer's counters of ``topic`` their series, as above."""
    CONSUMED.labels(topic)
    for reason in Reason:
        DEAD_LETTERS.labels(topic, reason.value)


def name_build(service: str) -> None:
    """Say which service and version this process is."""
    BUILD_INFO.labels(service, version("hookfleet"), platform.python_version()).set(1)


def render(accept: str | None) -> tuple[bytes, str]:
    """(body, content type) of a scrape: OpenMetrics with exemplars for whoever asks for it by ``accept``."""
    encode, content_type = choose_encoder(accept or "")
    return encode(REGISTRY), content_type
