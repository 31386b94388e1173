"""Finding what a replay sends: the run, the body that its receiver got, and the event, wherever they are still kept.

The body is that of the run's last attempt that got on the wire. A run that never got there but is itself a replay sends
what the run before it would have sent, and so on back to the first.

The event is the record of a run that was not tried, a recent system event, an integration event, or, where the event
itself was sent, that body.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, select, tuple_

from services.event_recorder.core.removal import REMOVED_ATTRIBUTE
from services.event_recorder.core.replay import Origin, event_in_body, event_in_skip, stored_body
from services.event_recorder.schema import attempts, events, integration_events, runs, skips
from shared.core.cloud_events import check_event, parse_json
from shared.core.faults import InvalidInput
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import StoredBody
from shared.core.messages.run_log import HttpRequestRecord, SkipRecord, decode_run_log

_Row = Mapping[str, Any]
#: Replays of replays that are followed back, at most.
_DEEPEST = 50


def origins(connection: Connection, organization: str, run_ids: Sequence[str]) -> dict[str, Origin]:
    """What replaying each of these runs would send, by run id; runs that are not there are left out.

    Bodies and events are in memory all at once: 256 KiB each at most.
    """
    found = _runs(connection, organization, run_ids)
    stored = _stored_bodies(connection, organization, found)
    given = _events(connection, organization, found, stored)
    return {
        run_id: Origin(
            organization=organization,
            run_id=run_id,
            webhook_id=run["webhook_id"],
            integration_id=run["integration_id"],
            rule_id=run["rule_id"],
            event_ref=_ref(run),
            chain=tuple(orjson.loads(run["chain"] or "[]")),
            stored=stored.get(run_id),
            event=given.get(run_id),
        )
        for run_id, run in found.items()
    }


def _runs(connection: Connection, organization: str, run_ids: Collection[str]) -> dict[str, _Row]:
    asked = select(runs).where(runs.c.organization == organization, runs.c.run_id.in_(run_ids))
    return {row["run_id"]: dict(row) for row in connection.execute(asked).mappings()}


def _ref(run: _Row) -> EventRef:
    return EventRef(
        source=run["event_source"],
        id=run["event_id"],
        type=run["event_type"],
        subject=run["event_subject"],
        time=run["event_time"],
    )


def _stored_bodies(connection: Connection, organization: str, found: Mapping[str, _Row]) -> dict[str, StoredBody]:
    stored: dict[str, StoredBody] = {}
    #: Which run's body is looked for, for each run of ``found`` that has none yet.
    looked_for = {run_id: run_id for run_id in found}
    for _ in range(_DEEPEST):
        sent = _last_sent(connection, organization, set(looked_for.values()))
        stored |= {run_id: body for run_id, at in looked_for.items() if (body := sent.get(at, None)) is not None}
        nowhere = {run_id: at for run_id, at in looked_for.items() if at not in sent}
        before = _origin_ids(connection, organization, set(nowhere.values()))
        looked_for = {run_id: before[at] for run_id, at in nowhere.items() if at in before}
        if not looked_for:
            break
    return stored


def _last_sent(connection: Connection, organization: str, run_ids: Collection[str]) -> dict[str, StoredBody | None]:
    """Of every run that got on the wire the body of its last attempt; null where it cannot be sent again as it was."""
    asked = (
        select(attempts.c.run_id, attempts.c.exchange)
        .where(
            attempts.c.organization == organization, attempts.c.run_id.in_(run_ids), attempts.c.exchange.is_not(None)
        )
        .order_by(attempts.c.number, attempts.c.topic_offset)
    )
    last = {row.run_id: row.exchange for row in connection.execute(asked)}
    return {
        run_id: stored_body(HttpRequestRecord.model_validate(orjson.loads(exchange)["request"]))
        for run_id, exchange in last.items()
    }


def _origin_ids(connection: Connection, organization: str, run_ids: Collection[str]) -> dict[str, str]:
    asked = select(runs.c.run_id, runs.c.origin_run_id).where(
        runs.c.organization == organization, runs.c.run_id.in_(run_ids), runs.c.origin_run_id.is_not(None)
    )
    return {row.run_id: row.origin_run_id for row in connection.execute(asked)}


def _events(
    connection: Connection, organization: str, found: Mapping[str, _Row], stored: Mapping[str, StoredBody]
) -> dict[str, bytes]:
    """The event of each run, in structured JSON as the dispatcher writes it."""
    given = _events_of_skips(connection, organization, found)
    keys = {(run["event_id"], run["event_source"]) for run_id, run in found.items() if run_id not in given}
    kept: dict[tuple[str, str], bytes] = {}
    for table in (events, integration_events):
        asked = select(table.c.id, table.c.source, table.c.document).where(
            table.c.organization == organization, tuple_(table.c.id, table.c.source).in_(keys)
        )
        for row in connection.execute(asked):
            document = _whole_event(row.document)
            if document is not None:
                kept[row.id, row.source] = document
    for run_id, run in found.items():
        if run_id not in given:
            event = kept.get((run["event_id"], run["event_source"])) or event_in_body(stored.get(run_id), _ref(run))
            if event is not None:
                given[run_id] = event
    return given


def _events_of_skips(connection: Connection, organization: str, run_ids: Collection[str]) -> dict[str, bytes]:
    asked = select(skips.c.run_id, skips.c.document).where(
        skips.c.organization == organization, skips.c.run_id.in_(run_ids)
    )
    given: dict[str, bytes] = {}
    for row in connection.execute(asked):
        said = decode_run_log(row.document.encode())
        event = event_in_skip(said.body) if isinstance(said, SkipRecord) else None
        if event is not None:
            given[row.run_id] = event
    return given


def _whole_event(document: str) -> bytes | None:
    """The event; null where only what names it is kept."""
    try:
        event = check_event(parse_json(document.encode()))
    except InvalidInput:
        return None
    return None if REMOVED_ATTRIBUTE in event.document else event.encode()
