"""External mappings in memory, found by id, by entity and by external id, and paged in the order of their ids.

There may be a million, so they are rows and not objects: as models in dictionaries each would take 3.3 KB, before any
index. SQLite's memory engine keeps rows and indexes packed and in order, which is what paging needs. It is an index and
no store: made anew from the ``config`` topic at each start and never written to a disk.

Each statement names its index, so that one which would read everything fails in the first test instead of getting slow
with the data. Whoever uses this table holds the lock of `config_table.ConfigTable`.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from services.ingest.core.config_changes import ResourceKey, Stored
from services.ingest.core.mapping_lookup import FIELDS, Direction, Lookup
from shared.core.resources import Kind, Mapping, MappingQuestion, Resource

# The question's index is not unique: within a transaction two mappings may trade questions, and records come one by
# one. That it ends unique is the draft's to see to (`core.mapping_questions`).
_SCHEMA = """
CREATE TABLE mappings (
    organization TEXT, id TEXT, entity_type TEXT, entity_id TEXT, external_system TEXT, external_table TEXT,
    external_id TEXT, version INTEGER, created_ms INTEGER, updated_ms INTEGER,
    PRIMARY KEY (organization, id)
) WITHOUT ROWID;
CREATE INDEX by_question ON mappings (organization, entity_type, entity_id, external_system, external_table);
CREATE INDEX by_external_id ON mappings (organization, external_system, external_id);
"""
_INSERT = "INSERT OR REPLACE INTO mappings VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
_DELETE = "DELETE FROM mappings WHERE organization = ? AND id = ?"
_ONE = "SELECT * FROM mappings WHERE organization = ? AND id = ?"
_HOLDER = (
    "SELECT id FROM mappings INDEXED BY by_question WHERE organization = ? AND entity_type = ? AND entity_id = ? "
    "AND external_system = ? AND external_table = ?"
)
_INDEX = {Direction.ENTITY: "INDEXED BY by_question", Direction.EXTERNAL_ID: "INDEXED BY by_external_id"}

_Row = tuple[str, str, str, str, str, str, str, int, int, int]


@dataclass(frozen=True, slots=True)
class MappingPage:
    """Mappings by id. ``more``: whether others come after the last of them."""

    items: tuple[tuple[ResourceKey, Stored], ...]
    more: bool


class MappingTable:
    """Current mappings of all organizations. Not thread-safe."""

    def __init__(self) -> None:
        self._rows = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
        self._rows.executescript(_SCHEMA)
        # One transaction for ever. Nobody needs a commit, and one takes as long as there are pages: measured, 0.2 ms
        # for each record at a million of them.
        self._rows.execute("BEGIN")

    def put(self, key: ResourceKey, resource: Resource, version: int) -> None:
        spec = resource.spec
        assert isinstance(spec, Mapping)  # `Resource` reads each spec as its kind
        row = (*key[1:], *spec.question, spec.external_id, version, resource.created_ms, resource.updated_ms)
        self._rows.execute(_INSERT, row)

    def remove(self, key: ResourceKey) -> None:
        self._rows.execute(_DELETE, key[1:])

    def get(self, key: ResourceKey) -> Stored | None:
        row: _Row | None = self._rows.execute(_ONE, key[1:]).fetchone()
        return None if row is None else _read(row)[1]

    def holder_of(self, organization: str, question: MappingQuestion) -> ResourceKey | None:
        """The mapping that answers ``question``."""
        found = self._rows.execute(_HOLDER, (organization, *question)).fetchone()
        return None if found is None else ResourceKey(Kind.MAPPING, organization, found[0])

    def page(self, organization: str, lookup: Lookup | None, after: str, limit: int) -> MappingPage:
        """``limit`` mappings at most that ``lookup`` finds, or any without one, whose ids come after ``after``."""
        index = "" if lookup is None else _INDEX[lookup.direction]
        wanted = [] if lookup is None else [(name, lookup.texts[name]) for name in FIELDS if name in lookup.texts]
        narrowed = "".join(f"AND {name} = ? " for name, _ in wanted)
        rows: Sequence[_Row] = self._rows.execute(
            f"SELECT * FROM mappings {index} WHERE organization = ? {narrowed}AND id > ? ORDER BY id LIMIT ?",
            (organization, *(text for _, text in wanted), after, limit + 1),
        ).fetchall()
        return MappingPage(tuple(_read(row) for row in rows[:limit]), more=len(rows) > limit)


def _read(row: _Row) -> tuple[ResourceKey, Stored]:
    organization, resource_id, entity_type, entity_id, system, table, external_id, version, created_ms, updated_ms = row
    spec = Mapping(
        entity_type=entity_type,
        entity_id=entity_id,
        external_system=system,
        external_table=table,
        external_id=external_id,
    )
    resource = Resource(
        kind=Kind.MAPPING,
        organization=organization,
        id=resource_id,
        spec=spec,
        created_ms=created_ms,
        updated_ms=updated_ms,
    )
    return ResourceKey(Kind.MAPPING, organization, resource_id), Stored(resource, version)
