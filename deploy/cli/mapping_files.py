"""External mappings as files hold them: CSV with a line of column names, or a JSON array of objects.

Pure: text in, lines or faults out. Everything that can be judged here is judged here, for the whole file at once, so
that one run shows every bad line and nothing is written of a file that is wrong. What depends on the mappings that
stand already is the server's to say.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson
from pydantic import ValidationError

from deploy.cli.failures import Failed
from shared.core.faults import Fault, faults_of
from shared.core.resources import Mapping, MappingQuestion

FIELDS = tuple(Mapping.model_fields)


@dataclass(frozen=True, slots=True)
class MappingLine:
    """One mapping as the file has it, not yet judged; ``place`` is where it stands."""

    place: str
    content: Any

    def fault(self, field: str, message: str, fix: str) -> Fault:
        return Fault(f"{self.place}: {field}" if field else self.place, message, fix)


def parse_mappings(name: str, text: str) -> tuple[list[MappingLine], list[Fault]]:
    """The lines of a file, whose name says which form it has, and a fault for each line that is no mapping at all.

    Raises Failed when the file has neither form.
    """
    if name.endswith(".csv"):
        return _csv_lines(name, text)
    if name.endswith(".json"):
        return list(_json_lines(name, text)), []
    raise Failed(f"{name}: a file of mappings ends in .csv or .json")


def _csv_lines(name: str, text: str) -> tuple[list[MappingLine], list[Fault]]:
    lines: list[MappingLine] = []
    faults: list[Fault] = []
    # Spreadsheets put a byte order mark before the first column's name.
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        columns = reader.fieldnames or ()
        if sorted(columns) != sorted(FIELDS):
            raise Failed(
                f"{name}, line 1: the columns are {', '.join(columns) or 'missing'}; name each of "
                f"{', '.join(FIELDS)} once, separated by commas"
            )
        for row in reader:
            line = MappingLine(f"{name}, line {reader.line_num}", row)
            if None in row or None in row.values():  # the reader's words for a line too long or too short
                fix = f"give {len(FIELDS)} columns, in quotes where a text holds a comma"
                faults.append(line.fault("", "has more or fewer columns than the first line", fix))
            else:
                lines.append(line)
    except csv.Error as error:
        # The line that cannot be read is counted by the inner reader only.
        raise Failed(
            f"{name}, line {reader.reader.line_num}: not CSV ({error}); quote texts that hold quotes"
        ) from None
    return lines, faults


def _json_lines(name: str, text: str) -> Iterator[MappingLine]:
    try:
        documents = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise Failed(f"{name}, line {error.lineno}: not JSON ({error.msg}); give one array of objects") from None
    if not isinstance(documents, list):
        raise Failed(f"{name}: not an array of objects; put the mappings between [ and ]")
    for number, document in enumerate(documents):
        yield MappingLine(f"{name}, entry {number + 1}", document)


def judge_mappings(lines: Iterable[MappingLine]) -> list[Fault]:
    """Everything that is wrong with the lines by themselves and with each other."""
    faults: list[Fault] = []
    first_place: dict[MappingQuestion, str] = {}
    for line in lines:
        try:
            question = Mapping.model_validate(line.content).question
        except ValidationError as error:
            faults += [line.fault(each.field, each.message, each.fix) for each in faults_of(error)]
            continue
        if question in first_place:
            message = f"{first_place[question]} answers for this entity, external system and table"
            faults.append(line.fault("entity_id", message, "keep one of them"))
        first_place.setdefault(question, line.place)
    return faults
