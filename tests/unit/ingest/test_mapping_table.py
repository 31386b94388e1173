"""Mappings in memory: found by id, by entity and by external id, in pages."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from services.ingest.config_table import ConfigTable
from services.ingest.core.config_changes import Stored
from services.ingest.core.mapping_lookup import lookup_of
from services.ingest.mapping_table import MappingPage
from shared.core.resources import Kind, MappingQuestion, Resource
from tests.unit.ingest.mapping_samples import key, mapping, record, table


def ids(page: MappingPage) -> list[str]:
    return [found.id for found, _ in page.items]


def found(of: ConfigTable, organization: str = "acme", **asked: str) -> list[str]:
    return ids(of.mappings(organization, lookup_of(asked), "", 10))


def test_a_mapping_is_read_as_it_was_written() -> None:
    of = table(first=mapping("Ünï/7", "a'b\"c"))
    assert of.get(key("first")) == Stored(
        Resource(
            kind=Kind.MAPPING,
            organization="acme",
            id="first",
            spec=mapping("Ünï/7", "a'b\"c"),
            created_ms=1,
            updated_ms=2,
        ),
        0,
    )
    assert of.get(key("second")) is None
    assert of.get(key("first", "other")) is None


def test_the_version_is_the_offset_of_the_last_record_and_a_tombstone_deletes() -> None:
    of = table(m=mapping())
    of.apply(record(key("m"), mapping("b-2"), 5))
    stored = of.get(key("m"))
    assert stored is not None
    assert (stored.version, stored.resource.spec) == (5, mapping("b-2"))
    assert found(of, entity_type="bill", entity_id="b-1") == []
    of.apply(record(key("m"), None, 6))
    of.apply(record(key("m"), None, 7))
    assert of.get(key("m")) is None


def test_pages_are_by_id_and_of_one_organization() -> None:
    of = table(**{f"m{number}": mapping(f"b-{number}") for number in (4, 2, 0, 3, 1)})
    of.apply(record(key("m5", "other"), mapping("b-5"), 9))
    first = of.mappings("acme", None, "", 2)
    second = of.mappings("acme", None, "m1", 2)
    last = of.mappings("acme", None, "m3", 2)
    assert [(ids(page), page.more) for page in (first, second, last)] == [
        (["m0", "m1"], True),
        (["m2", "m3"], True),
        (["m4"], False),
    ]


def test_an_entity_leads_to_its_external_ids_and_an_external_id_to_its_entities() -> None:
    of = table(
        a=mapping("b-1", "INV-1"),
        b=mapping("b-1", "J-9", external_table="journal"),
        c=mapping("b-1", "x", external_system="desk"),
        d=mapping("b-2", "INV-1"),
        e=mapping("b-1", "INV-1", entity_type="customer"),
    )
    assert found(of, entity_type="bill", entity_id="b-1") == ["a", "b", "c"]
    assert found(of, entity_type="bill", entity_id="b-1", external_system="ledger") == ["a", "b"]
    assert found(of, entity_type="bill", entity_id="b-1", external_table="journal") == ["b"]
    assert found(of, external_system="ledger", external_id="INV-1") == ["a", "d", "e"]
    assert found(of, external_system="ledger", external_id="INV-1", entity_type="bill") == ["a", "d"]
    assert found(of, "other", external_system="ledger", external_id="INV-1") == []
    page = of.mappings("acme", lookup_of({"external_system": "ledger", "external_id": "INV-1"}), "a", 1)
    assert (ids(page), page.more) == (["d"], True)


@pytest.mark.parametrize("asked", [{}, {"external_system": "s", "external_id": "i", "entity_type": "t"}])
def test_no_listing_reads_what_it_does_not_show(asked: dict[str, str]) -> None:
    """A page in the middle of very many costs what a page costs: nothing is sorted, only the index is walked."""
    of = ConfigTable()
    with of.at_rest() as resources:
        rows = resources.mappings._rows
        statements: list[str] = []
        rows.set_trace_callback(statements.append)
        resources.mappings.page("acme", lookup_of(asked), "m", 10)
        rows.set_trace_callback(None)
        [statement] = [each for each in statements if each.startswith("SELECT")]
        plan = [row[3] for row in rows.execute(f"EXPLAIN QUERY PLAN {statement}")]
    assert len(plan) == 1
    assert plan[0].startswith("SEARCH")
    assert "id>?" in plan[0]


def test_the_table_knows_who_answers_a_question() -> None:
    of = table(m=mapping())
    with of.at_rest() as resources:
        assert resources.holder_of("acme", mapping().question) == key("m")
        assert resources.holder_of("other", mapping().question) is None
        assert resources.holder_of("acme", MappingQuestion("bill", "b-1", "ledger", "journal")) is None


def test_mappings_are_not_among_what_may_refer_to_something() -> None:
    of = table(m=mapping())
    with of.at_rest() as resources:
        assert list(resources.of_organization("acme")) == []
    assert of.all_of(Kind.WEBHOOK, "acme") == []


def test_a_value_that_is_no_mapping_changes_nothing() -> None:
    of = table(m=mapping())
    broken = record(key("m"), mapping(), 3)
    assert broken.value is not None
    with pytest.raises(ValidationError):
        of.apply(replace(broken, value=broken.value.replace(b"external_id", b"external")))
    assert of.get(key("m")) is not None
