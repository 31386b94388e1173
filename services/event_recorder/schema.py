"""The tables, as queries and the writer see them; `migrations` makes them, and a test holds the two together.

Every key begins with the organization, so no query can forget it and still use an index. Facts (attempts, skips,
outcomes) are keyed by whose they are and where they stood on their topic: reading a record again meets its own row. The
position alone would not do, since a topic that is made anew counts from 0 again. Documents are JSON in text columns.

Text compares by its bytes on either engine: order then means the same to both and to Python, and does not change with a
system's language tables, which would break an index. Columns that people's acts set (``actioned_ms`` and the like)
belong to rows that topics give, but what is read from topics never touches them.
"""

from sqlalchemy import BigInteger, Column, Float, Index, MetaData, PrimaryKeyConstraint, Table, Text, text

from services.event_recorder.core.rows import TableName

metadata = MetaData()
TEXT = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, TEXT, nullable=optional)


def _number(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional, autoincrement=False)


def _position() -> tuple[Column[int], Column[int]]:
    return _number("topic_partition"), _number("topic_offset")


def _where(name: str, condition: str, *columns: str) -> Index:
    """An index of the rows of which ``condition`` holds."""
    holds = text(condition)
    return Index(name, "organization", *columns, postgresql_where=holds, sqlite_where=holds)


def _not_actioned(name: str, *columns: str) -> Index:
    """An index of what still waits for somebody, however much is done."""
    return _where(name, "actioned_ms IS NULL", *columns)


events = Table(
    TableName.EVENTS.value,
    metadata,
    _text("organization"),
    _text("source"),
    _text("id"),
    _text("type"),
    _text("subject", optional=True),
    _number("accepted_ms"),
    _text("document"),
    *_position(),
    PrimaryKeyConstraint("organization", "id", "source"),
    Index("events_by_time", "organization", "accepted_ms", "id", "source"),
    Index("events_by_type", "organization", "type", "accepted_ms", "id", "source"),
)

matches = Table(
    TableName.MATCHES.value,
    metadata,
    _text("organization"),
    _text("event_source"),
    _text("event_id"),
    _text("event"),
    _number("accepted_ms"),
    _number("matched_ms"),
    _number("config_offset"),
    _number("fired"),
    _text("unevaluable"),
    *_position(),
    PrimaryKeyConstraint("organization", "event_id", "event_source"),
    Index("matches_by_time", "organization", "matched_ms", "event_id"),
)

runs = Table(
    TableName.RUNS.value,
    metadata,
    _text("organization"),
    _text("run_id"),
    _text("webhook_id"),
    _text("integration_id"),
    _text("rule_id", optional=True),
    _text("trigger"),
    _text("origin_run_id", optional=True),
    _text("event_source"),
    _text("event_id"),
    _text("event_type"),
    _text("event_subject", optional=True),
    _text("event_time", optional=True),
    _number("accepted_ms"),
    _number("created_ms"),
    _text("status"),
    _number("attempts"),
    _text("error", optional=True),
    _number("last_attempt", optional=True),
    _number("last_attempt_offset", optional=True),
    _text("last_attempt_error", optional=True),
    _number("retry_due_ms", optional=True),
    _number("outcome_offset", optional=True),
    _number("outcome_attempts", optional=True),
    _number("ended_ms", optional=True),
    _text("entity_type", optional=True),
    _text("entity_id", optional=True),
    _text("chain", optional=True),
    PrimaryKeyConstraint("organization", "run_id"),
    Index("runs_by_time", "organization", "created_ms", "run_id"),
    Index("runs_by_integration", "organization", "integration_id", "created_ms", "run_id"),
    Index("runs_by_status", "organization", "status", "created_ms", "run_id"),
    Index("runs_by_event", "organization", "event_id", "created_ms", "run_id"),
    Index("runs_by_rule", "organization", "rule_id", "created_ms", "run_id"),
    Index("runs_by_entity", "organization", "entity_id", "created_ms", "run_id"),
    _where("runs_by_origin", "origin_run_id IS NOT NULL", "origin_run_id", "created_ms", "run_id"),
)

attempts = Table(
    TableName.ATTEMPTS.value,
    metadata,
    _text("organization"),
    _text("run_id"),
    *_position(),
    _number("number"),
    _number("step"),
    _number("started_ms"),
    _number("duration_ms"),
    _text("stages"),
    _text("exchange", optional=True),
    _number("succeeded"),
    _text("error", optional=True),
    _number("retry_due_ms", optional=True),
    PrimaryKeyConstraint("organization", "run_id", "topic_partition", "topic_offset"),
)

skips = Table(
    TableName.SKIPS.value,
    metadata,
    _text("organization"),
    _text("run_id"),
    *_position(),
    _number("step"),
    _number("skipped_ms"),
    _text("status"),
    _text("document"),
    PrimaryKeyConstraint("organization", "run_id", "topic_partition", "topic_offset"),
)

