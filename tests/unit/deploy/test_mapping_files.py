"""Mappings from files: two forms, and every bad line named before anything is written."""

from __future__ import annotations

import pytest

from deploy.cli.failures import Failed
from deploy.cli.mapping_files import FIELDS, judge_mappings, parse_mappings

HEADER = ",".join(FIELDS)
CSV = f"{HEADER}\nbill,b-1,ledger,invoices,INV-1\nbill,b-2,ledger,invoices,INV-2\n"
JSON = (
    '[{"entity_type": "bill", "entity_id": "b-1", "external_system": "ledger", "external_table": "invoices",'
    ' "external_id": "INV-1"}]'
)


def places(name: str, text: str) -> list[str]:
    lines, faults = parse_mappings(name, text)
    return [fault.field for fault in [*faults, *judge_mappings(lines)]]


def test_both_forms_are_read_alike() -> None:
    (from_json,), _ = parse_mappings("m.json", JSON)
    (from_csv, other), faults = parse_mappings("m.csv", CSV)
    assert from_csv.content == from_json.content
    assert other.content["external_id"] == "INV-2"
    assert [from_csv.place, other.place, from_json.place] == ["m.csv, line 2", "m.csv, line 3", "m.json, entry 1"]
    assert faults == []


def test_a_table_as_spreadsheets_write_it_is_read() -> None:
    """Byte order mark, other line ends, other order of columns, quoted commas and line breaks."""
    text = (
        "\ufeffexternal_id,entity_type,entity_id,external_system,external_table\r\n"
        '"INV, 1",bill,b-1,ledger,invoices\r\n"a\r\nb",bill,b-2,ledger,invoices\r\n'
    )
    lines, _ = parse_mappings("m.csv", text)
    assert lines[0].content["external_id"] == "INV, 1"
    assert places("m.csv", text) == ["m.csv, line 4: external_id"]


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("m.txt", CSV, r"ends in \.csv or \.json"),
        ("m.csv", "", "line 1: the columns are missing"),
        ("m.csv", "entity_type;entity_id\n", "separated by commas"),
        ("m.csv", f"{HEADER},colour\n", "name each of entity_type"),
        ("m.csv", f'{HEADER}\nbill,"b"x,ledger,invoices,I\n', "line 2: not CSV"),
        ("m.json", "[{]", "line 1: not JSON"),
        ("m.json", "{}", "not an array"),
    ],
)
def test_a_file_of_neither_form_is_refused_with_its_line(name: str, text: str, said: str) -> None:
    with pytest.raises(Failed, match=said):
        parse_mappings(name, text)


def test_every_bad_line_is_named_with_its_field() -> None:
    text = (
        f"{HEADER}\n"
        "bill,b-1,ledger,invoices,INV-1\n"
        "bill,,ledger,invoices,INV-2\n"
        "bill,b-3,ledger,invoices\n"
        "bill,b-4,ledger,invoices,INV-4,more\n"
        "bill,b-1,ledger,invoices,INV-5\n"
        f"{'x' * 101},b-6,ledger,invoices,INV-6\n"
    )
    assert sorted(places("m.csv", text)) == [
        "m.csv, line 3: entity_id",
        "m.csv, line 4",
        "m.csv, line 5",
        "m.csv, line 6: entity_id",
        "m.csv, line 7: entity_type",
    ]
    objects = '[7, {"entity_type": null}]'
    assert places("m.json", objects)[:2] == ["m.json, entry 1: (whole)", "m.json, entry 2: entity_type"]


def test_a_repeated_question_names_the_line_that_asks_it_first() -> None:
    lines, _ = parse_mappings("m.csv", CSV + "bill, b-1 ,ledger,invoices,INV-1\n")
    (fault,) = judge_mappings(lines)
    assert (fault.field, fault.message[:14]) == ("m.csv, line 4: entity_id", "m.csv, line 2 ")
