"""The demonstration's sums and its verdict: what must hold, and that each breach is found."""

from __future__ import annotations

from dataclasses import replace

import pytest

from deploy.local.demo.core.duplicates import Bound
from deploy.local.demo.core.evidence import Evidence
from deploy.local.demo.core.sums import sums
from deploy.local.demo.core.verdict import broken_claims
from shared.core.messages.integration_events import PERFORM_ERROR, RUN_SKIPPED, RunStatus
from tests.unit.deploy.demo_evidence import (
    accepted,
    attempt,
    dead_delivery,
    disabled,
    matched,
    matched_to_nothing,
    one_delivery,
    outcome,
    request,
    run_of,
)

NONE = Bound(0, 0, 0)


def breaches(evidence: Evidence, duplicates: int = 0, allowed: Bound = NONE) -> list[str]:
    return broken_claims(sums(evidence), duplicates, allowed)


def test_one_delivery_adds_up() -> None:
    counted = sums(one_delivery())
    assert counted.delivered == counted.runs == counted.expected_runs == {run_of("a", "desk")}
    assert counted.ended == 1
    assert breaches(one_delivery()) == []


def test_an_event_that_matches_nothing_is_accounted_for() -> None:
    base = one_delivery()
    evidence = replace(base, accepted=(*base.accepted, accepted("b")), matches=(*base.matches, matched("b")))
    assert sums(evidence).unmatched == {("/demo/shop", "b")}
    assert breaches(evidence) == []


def test_a_second_match_record_of_one_event_counts_once() -> None:
    base = one_delivery()
    assert sums(replace(base, matches=base.matches * 2)) == sums(base)


def test_an_accepted_event_without_a_match_record_is_lost() -> None:
    base = one_delivery()
    evidence = replace(base, accepted=(*base.accepted, accepted("b")))
    assert breaches(evidence) == ["1 accepted events have no match record: they are lost"]


def test_a_match_of_an_event_that_nobody_sent_is_a_breach() -> None:
    base = one_delivery()
    evidence = replace(base, matches=(*base.matches, matched("stranger")))
    assert breaches(evidence) == ["1 events were matched that nobody sent"]


def test_events_of_the_fleet_itself_count_apart_from_what_producers_were_promised() -> None:
    base, error = one_delivery(), disabled("ledger")
    own = replace(base, integration_events=(*base.integration_events, error))
    counted = sums(replace(own, matches=(*base.matches, matched_to_nothing(error))))
    assert counted.error_events == {(error.source, error.id)}
    assert counted.uninvited == counted.unmatched == frozenset()
    assert breaches(replace(own, matches=(*base.matches, matched_to_nothing(error)))) == []
    assert breaches(own) == ["1 error events have no match record: they are lost"]


def test_a_run_that_should_have_been_planned_is_missed() -> None:
    base = one_delivery()
    evidence = replace(base, accepted=(accepted("a", "desk", "crm"),))
    assert breaches(evidence) == ["1 runs that events must have triggered were not planned"]


def test_a_run_that_nothing_triggers_is_surplus() -> None:
    evidence = replace(one_delivery(), accepted=(accepted("a"),))
    assert breaches(evidence) == ["1 runs were planned that no event should have triggered"]


def test_a_planned_run_without_delivery_request_is_lost_and_not_pending() -> None:
    evidence = replace(one_delivery(), requested=frozenset(), integration_events=(), received=())
    counted = sums(evidence)
    assert counted.lost == {run_of("a", "desk")}
    assert counted.pending == frozenset()
    assert breaches(evidence) == ["1 planned runs have no delivery request and no outcome: they are lost"]


def test_a_run_without_outcome_is_pending_and_breaks_the_sums_at_the_end() -> None:
    evidence = replace(one_delivery(), integration_events=(), received=())
    assert sums(evidence).pending == {run_of("a", "desk")}
    assert breaches(evidence) == ["1 runs have not ended"]


