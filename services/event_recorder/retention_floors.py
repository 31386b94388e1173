"""The floors of `core.retention` in the database: read with every batch, raised before anything is removed."""

from sqlalchemy import BigInteger, Column, Connection, PrimaryKeyConstraint, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from services.event_recorder.core.retention import Floors, RecordKind
from services.event_recorder.schema import TEXT, metadata

#: Of all organizations alike: how long records are kept is the fleet's setting.
retention_floors = Table(
    "retention_floors",
    metadata,
    Column("kind", TEXT, nullable=False),
    Column("before_ms", BigInteger, nullable=False, autoincrement=False),
    PrimaryKeyConstraint("kind"),
)

_READ = select(retention_floors.c.kind, retention_floors.c.before_ms)


def read_floors(connection: Connection) -> Floors:
    """Per kind the time in milliseconds before which nothing is kept."""
    known = {kind.value: kind for kind in RecordKind}
    return {known[row.kind]: row.before_ms for row in connection.execute(_READ) if row.kind in known}


def raise_floors(connection: Connection, floors: Floors) -> None:
    """Make the floors at least as high as these; none is ever lowered."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    insert = dialect.insert(retention_floors)
    statement = insert.on_conflict_do_update(
        index_elements=[retention_floors.c.kind],
        set_={"before_ms": insert.excluded.before_ms},
        where=insert.excluded.before_ms > retention_floors.c.before_ms,
    )
    rows = [{"kind": kind.value, "before_ms": before_ms} for kind, before_ms in sorted(floors.items())]
    if rows:
        connection.execute(statement, rows)
