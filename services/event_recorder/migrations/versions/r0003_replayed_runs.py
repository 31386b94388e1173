"""Replayed runs as memory and outbox, and the work of removals."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def _text(name: str, *, optional: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text().with_variant(sa.Text(collation="C"), "postgresql"), nullable=optional)


def _number(name: str, *, optional: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger, nullable=optional, autoincrement=False)


def _partial(name: str, table: str, columns: list[str], where: str, *, unique: bool = False) -> None:
    condition = sa.text(where)
    op.create_index(name, table, columns, unique=unique, postgresql_where=condition, sqlite_where=condition)


def upgrade() -> None:
    """Make the tables and the indexes that replays look runs up by."""
    op.create_table(
        "replayed_runs",
        _text("organization"),
        _text("run_id"),
        _text("replay_id"),
        _number("number"),
        _text("origin_run_id"),
        _text("webhook_id"),
        _number("planned_ms"),
        _number("sent_ms", optional=True),
        sa.PrimaryKeyConstraint("organization", "run_id"),
    )
    op.create_index("replayed_runs_by_message", "replayed_runs", ["organization", "replay_id", "webhook_id"])
    op.create_index("replayed_runs_by_age", "replayed_runs", ["planned_ms"])
    _partial("replayed_runs_unsent", "replayed_runs", ["organization", "replay_id", "number"], "sent_ms IS NULL")
    op.create_index("runs_by_message", "runs", ["organization", "webhook_id", "created_ms", "run_id"])
    _partial("one_replay_at_a_time", "replays", ["organization", "integration_id"], "status = 'RUNNING'", unique=True)
    op.create_table(
        "removal_work",
        _text("organization"),
        _text("id"),
        _text("kind"),
        _text("status"),
        _number("pass_number"),
        _text("phase"),
        _text("position"),
        _number("examined"),
        _number("removed"),
        _text("requested_by"),
        _number("requested_ms"),
        _number("updated_ms"),
        _number("ended_ms", optional=True),
        _text("worker", optional=True),
        _number("lease_until_ms", optional=True),
        sa.PrimaryKeyConstraint("organization", "id"),
    )
    op.create_index("removal_work_by_time", "removal_work", ["organization", "requested_ms", "id"])
    op.create_table("removal_keys", _text("organization"), _text("key"), sa.PrimaryKeyConstraint("organization"))
