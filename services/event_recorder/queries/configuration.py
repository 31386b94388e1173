"""What answers say of the configuration: names of integrations, as far as the recorder has read them."""

from collections.abc import Iterable

import orjson
from sqlalchemy import Connection, select

from services.event_recorder.queries.reader import Reader
from services.event_recorder.schema import resources
from shared.core.resources import Kind


def integration_names(snapshot: Connection, reader: Reader, ids: Iterable[str]) -> dict[str, str]:
    """Names by integration id; a deleted integration has none."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    table = resources.c
    statement = select(table.id, table.spec).where(
        reader.owns(resources), table.kind == Kind.INTEGRATION.value, table.id.in_(wanted), table.spec.is_not(None)
    )
    return {row.id: orjson.loads(row.spec)["name"] for row in snapshot.execute(statement)}
