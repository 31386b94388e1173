"""Refusals of every service: one form, a constant type, and what to do about it."""

from __future__ import annotations

import pytest

from shared.core.faults import Fault
from shared.core.problem_documents import (
    Problem,
    conflict,
    internal,
    invalid,
    malformed,
    not_found,
    of_status,
    too_large,
    unauthorized,
    unavailable,
)

FAULT = Fault("limit", "too large", "send less")
EVERY = {
    "malformed": malformed([FAULT]),
    "unauthorized": unauthorized("missing", "send it"),
    "not-found": not_found("run"),
    "conflict": conflict("Still running", "The run is under way."),
    "too-large": too_large("(body)", "too large", "send less"),
    "invalid": invalid([FAULT, FAULT], "request"),
    "internal": internal(),
    "unavailable": unavailable("Not now.", 5),
    "method-not-allowed": of_status(405, "Method Not Allowed", "Not this one.", {"Allow": "GET"}),
}


@pytest.mark.parametrize(("kind", "problem"), EVERY.items(), ids=EVERY)
def test_a_problem_says_what_it_is_in_one_form(kind: str, problem: Problem) -> None:
    document = problem.document()
    assert set(document) == {"type", "title", "status", "detail", "errors"}
    assert document["type"] == f"urn:hookfleet:problem:{kind}"
    assert document["status"] == problem.status
    assert document["title"]
    assert document["detail"]


def test_faults_name_the_field_and_the_fix() -> None:
    assert malformed([FAULT]).document()["errors"] == [{"field": "limit", "message": "too large", "fix": "send less"}]


def test_a_client_is_told_how_to_come_back() -> None:
    assert unavailable("Not now.", 5).headers == {"Retry-After": "5"}
    assert unauthorized("missing", "send it").headers == {"WWW-Authenticate": "Bearer"}
    assert EVERY["method-not-allowed"].headers == {"Allow": "GET"}
