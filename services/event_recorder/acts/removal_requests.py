"""Asking for a person's data to be removed, and how far that is.

The name itself is forgotten as soon as it was asked: what is searched by is its digest, under a key that is drawn once
for each organization and stands in the database. Whoever has the whole database could test guesses with it; whoever
has the list of removals alone cannot.

Asking again for somebody who was removed removes what has come since.
"""

import secrets
from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, update

from services.event_recorder.acts.replay_requests import NotThere
from services.event_recorder.acts.tables import removal_keys, removal_work
from services.event_recorder.acts.trail import Act, Actor, Step, leave
from services.event_recorder.core.removal import Kind, digest_of
from services.event_recorder.schema import removals
from services.event_recorder.upserts import keeping

RUNNING, DONE = "RUNNING", "DONE"
#: Where the first pass begins.
BEGINNING = {"status": RUNNING, "pass_number": 1, "phase": "", "position": ""}
_KEYS = keeping(removal_keys)
_KEY_BYTES = 32


def key_of(connection: Connection, organization: str) -> bytes | None:
    """The key of an organization's digests; None before anybody was removed."""
    asked = select(removal_keys.c.key).where(removal_keys.c.organization == organization)
    key = connection.execute(asked).scalar_one_or_none()
    return None if key is None else bytes.fromhex(key)


class RemovalRequests:
    """``wake`` tells the worker of this process that there is something to do."""

    def __init__(self, engine: Engine, reading: Engine, new_id: Callable[[], str], wake: Callable[[], None]) -> None:
        self._engine = engine
        self._reading = reading
        self._new_id = new_id
        self._wake = wake

    def remove(self, actor: Actor, kind: Kind, name: str) -> dict[str, Any]:
        """Have all data of whoever is named so removed; the work's row. While it goes on, asking again changes
        nothing."""
        with self._engine.begin() as connection:
            row = {"organization": actor.organization, "key": secrets.token_hex(_KEY_BYTES)}
            connection.execute(_KEYS.statement(connection.dialect.name), [row])
            key = key_of(connection, actor.organization)
            assert key is not None
            digest = digest_of(key, kind, name)
            asked = select(removals).where(
                removals.c.organization == actor.organization,
                removals.c.kind == kind.value,
                removals.c.digest == digest,
            )
            known = connection.execute(asked.with_for_update()).one_or_none()
            id_ = self._new_id() if known is None else known.id
            if known is None:
                self._begin(connection, actor, id_, kind, digest)
            elif not self._begin_again(connection, actor, id_):
                return self._row(connection, actor.organization, id_)
            leave(connection, actor, Act.REMOVAL_REQUESTED, [Step(self._new_id(), "removal", id_, {"kind": kind})])
            done = self._row(connection, actor.organization, id_)
        self._wake()
        return done

    def _begin(self, connection: Connection, actor: Actor, id_: str, kind: Kind, digest: str) -> None:
        named = {"organization": actor.organization, "id": id_, "kind": kind.value}
        connection.execute(insert(removals), named | {"digest": digest, "at_ms": actor.at_ms, "by": actor.by})
        asked = {"requested_by": actor.by, "requested_ms": actor.at_ms, "updated_ms": actor.at_ms}
        connection.execute(insert(removal_work), named | BEGINNING | asked | {"examined": 0, "removed": 0})

    def _begin_again(self, connection: Connection, actor: Actor, id_: str) -> bool:
        """False while it is under way."""
        this = (removal_work.c.organization == actor.organization, removal_work.c.id == id_)
        asked = {"requested_by": actor.by, "requested_ms": actor.at_ms, "updated_ms": actor.at_ms, "ended_ms": None}
        begun = connection.execute(
            update(removal_work).where(*this, removal_work.c.status == DONE).values(BEGINNING | asked)
        )
        if begun.rowcount:
            connection.execute(
                update(removals)
                .where(removals.c.organization == actor.organization, removals.c.id == id_)
                .values(at_ms=actor.at_ms, by=actor.by)
            )
        return bool(begun.rowcount)

    def read(self, organization: str, id_: str) -> dict[str, Any]:
        """The work's row. Raises NotThere."""
        with self._reading.connect() as connection:
            return self._row(connection, organization, id_)

    def _row(self, connection: Connection, organization: str, id_: str) -> dict[str, Any]:
        asked = select(removal_work).where(removal_work.c.organization == organization, removal_work.c.id == id_)
        found = next((dict(row) for row in connection.execute(asked).mappings()), None)
        if found is None:
            raise NotThere(f"removal {id_}")
        return found