outcomes = Table(
    TableName.OUTCOMES.value,
    metadata,
    _text("organization"),
    _text("run_id"),
    *_position(),
    _text("event_id"),
    _text("type"),
    _text("status"),
    _number("ended_ms"),
    PrimaryKeyConstraint("organization", "run_id", "topic_partition", "topic_offset"),
)

integration_events = Table(
    TableName.INTEGRATION_EVENTS.value,
    metadata,
    _text("organization"),
    _text("source"),
    _text("id"),
    _text("type"),
    _number("time_ms"),
    _text("integration_id"),
    _text("run_id", optional=True),
    _text("document"),
    *_position(),
    _text("message", optional=True),
    _number("actioned_ms", optional=True),
    _text("actioned_by", optional=True),
    _number("resolved_ms", optional=True),
    _text("resolved_by", optional=True),
    PrimaryKeyConstraint("organization", "id", "source"),
    Index("integration_events_by_time", "organization", "time_ms", "id"),
    Index("integration_events_by_type", "organization", "type", "time_ms", "id"),
    Index("integration_events_by_integration", "organization", "integration_id", "time_ms", "id"),
    _not_actioned("waiting_events_by_time", "time_ms", "id"),
    _not_actioned("waiting_events_by_type", "type", "time_ms", "id"),
    _not_actioned("waiting_events_by_integration", "integration_id", "time_ms", "id"),
)

resources = Table(
    TableName.RESOURCES.value,
    metadata,
    _text("organization"),
    _text("kind"),
    _text("id"),
    _number("version"),
    _text("spec", optional=True),
    _number("created_ms", optional=True),
    _number("updated_ms", optional=True),
    PrimaryKeyConstraint("organization", "kind", "id"),
)

integration_states = Table(
    TableName.INTEGRATION_STATES.value,
    metadata,
    _text("organization"),
    _text("integration_id"),
    _number("topic_offset"),
    _text("state", optional=True),
    PrimaryKeyConstraint("organization", "integration_id"),
)

alerts = Table(
    TableName.ALERTS.value,
    metadata,
    _text("organization"),
    _text("id"),
    _text("severity"),
    _text("type"),
    _text("integration_id"),
    _text("description"),
    _number("first_ms"),
    _number("last_ms"),
    _text("status_set", optional=True),
    _number("status_ms", optional=True),
    _text("status_by", optional=True),
    PrimaryKeyConstraint("organization", "id"),
    Index("alerts_by_time", "organization", "first_ms", "id"),
    Index("alerts_by_integration", "organization", "integration_id", "first_ms", "id"),
)

run_statistics = Table(
    TableName.RUN_STATISTICS.value,
    metadata,
    _text("organization"),
    _number("minute_ms"),
    _text("integration_id"),
    _text("status"),
    _number("latency_bucket"),
    _number("runs"),
    PrimaryKeyConstraint("organization", "minute_ms", "integration_id", "status", "latency_bucket"),
    Index("run_statistics_by_integration", "organization", "integration_id", "minute_ms"),
)

replays = Table(
    "replays",
    metadata,
    _text("organization"),
    _text("id"),
    _text("integration_id"),
    _text("selection"),
    _number("since_ms"),
    _number("until_ms"),
    Column("rate_per_second", Float, nullable=False),
    _text("status"),
    _number("total"),
    _number("sent"),
    _number("position_ms", optional=True),
    _text("position_id", optional=True),
    _text("requested_by"),
    _number("requested_ms"),
    _number("updated_ms"),
    _number("ended_ms", optional=True),
    _text("worker", optional=True),
    _number("lease_until_ms", optional=True),
    _text("detail", optional=True),
    PrimaryKeyConstraint("organization", "id"),
    Index("replays_by_time", "organization", "requested_ms", "id"),
    Index("replays_by_status", "organization", "status", "requested_ms", "id"),
)

trail = Table(
    "trail",
    metadata,
    _text("organization"),
    _number("at_ms"),
    _text("id"),
    _text("by"),
    _text("act"),
    _text("subject_kind"),
    _text("subject_id"),
    _text("detail", optional=True),
    PrimaryKeyConstraint("organization", "id"),
    Index("trail_by_time", "organization", "at_ms", "id"),
)

removals = Table(
    "removals",
    metadata,
    _text("organization"),
    _text("id"),
    _text("kind"),
    _text("digest"),
    _number("at_ms"),
    _text("by"),
    PrimaryKeyConstraint("organization", "id"),
    Index("removals_by_digest", "organization", "kind", "digest", unique=True),
    Index("removals_by_time", "organization", "at_ms", "id"),
)
