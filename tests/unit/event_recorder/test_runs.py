"""How a run's row grows out of records that come in any order."""

from __future__ import annotations

from functools import reduce

from hypothesis import given
from hypothesis import strategies as st

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.core.run_rows import row_of, run_of
from services.event_recorder.core.runs import LastAttempt, Outcome, Run, RunIdentity, join, join_all
from shared.core.messages.delivery import Trigger
from shared.core.messages.integration_events import RunStatus
from shared.core.records import Record
from tests.unit.event_recorder import records

READER = RecordReader(records.TOPICS)


def run_after(*read: Record) -> Run:
    return reduce(join, (run for record in read for run in READER.read(record).runs))


def test_a_run_that_is_only_planned_is_waiting() -> None:
    assert run_after(records.match()).status is RunStatus.WAITING


def test_a_skip_by_itself_decides_nothing() -> None:
    assert run_after(records.match(), records.skip()).status is RunStatus.WAITING


def test_a_failed_attempt_with_another_to_come_is_awaiting_retry_and_says_why() -> None:
    run = run_after(records.match(), records.attempt(1, retry_due_ms=records.START_MS + 2_000))
    assert run.status is RunStatus.AWAITING_RETRY
    assert run.attempts == 1
    assert run.error is not None
    assert "http_500" in run.error


def test_a_last_attempt_leaves_the_run_in_progress_until_its_outcome() -> None:
    assert run_after(records.attempt(1, succeeded=True)).status is RunStatus.IN_PROGRESS


def test_a_terminal_outcome_decides_whatever_the_attempts_say() -> None:
    attempt = records.attempt(1, retry_due_ms=records.START_MS + 2_000)
    for order in ((attempt, records.outcome(RunStatus.COMPLETED)), (records.outcome(RunStatus.COMPLETED), attempt)):
        run = run_after(*order)
        assert run.status is RunStatus.COMPLETED
        assert run.error is None


def test_the_first_outcome_in_the_order_of_the_topic_wins() -> None:
    first = records.outcome(RunStatus.FAILED, attempts=4, offset=10)
    later = records.outcome(RunStatus.COMPLETED, attempts=4, offset=11)
    assert run_after(first, later).status is RunStatus.FAILED
    assert run_after(later, first).status is RunStatus.FAILED


def test_an_outcome_read_before_the_last_attempt_counts_its_attempts() -> None:
    assert run_after(records.outcome(RunStatus.FAILED, attempts=4), records.attempt(3)).attempts == 4


def test_an_attempt_repeated_after_a_later_one_is_not_the_last() -> None:
    second = records.attempt(2, offset=5, retry_due_ms=records.START_MS + 9_000)
    repeated_first = records.attempt(1, offset=6)
    assert run_after(second, repeated_first).status is RunStatus.AWAITING_RETRY


def test_of_two_matches_of_one_event_the_older_tells_when_the_run_was_created() -> None:
    older, newer = records.match(matched_ms=records.START_MS), records.match(matched_ms=records.START_MS + 70)
    assert run_after(newer, older).identity.created_ms == records.START_MS


TEXT = st.sampled_from(["a", "b"])
SMALL = st.integers(0, 3)
IDENTITIES = st.builds(
    RunIdentity,
    organization=st.just("acme"),
    run_id=st.just("run"),
    webhook_id=TEXT,
    integration_id=TEXT,
    rule_id=st.none() | TEXT,
    trigger=st.sampled_from(Trigger),
    origin_run_id=st.none() | TEXT,
    event_source=TEXT,
    event_id=TEXT,
    event_type=TEXT,
    event_subject=st.none() | TEXT,
    event_time=st.none() | TEXT,
    accepted_ms=SMALL,
    created_ms=SMALL,
)


def attempts_and_outcomes(identity: RunIdentity, place: tuple[str, int] | None, content: int) -> Run:
    """An account whose content follows from its position, as on a topic."""
    match place:
        case ("attempt", offset):
            last = LastAttempt(content, offset, offset if offset % 2 else None, str(offset))
            return Run(identity, last_attempt=last)
        case ("outcome", offset):
            status = (RunStatus.COMPLETED, RunStatus.FAILED)[offset % 2]
            entity = ("bill", str(offset)) if offset > 1 else (None, None)
            return Run(identity, outcome=Outcome(offset, status, offset, offset, None, "[]", *entity))
        case _:
            return Run(identity)


PLACES = st.none() | st.tuples(st.sampled_from(["attempt", "outcome"]), SMALL)
ACCOUNTS = st.lists(st.tuples(IDENTITIES, PLACES), min_size=1, max_size=6).map(
    # One position holds one record: its number follows from its offset.
    lambda drawn: [
        attempts_and_outcomes(identity, place, 1 + (place[1] // 2 if place else 0)) for identity, place in drawn
    ]
)


@given(ACCOUNTS.flatmap(lambda runs: st.tuples(st.just(runs), st.permutations(runs + runs[:2]))))
def test_accounts_join_to_the_same_run_in_any_order_and_however_often(
    accounts: tuple[list[Run], list[Run]],
) -> None:
    once, shuffled = accounts
    assert reduce(join, shuffled) == reduce(join, once)


@given(ACCOUNTS)
def test_accounts_join_to_the_same_run_however_they_are_grouped(runs: list[Run]) -> None:
    middle = len(runs) // 2
    halves = [reduce(join, half) for half in (runs[:middle], runs[middle:]) if half]
    assert reduce(join, halves) == reduce(join, runs)


@given(ACCOUNTS)
def test_a_run_survives_being_stored(runs: list[Run]) -> None:
    run = reduce(join, runs)
    assert run_of(dict(row_of(run))) == run


def test_runs_are_joined_by_organization_and_run() -> None:
    accounts = [
        run
        for organization in ("acme", "other")
        for record in (records.match(organization=organization), records.attempt(organization=organization))
        for run in READER.read(record).runs
    ]
    assert {key[0] for key in join_all(accounts)} == {"acme", "other"}
    assert len(join_all(accounts)) == 2
