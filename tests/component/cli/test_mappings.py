"""`hookfleet mappings` against a running fleet: what is imported, found, refused and said."""

from __future__ import annotations

import json
import uuid
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.cli.mapping_files import FIELDS
from deploy.local.fleet import Fleet


class Ledger:
    """One test's own external system."""

    def __init__(self, fleet: Fleet, folder: Path) -> None:
        self.name = f"ledger-{uuid.uuid4().hex[:8]}"
        self.folder = folder
        self._env = {"HOOKFLEET_URL": fleet.url, "HOOKFLEET_API_KEY": fleet.api_key, "COLUMNS": "300"}

    def run(self, *arguments: str) -> Result:
        result = CliRunner().invoke(app, ["mappings", *arguments], env=self._env)
        assert isinstance(result.exception, SystemExit | None), result.exception
        return result

    def import_lines(self, lines: list[str], *options: str) -> Result:
        file = self.folder / "mappings.csv"
        file.write_text("\n".join([",".join(FIELDS), *lines]))
        return self.run("import", str(file), *options)

    def line(self, number: int, external_id: str | None = None) -> str:
        return f"bill,b-{number},{self.name},invoices,{external_id or f'INV-{number}'}"


@pytest.fixture
def ledger(fleet: Fleet, tmp_path: Path) -> Ledger:
    return Ledger(fleet, tmp_path)


def test_a_table_larger_than_a_transaction_is_imported_and_again_changes_nothing(ledger: Ledger) -> None:
    lines = [ledger.line(number) for number in range(2_500)]
    first = ledger.import_lines(lines)
    assert (first.exit_code, "2,500 created" in first.output) == (0, True), first.output
    lines[1_700] = ledger.line(1_700, "changed")
    again = ledger.import_lines(lines, "--json")
    assert json.loads(again.stdout) == {"unchanged": 2_499, "updated": 1, "refused": 0, "errors": []}


def test_what_was_imported_is_found_in_both_directions_and_listed(ledger: Ledger) -> None:
    ledger.import_lines([ledger.line(1, "same"), ledger.line(2, "same")])
    asked = ("--entity-type", "bill", "--entity-id", "b-2", "--external-system", ledger.name)
    forward = ledger.run("find", *asked)
    assert (forward.exit_code, ledger.name in forward.output, "b-1" in forward.output) == (0, True, False)
    backward = ledger.run("find", "--external-system", ledger.name, "--external-id", "same", "--json")
    found = json.loads(backward.stdout)
    assert sorted(each["spec"]["entity_id"] for each in found["items"]) == ["b-1", "b-2"]
    assert found["more"] is False
    listed = ledger.run("list", "--limit", "1")
    assert (listed.exit_code, "the first 1;" in listed.output) == (0, True)


def test_nothing_is_imported_of_a_file_in_which_a_line_is_wrong(ledger: Ledger) -> None:
    refused = ledger.import_lines([ledger.line(1), "bill,,x,y,z", ledger.line(1)])
    assert refused.exit_code == 1
    assert "nothing imported, 2 fault(s)" in refused.stderr
    assert "mappings.csv, line 3: entity_id" in refused.stderr
    assert "mappings.csv, line 4: entity_id" in refused.stderr
    none = ledger.run("find", "--external-system", ledger.name, "--external-id", "INV-1")
    assert (none.exit_code, "no mapping answers" in none.stderr) == (1, True)


def test_a_line_that_only_the_server_refuses_is_named_and_the_others_are_written(ledger: Ledger) -> None:
    named = ledger.folder / "named.yaml"
    spec = dict(zip(FIELDS, ledger.line(2, "first").split(","), strict=True))
    named.write_text(json.dumps({"kind": "mapping", "id": ledger.name, "spec": spec}))
    applied = CliRunner().invoke(app, ["apply", "-f", str(named)], env=ledger._env)
    assert applied.exit_code == 0, applied.output

    imported = ledger.import_lines([ledger.line(number) for number in (1, 2, 3)], "--json")
    document = json.loads(imported.stdout)
    assert imported.exit_code == 1
    assert (document["created"], document["refused"]) == (2, 1)
    [error] = document["errors"]
    assert error["field"].endswith("mappings.csv, line 3: entity_id")
    assert f"mapping '{ledger.name}'" in error["message"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("find",), "say what to look for"),
        (("find", "--entity-type", "bill"), "look up with entity_type and entity_id"),
        (("import", "nothing.csv"), "cannot read nothing.csv"),
    ],
)
def test_what_stands_in_the_way_is_said_in_words(ledger: Ledger, arguments: tuple[str, ...], said: str) -> None:
    asked = ledger.run(*arguments)
    assert asked.exit_code == 1
    assert said in asked.stderr
