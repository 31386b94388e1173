"""Every metric of the fleet, in one place, so that names, units and labels can be reviewed together.

Labels are bounded by construction: topics, roles, types and outcomes are ours to enumerate; organizations and
integrations are not, and are never labels.
"""

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest

_LATENCY_BUCKETS = (0.005, 0.01, 0.02, 0.03, 0.06, 0.12, 0.25, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600)

# ingest
EVENTS_ACCEPTED = Counter("hookfleet_events_accepted_total", "Events acknowledged by every broker")
EVENTS_REFUSED = Counter("hookfleet_events_refused_total", "Events refused as invalid")
QUOTA_REFUSALS = Counter("hookfleet_quota_refusals_total", "Requests refused because the quota of events was used up")
CONFIG_WRITES = Counter("hookfleet_config_writes_total", "Resources written to the config topic")
CONFIG_FENCED = Counter("hookfleet_config_fenced_total", "Times another ingest took the config writer's place")

# dispatcher: match
EVENTS_MATCHED = Counter("hookfleet_events_matched_total", "Events matched, by whether anything fired", ["fired"])
RUNS_CREATED = Counter("hookfleet_runs_created_total", "Delivery requests produced by the match stage")
RULES_UNEVALUABLE = Counter("hookfleet_rules_unevaluable_total", "Conditions that could not be evaluated")

# dispatcher: send
ATTEMPTS = Counter("hookfleet_attempts_total", "HTTP attempts, by what came of them", ["outcome"])
ATTEMPT_SECONDS = Histogram(
    "hookfleet_attempt_seconds", "Duration of one attempt, connect to last byte", buckets=_LATENCY_BUCKETS
)
DELIVERY_SECONDS = Histogram(
    "hookfleet_delivery_seconds",
    "From acceptance of the event to a successful answer",
    buckets=_LATENCY_BUCKETS,
)
DEFERRALS = Counter(
    "hookfleet_deferrals_total", "Runs put off, by whose limit: the receiver's window, or a rate of ours", ["by"]
)
HELD = Gauge("hookfleet_runs_held", "Runs that wait in this worker's memory for their turn")
IN_FLIGHT = Gauge("hookfleet_requests_in_flight", "Attempts under way in this worker")
TOKEN_REQUESTS = Counter(
    "hookfleet_token_requests_total", "Requests for OAuth access tokens, by granted or why not", ["outcome"]
)
DUPLICATES_SKIPPED = Counter("hookfleet_duplicates_skipped_total", "Repeated (run id, step) records skipped")

# dispatcher: delay
HOPS = Counter("hookfleet_retry_hops_total", "Waiting runs moved on, by where to", ["to"])
OVERDUE_SECONDS = Gauge("hookfleet_retry_overdue_seconds", "Age of the most overdue waiting run at its last move")

# recorder
ROWS_WRITTEN = Counter("hookfleet_recorder_records_total", "Records stored, by topic", ["topic"])
RECORD_BATCH_SECONDS = Histogram(
    "hookfleet_recorder_batch_seconds", "Duration of one database transaction", buckets=_LATENCY_BUCKETS
)

# disabler
OUTCOMES_COUNTED = Counter("hookfleet_outcomes_folded_total", "Run outcomes folded, by effect", ["effect"])
STATE_CHANGES = Counter("hookfleet_integration_state_changes_total", "Integrations enabled or disabled", ["to"])

# every consumer
DEAD_LETTERS = Counter("hookfleet_dead_letters_total", "Records set aside, by topic and reason", ["topic", "reason"])
CONSUMED = Counter("hookfleet_records_consumed_total", "Records read by a consumer group", ["topic"])
TABLE_OFFSET = Gauge("hookfleet_table_offset", "Offset up to which a compacted topic is held in memory", ["topic"])


def render() -> tuple[bytes, str]:
    """(body, content type) of a scrape."""
    return generate_latest(), CONTENT_TYPE_LATEST
