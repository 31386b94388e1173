"""What people do and what is counted: alerts, statistics, replays, the trail of acts, removals, and what listings need.

Rows that are there already get what their documents say of the new columns. Alerts and statistics begin with what is
read from now on. Only SQLite has rows from before, so what fills columns is in its words.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_WAITING = "actioned_ms IS NULL"


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=optional)


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=optional, autoincrement=False)


def upgrade() -> None:
    """Add columns and indexes to the first tables, and make the new ones."""
    _extend_the_first_tables()
    if op.get_bind().dialect.name == "sqlite":
        _fill_new_columns()
    _make_alert_tables()
    _make_act_tables()


def _extend_the_first_tables() -> None:
    op.add_column("events", _text("subject", optional=True))
    op.drop_index("events_by_age", "events")
    op.create_index("events_by_time", "events", ["organization", "accepted_ms", "id", "source"])
    op.create_index("events_by_type", "events", ["organization", "type", "accepted_ms", "id", "source"])
    op.create_index("matches_by_time", "matches", ["organization", "matched_ms", "event_id"])
    for name in ("entity_type", "entity_id", "chain"):
        op.add_column("runs", _text(name, optional=True))
    for name, column in (("rule", "rule_id"), ("entity", "entity_id")):
        op.create_index(f"runs_by_{name}", "runs", ["organization", column, "created_ms", "run_id"])
    op.create_index(
        "runs_by_origin",
        "runs",
        ["organization", "origin_run_id", "created_ms", "run_id"],
        postgresql_where=sa.text("origin_run_id IS NOT NULL"),
        sqlite_where=sa.text("origin_run_id IS NOT NULL"),
    )
    op.add_column("integration_events", _text("message", optional=True))
    for act in ("actioned", "resolved"):
        op.add_column("integration_events", _number(f"{act}_ms", optional=True))
        op.add_column("integration_events", _text(f"{act}_by", optional=True))
    for name, by in (("time", []), ("type", ["type"]), ("integration", ["integration_id"])):
        op.create_index(
            f"waiting_events_by_{name}",
            "integration_events",
            ["organization", *by, "time_ms", "id"],
            postgresql_where=sa.text(_WAITING),
            sqlite_where=sa.text(_WAITING),
        )


def _fill_new_columns() -> None:
    op.execute("UPDATE events SET subject = json_extract(document, '$.subject')")
    op.execute("UPDATE integration_events SET message = json_extract(document, '$.data.message')")
    decided = (
        "FROM integration_events AS said WHERE said.organization = runs.organization AND said.run_id = runs.run_id "
        "AND said.topic_offset = runs.outcome_offset LIMIT 1"
    )
    op.execute(
        f"UPDATE runs SET entity_type = (SELECT json_extract(said.document, '$.data.entity.type') {decided}), "
        f"entity_id = (SELECT json_extract(said.document, '$.data.entity.id') {decided}), "
        f"chain = (SELECT coalesce(json_extract(said.document, '$.data.chain'), '[]') {decided}) "
        "WHERE outcome_offset IS NOT NULL"
    )
    op.execute("UPDATE runs SET entity_id = event_subject WHERE entity_type IS NULL")


def _make_alert_tables() -> None:
    op.create_table(
        "alerts",
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
        sa.PrimaryKeyConstraint("organization", "id"),
    )
    op.create_index("alerts_by_time", "alerts", ["organization", "first_ms", "id"])
    op.create_index("alerts_by_integration", "alerts", ["organization", "integration_id", "first_ms", "id"])
    op.create_table(
        "run_statistics",
        _text("organization"),
        _number("minute_ms"),
        _text("integration_id"),
        _text("status"),
        _number("latency_bucket"),
        _number("runs"),
        sa.PrimaryKeyConstraint("organization", "minute_ms", "integration_id", "status", "latency_bucket"),
    )
    op.create_index("run_statistics_by_integration", "run_statistics", ["organization", "integration_id", "minute_ms"])
    op.create_table(
        "retention_floors",
        _text("kind"),
        _number("before_ms"),
        sa.PrimaryKeyConstraint("kind"),
    )


def _make_act_tables() -> None:
    op.create_table(
        "replays",
        _text("organization"),
        _text("id"),
        _text("integration_id"),
        _text("selection"),
        _number("since_ms"),
        _number("until_ms"),
        sa.Column("rate_per_second", sa.Float, nullable=False),
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
        sa.PrimaryKeyConstraint("organization", "id"),
    )
    op.create_index("replays_by_time", "replays", ["organization", "requested_ms", "id"])
    op.create_index("replays_by_status", "replays", ["organization", "status", "requested_ms", "id"])
    op.create_table(
        "trail",
        _text("organization"),
        _number("at_ms"),
        _text("id"),
        _text("by"),
        _text("act"),
        _text("subject_kind"),
        _text("subject_id"),
        _text("detail", optional=True),
        sa.PrimaryKeyConstraint("organization", "id"),
    )
    op.create_index("trail_by_time", "trail", ["organization", "at_ms", "id"])
    op.create_table(
        "removals",
        _text("organization"),
        _text("id"),
        _text("kind"),
        _text("digest"),
        _number("at_ms"),
        _text("by"),
        sa.PrimaryKeyConstraint("organization", "id"),
    )
    op.create_index("removals_by_digest", "removals", ["organization", "kind", "digest"], unique=True)
    op.create_index("removals_by_time", "removals", ["organization", "at_ms", "id"])
