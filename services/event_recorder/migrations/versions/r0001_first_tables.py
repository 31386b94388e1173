"""The first tables: runs and their facts, integration events, matches, recent system events, configuration by name."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=optional)


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=optional, autoincrement=False)


def _position() -> tuple[sa.Column[int], sa.Column[int]]:
    return _number("topic_partition"), _number("topic_offset")


def upgrade() -> None:
    """Make the tables."""
    _make_event_tables()
    _make_run_tables()
    _make_configuration_tables()


def _make_event_tables() -> None:
    op.create_table(
        "events",
        _text("organization"),
        _text("source"),
        _text("id"),
        _text("type"),
        _number("accepted_ms"),
        _text("document"),
        *_position(),
        sa.PrimaryKeyConstraint("organization", "id", "source"),
    )
    op.create_index("events_by_age", "events", ["accepted_ms"])
    op.create_table(
        "matches",
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
        sa.PrimaryKeyConstraint("organization", "event_id", "event_source"),
    )
    op.create_table(
        "integration_events",
        _text("organization"),
        _text("source"),
        _text("id"),
        _text("type"),
        _number("time_ms"),
        _text("integration_id"),
        _text("run_id", optional=True),
        _text("document"),
        *_position(),
        sa.PrimaryKeyConstraint("organization", "id", "source"),
    )
    for name, by in (("time", []), ("type", ["type"]), ("integration", ["integration_id"])):
        op.create_index(f"integration_events_by_{name}", "integration_events", ["organization", *by, "time_ms", "id"])


def _make_run_tables() -> None:
    op.create_table(
        "runs",
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
        sa.PrimaryKeyConstraint("organization", "run_id"),
    )
    by_column = {"time": [], "integration": ["integration_id"], "status": ["status"], "event": ["event_id"]}
    for name, by in by_column.items():
        op.create_index(f"runs_by_{name}", "runs", ["organization", *by, "created_ms", "run_id"])
    key = ("organization", "run_id", "topic_partition", "topic_offset")
    op.create_table(
        "attempts",
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
        sa.PrimaryKeyConstraint(*key),
    )
    op.create_table(
        "skips",
        _text("organization"),
        _text("run_id"),
        *_position(),
        _number("step"),
        _number("skipped_ms"),
        _text("status"),
        _text("document"),
        sa.PrimaryKeyConstraint(*key),
    )
    op.create_table(
        "outcomes",
        _text("organization"),
        _text("run_id"),
        *_position(),
        _text("event_id"),
        _text("type"),
        _text("status"),
        _number("ended_ms"),
        sa.PrimaryKeyConstraint(*key),
    )


def _make_configuration_tables() -> None:
    op.create_table(
        "resources",
        _text("organization"),
        _text("kind"),
        _text("id"),
        _number("version"),
        _text("spec", optional=True),
        _number("created_ms", optional=True),
        _number("updated_ms", optional=True),
        sa.PrimaryKeyConstraint("organization", "kind", "id"),
    )
    op.create_table(
        "integration_states",
        _text("organization"),
        _text("integration_id"),
        _number("topic_offset"),
        _text("state", optional=True),
        sa.PrimaryKeyConstraint("organization", "integration_id"),
    )
