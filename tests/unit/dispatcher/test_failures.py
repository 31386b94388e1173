"""The table of failures: complete, readable, and the same as in the documentation."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.dispatcher.core.failures import FAILURES, STATUS_CLASSES, STATUSES, Failure, failure_of_status
from shared.core.caller_context import SOURCES
from shared.core.messages.integration_events import (
    AUTHENTICATION_ERROR,
    DISABLED_ERROR,
    MISSING_MAPPING_ERROR,
    PERFORM_ERROR,
    RUN_ERRORS,
    VALIDATION_ERROR,
    CodeOrigin,
    RunStatus,
)

ROOT = Path(__file__).parents[3]
EVERY_ROW: dict[str, Failure] = {
    **FAILURES,
    **{f"http.{status}": row for status, row in STATUSES.items()},
    **{f"http.{name}": row for name, row in STATUS_CLASSES.items()},
}
PREFIXES = ("request", "expression", "entity", "mapping", "credential", "token", "address", "proxy", "dns", "connect",
            "tls", "read", "connection", "protocol", "receiver", "success")  # fmt: skip


@pytest.mark.parametrize("code", EVERY_ROW)
def test_a_cause_completes_a_sentence_and_a_remedy_is_one(code: str) -> None:
    row = EVERY_ROW[code]
    assert row.cause[0].islower()
    assert not row.cause.endswith(".")
    assert row.remedy[0].isupper()
    assert row.remedy.endswith(".")


@pytest.mark.parametrize("code", FAILURES)
def test_a_code_is_two_words_and_ours(code: str) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+(-[a-z]+)*", code)
    assert code.partition(".")[0] in PREFIXES
    assert FAILURES[code].origin is CodeOrigin.HOOKFLEET


def test_no_two_rows_of_ours_say_the_same() -> None:
    assert len({row.cause for row in FAILURES.values()}) == len(FAILURES)
    assert len({row.remedy for row in FAILURES.values()}) == len(FAILURES)


@pytest.mark.parametrize(
    ("event_type", "prefixes"),
    [
        (VALIDATION_ERROR, {"request", "expression", "entity"}),
        (MISSING_MAPPING_ERROR, {"mapping"}),
        (AUTHENTICATION_ERROR, {"credential", "token"}),
        (PERFORM_ERROR, set(PREFIXES[6:])),
    ],
)
def test_the_first_word_of_a_code_decides_the_event(event_type: str, prefixes: set[str]) -> None:
    assert {code.partition(".")[0] for code, row in FAILURES.items() if row.event_type == event_type} == prefixes
    assert event_type in RUN_ERRORS


def test_what_fails_before_the_wire_is_final_unless_a_network_is_to_blame() -> None:
    final = {code for code, row in FAILURES.items() if row.final}
    before_the_wire = {code for code in FAILURES if code.split(".")[0] in PREFIXES[:6]} | {"address.refused"}
    assert final == before_the_wire - {"token.unreachable"}


def test_only_a_failed_proof_of_who_we_are_counts_as_failed_authentication() -> None:
    failed = {code for code, row in EVERY_ROW.items() if row.status is RunStatus.AUTH_FAILED}
    assert failed == {code for code, row in EVERY_ROW.items() if row.event_type == AUTHENTICATION_ERROR}


@pytest.mark.parametrize("status", [*range(100, 200), *range(300, 1000)])
def test_every_status_has_a_row_with_a_place_for_it(status: int) -> None:
    row = failure_of_status(status)
    assert row.origin is CodeOrigin.RECEIVER
    assert str(status) in row.cause.format(status=status)


def named_in_code() -> Iterator[tuple[str, str]]:
    """Every text in the dispatcher that has the form of a code, and where it stands."""
    code = re.compile(rf"({'|'.join(PREFIXES)})\.[a-z][a-z-]*")
    for file in sorted((ROOT / "services" / "dispatcher").rglob("*.py")):
        tree = ast.parse(file.read_text())
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and code.fullmatch(node.value):
                yield node.value, file.name


def test_every_code_that_is_named_anywhere_has_a_row_and_every_row_is_named() -> None:
    named = dict(named_in_code())
    # Expressions begin with these words too.
    expressions = {"request.method", "request.url", "request.body", "request.headers", "request.query", "request.path"}
    assert named.keys() - FAILURES.keys() - expressions == set()
    used = {code for code, file in named_in_code() if file != "failures.py"}
    assert FAILURES.keys() - used == set()


def markdown_row(code: str, row: Failure) -> str:
    owner = "the receiver's" if row.origin is CodeOrigin.RECEIVER else "ours"
    again = "no" if row.final else "yes"
    cause = row.cause.format(status="*status*")
    return f"| `{code}` | `{row.event_type}` | {owner} | {cause} | {row.remedy} | {again} |"


def test_the_documentation_holds_exactly_this_table() -> None:
    text = (ROOT / "docs" / "errors.md").read_text()
    documented = [line for line in text.splitlines() if re.match(r"\| `[a-z]+\.[\w-]+` \| `integration\.", line)]
    assert documented == [markdown_row(code, row) for code, row in EVERY_ROW.items()]


def test_the_documentation_tells_of_all_five_error_events() -> None:
    text = (ROOT / "docs" / "errors.md").read_text()
    assert [each for each in (*RUN_ERRORS, DISABLED_ERROR) if f"`{each}`" not in text] == []


def test_the_documentation_says_where_the_callers_context_comes_from() -> None:
    lines = (ROOT / "docs" / "errors.md").read_text().splitlines()
    for field, (attribute, member, part) in SOURCES.items():
        assert f"| `{field}` | `{attribute}` | `data.{member}.{part}` |" in lines