def test_a_delivery_that_no_receiver_answered_is_a_breach() -> None:
    evidence = replace(one_delivery(), received=(request("a", "desk", status=503),))
    assert breaches(evidence) == ["1 runs are recorded as delivered and no receiver answered them"]


def test_an_outcome_of_a_run_that_was_never_planned_is_a_breach() -> None:
    base = one_delivery()
    evidence = replace(base, integration_events=(*base.integration_events, outcome("ghost", "desk")))
    assert breaches(evidence) == ["1 runs exist that no match record names"]


def test_a_request_of_a_run_that_was_never_planned_is_a_breach() -> None:
    base = one_delivery()
    evidence = replace(base, received=(*base.received, request("ghost", "desk", status=500)))
    assert breaches(evidence) == ["1 runs exist that no match record names"]


def test_a_refused_signature_is_a_breach() -> None:
    base = one_delivery()
    evidence = replace(base, received=(*base.received, request("a", "desk", status=401)))
    assert breaches(evidence) == ["1 requests had a signature that their receiver refused"]


@pytest.mark.parametrize("number", [3, 30])
def test_duplicates_beyond_the_bound_are_a_breach(number: int) -> None:
    bound = Bound(in_flight=1, begun_since_asked=0, uncommitted=1)
    assert breaches(one_delivery(), number, bound) == [f"{number} duplicates are more than the bound of 2"]


def test_duplicates_up_to_the_bound_are_none() -> None:
    assert breaches(one_delivery(), 2, Bound(1, 0, 1)) == []


def test_the_first_outcome_of_a_run_counts_and_later_ones_are_superseded() -> None:
    failure = outcome("a", "desk", PERFORM_ERROR, RunStatus.FAILED)
    counted = sums(replace(one_delivery(), integration_events=(failure, outcome("a", "desk"))))
    assert counted.failed == {PERFORM_ERROR: {run_of("a", "desk")}}
    assert counted.delivered == frozenset()
    assert counted.superseded == 1


def test_a_run_answered_and_recorded_otherwise_needs_a_crash_to_explain_it() -> None:
    failure = outcome("a", "desk", PERFORM_ERROR, RunStatus.FAILED)
    base = one_delivery()
    evidence = replace(base, integration_events=(failure,), matches=(*base.matches, matched_to_nothing(failure)))
    assert breaches(evidence) == ["1 runs were answered and not recorded as delivered, more than crashes explain"]
    assert breaches(evidence, allowed=Bound(1, 0, 0)) == []


def test_a_skipped_run_is_disabled_or_cancelled_by_its_status() -> None:
    base = replace(one_delivery(), attempts=frozenset(), received=())
    for status, name in ((RunStatus.DISABLED, "disabled"), (RunStatus.CANCELLED, "cancelled")):
        counted = sums(replace(base, integration_events=(outcome("a", "desk", RUN_SKIPPED, status),)))
        assert getattr(counted, name) == {run_of("a", "desk")}
        assert counted.ended == 1


def test_a_run_whose_delivery_request_was_set_aside_is_dead_lettered() -> None:
    evidence = replace(one_delivery(), integration_events=(), received=(), dead_letters=(dead_delivery("a", "desk"),))
    assert sums(evidence).dead_lettered == {run_of("a", "desk")}
    assert breaches(evidence) == []


def test_only_runs_with_a_second_attempt_number_were_retried() -> None:
    base = one_delivery()
    assert sums(base).retried == frozenset()
    assert sums(replace(base, attempts=base.attempts | {attempt("a", "desk", 2)})).retried == {run_of("a", "desk")}


def test_an_integration_disabled_twice_by_one_decision_counts_once() -> None:
    evidence = replace(one_delivery(), integration_events=(disabled("ledger"), disabled("ledger")))
    assert sums(evidence).disabled_integrations == ("ledger",)


def test_an_event_with_a_rule_that_could_not_be_evaluated_is_named() -> None:
    evidence = replace(one_delivery(), matches=(matched("a", "desk", unevaluable=("discount",)),))
    assert sums(evidence).unevaluable == {("/demo/shop", "a")}
    assert breaches(evidence) == []
