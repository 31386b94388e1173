"""Tables that only acts fill, beside those of `services.event_recorder.schema`.

``replayed_runs`` is both the memory and the outbox of replays: a run stands here, and in ``runs``, before it is
produced, and is marked when the brokers have it. Whatever dies in between, what is not marked is produced again under
the same run id, which the send stage takes once.

``removal_work`` is how far the removal of one person's data is, ``removal_keys`` the key under which an organization's
removed identities are remembered as digests.
"""

from sqlalchemy import BigInteger, Column, Index, PrimaryKeyConstraint, Table, text

from services.event_recorder.schema import TEXT, metadata, replays, runs

_UNSENT = text("sent_ms IS NULL")


def _text(name: str, *, optional: bool = False) -> Column[str]:
    return Column(name, TEXT, nullable=optional)


def _number(name: str, *, optional: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=optional, autoincrement=False)


#: ``replay_id`` is empty for a run that was replayed by itself. ``number`` is the place within its replay.
replayed_runs = Table(
    "replayed_runs",
    metadata,
    _text("organization"),
    _text("run_id"),
    _text("replay_id"),
    _number("number"),
    _text("origin_run_id"),
    _text("webhook_id"),
    _number("planned_ms"),
    _number("sent_ms", optional=True),
    PrimaryKeyConstraint("organization", "run_id"),
    Index("replayed_runs_by_message", "organization", "replay_id", "webhook_id"),
    Index("replayed_runs_by_age", "planned_ms"),
    Index(
        "replayed_runs_unsent", "organization", "replay_id", "number", postgresql_where=_UNSENT, sqlite_where=_UNSENT
    ),
)

#: Which runs sent the same message: one of them delivered, or under way, is enough.
runs_by_message = Index("runs_by_message", runs.c.organization, runs.c.webhook_id, runs.c.created_ms, runs.c.run_id)

#: One replay of an integration at a time: two would not see what the other is about to send.
_RUNNING = text("status = 'RUNNING'")
one_replay_at_a_time = Index(
    "one_replay_at_a_time",
    replays.c.organization,
    replays.c.integration_id,
    unique=True,
    postgresql_where=_RUNNING,
    sqlite_where=_RUNNING,
)

removal_work = Table(
    "removal_work",
    metadata,
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
    PrimaryKeyConstraint("organization", "id"),
    Index("removal_work_by_time", "organization", "requested_ms", "id"),
)

removal_keys = Table(
    "removal_keys",
    metadata,
    _text("organization"),
    _text("key"),
    PrimaryKeyConstraint("organization"),
)
