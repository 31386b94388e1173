"""Every behaviour that docs/features.md claims names tests, and they exist."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_NAMED = re.compile(r"`(tests/[\w/.]+\.py)::(test_\w+)`")


#: Row number and the (file, test) pairs it names. A row that is built in parts stands there more than once.
Claim = tuple[str, list[tuple[str, str]]]


def claims(text: str) -> list[Claim]:
    """Every row."""
    rows = [line for line in text.splitlines() if re.match(r"\| \d+\.\d+ \|", line)]
    return [(line.split("|")[1].strip(), _NAMED.findall(line)) for line in rows]


def missing(named: list[Claim], root: Path) -> list[str]:
    """What is wrong with the claims."""
    faults = [f"row {row} names no test" for row, tests in named if not tests]
    for row, tests in named:
        for file, test in tests:
            path = root / file
            functions = {
                node.name
                for node in ast.walk(ast.parse(path.read_text() if path.exists() else ""))
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            if test not in functions:
                faults.append(f"row {row}: there is no {file}::{test}")
    return faults


def test_every_row_that_is_built_names_tests_that_exist() -> None:
    named = claims((ROOT / "docs" / "features.md").read_text())
    assert named
    assert missing(named, ROOT) == []


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("| 9.1 | nothing shows it | |", "row 9.1 names no test"),
        (
            "| 9.2 | gone | `tests/unit/test_gone.py::test_gone` |",
            "row 9.2: there is no tests/unit/test_gone.py::test_gone",
        ),
    ],
)
def test_a_claim_without_a_test_is_found(row: str, fault: str, tmp_path: Path) -> None:
    assert missing(claims(row), tmp_path) == [fault]
