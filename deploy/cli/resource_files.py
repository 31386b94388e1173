"""Configuration in YAML files: several documents a file, each one resource with ``kind``, ``id`` and ``spec``.

Pure but for `read_files`: text in, resources or faults out. Everything that can be judged here is judged here, for all
files at once, so that one run shows every mistake; what depends on what exists already (references, conditions) is the
server's to say, and its faults are put back to the file and document that they came from.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from deploy.cli.failures import Failed
from shared.core.faults import Fault, faults_of
from shared.core.identifiers import IDENTIFIER_RULE, is_identifier
from shared.core.resources import Kind, read_spec

_SUFFIXES = (".yaml", ".yml")
_KINDS = ", ".join(Kind)
_FIELDS = {"kind", "id", "spec"}
_SERVER_FIELD = re.compile(r"^resources\[(\d+)\]\.?(.*)$")


@dataclass(frozen=True, slots=True)
class Declared:
    """One document: where it stands and the resource it declares, not yet judged."""

    place: str
    content: Any

    def fault(self, field: str, message: str, fix: str) -> Fault:
        return Fault(f"{self.place}: {field}" if field else self.place, message, fix)


def read_files(path: Path) -> list[tuple[str, str]]:
    """(name, text) of a file, of every YAML file of a folder, or of stdin for ``-``.

    Raises Failed when there is nothing to read.
    """
    if str(path) == "-":
        return [("stdin", sys.stdin.read())]
    files = [path]
    if path.is_dir():
        files = sorted(each for each in path.iterdir() if each.suffix in _SUFFIXES)
        if not files:
            raise Failed(f"{path} holds no file that ends in {' or '.join(_SUFFIXES)}")
    try:
        return [(str(file), file.read_text()) for file in files]
    except (OSError, UnicodeDecodeError) as error:
        raise Failed(f"cannot read {path}: {error}") from None


def parse(name: str, text: str) -> tuple[list[Declared], list[Fault]]:
    """The documents of one file; empty ones are left out. A file that is no YAML is one fault with its line."""
    try:
        contents = list(yaml.safe_load_all(text))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"{name}, line {mark.line + 1}, column {mark.column + 1}" if mark else name
        said = getattr(error, "problem", None) or "cannot be read"
        return [], [Fault(where, f"not valid YAML ({said})", "correct the syntax at this place")]
    numbered = enumerate(contents, start=1)
    return [Declared(_place(name, number, each), each) for number, each in numbered if each is not None], []


def _place(name: str, number: int, content: Any) -> str:
    said = content if isinstance(content, dict) else {}
    called = f" ({said.get('kind')} {said.get('id')})" if said.get("kind") and said.get("id") else ""
    return f"{name}, document {number}{called}"


def judge(documents: Iterable[Declared]) -> list[Fault]:
    """Everything that is wrong with the documents by themselves."""
    faults: list[Fault] = []
    first_place: dict[tuple[str, str], str] = {}
    for document in documents:
        found = list(_faults(document))
        faults += found
        if found:
            continue
        name = (document.content["kind"], document.content["id"])
        if name in first_place:
            faults.append(document.fault("id", f"declared before in {first_place[name]}", "remove one or rename it"))
        first_place.setdefault(name, document.place)
    return faults


def _faults(document: Declared) -> Iterable[Fault]:
    content = document.content
    if not isinstance(content, dict):
        yield document.fault("", "not a mapping", "write kind, id and spec")
        return
    for field in sorted(map(str, content.keys() - _FIELDS)):
        yield document.fault(field, "unknown field", "a document has kind, id and spec; put the rest into spec")
    for field in ("kind", "id", "spec"):
        if field not in content:
            yield document.fault(field, "missing", "add this field")
    kind, id_, spec = (content.get(field) for field in ("kind", "id", "spec"))
    if "id" in content and not (isinstance(id_, str) and is_identifier(id_)):
        yield document.fault("id", "not an identifier", f"use {IDENTIFIER_RULE}")
    known = next((each for each in Kind if each == kind), None)
    if "kind" in content and known is None:
        yield document.fault("kind", "no such kind", f"use one of {_KINDS}")
    if "spec" in content and known is not None:
        try:
            read_spec(known, spec)
        except ValidationError as error:
            for fault in faults_of(error, "spec"):
                yield document.fault(fault.field, fault.message, fault.fix)


def put_back(faults: Iterable[Fault], documents: list[Declared]) -> list[Fault]:
    """The server's faults with ``resources[i].`` replaced by the file and document it stands for."""
    placed = []
    for fault in faults:
        found = _SERVER_FIELD.match(fault.field)
        if found and int(found[1]) < len(documents):
            placed.append(documents[int(found[1])].fault(found[2], fault.message, fault.fix))
        else:
            placed.append(fault)
    return placed
