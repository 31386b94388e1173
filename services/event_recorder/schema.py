"""The tables, as queries and the writer see them; `migrations` makes them, and a test holds the two together.

Every key begins with the organization, so no query can forget it and still use an index. Facts (attempts, skips,
outcomes) are keyed by whose they are and where they stood on their topic: reading a record again meets its own row. The
position alone would not do, since a topic that is made anew counts from 0 again. Documents are JSON in text columns.
"""

from sqlalchemy import BigInteger, Column, Index, MetaData, PrimaryKeyConstraint, Table, Text

from services.event_recorder.core.rows import TableName

metadata = MetaData()


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, Text, nullable=optional)


def _number(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional, autoincrement=False)


def _position() -> tuple[Column[int], Column[int]]:
    return _number("topic_partition"), _number("topic_offset")


events = Table(
    TableName.EVENTS.value,
    metadata,
    _text("organization"),
    _text("source"),
    _text("id"),
    _text("type"),
    _number("accepted_ms"),
    _text("document"),
    *_position(),
    PrimaryKeyConstraint("organization", "id", "source"),
    Index("events_by_age", "accepted_ms"),
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
    PrimaryKeyConstraint("organization", "run_id"),
    Index("runs_by_time", "organization", "created_ms", "run_id"),
    Index("runs_by_integration", "organization", "integration_id", "created_ms", "run_id"),
    Index("runs_by_status", "organization", "status", "created_ms", "run_id"),
    Index("runs_by_event", "organization", "event_id", "created_ms", "run_id"),
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
    PrimaryKeyConstraint("organization", "id", "source"),
    Index("integration_events_by_time", "organization", "time_ms", "id"),
    Index("integration_events_by_type", "organization", "type", "time_ms", "id"),
    Index("integration_events_by_integration", "organization", "integration_id", "time_ms", "id"),
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
