"""What may be asked of the mappings."""

import pytest

from services.ingest.core.mapping_lookup import Direction, Lookup, lookup_of
from shared.core.faults import InvalidInput


def test_nothing_asked_is_all_of_them() -> None:
    assert lookup_of({}) is None


@pytest.mark.parametrize(
    ("fields", "direction"),
    [
        ("entity_type entity_id", Direction.ENTITY),
        ("entity_type entity_id external_table", Direction.ENTITY),
        ("entity_type entity_id external_system external_table external_id", Direction.ENTITY),
        ("external_system external_id", Direction.EXTERNAL_ID),
        ("external_system external_id entity_type external_table", Direction.EXTERNAL_ID),
    ],
)
def test_a_lookup_begins_where_an_index_does(fields: str, direction: Direction) -> None:
    asked = dict.fromkeys(fields.split(), "x")
    assert lookup_of(asked) == Lookup(direction, asked)


@pytest.mark.parametrize(
    ("fields", "missing"),
    [
        ("entity_type", ["entity_id"]),
        ("entity_id external_table", ["entity_type"]),
        ("external_id", ["external_system"]),
        ("external_system", ["external_id"]),
        ("external_table", ["entity_id", "entity_type"]),
    ],
)
def test_what_no_index_answers_is_refused_with_what_is_missing(fields: str, missing: list[str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        lookup_of(dict.fromkeys(fields.split(), "x"))
    assert [fault.field for fault in refused.value.faults] == missing
