"""Recognising a second outcome of a run."""

from services.disabler.core.first_outcomes import FirstOutcomes


def test_a_second_outcome_is_superseded_and_the_first_read_again_is_not() -> None:
    first = FirstOutcomes()
    first.remember("acme", "run", 10)
    assert not first.superseded("acme", "run", 10)
    assert first.superseded("acme", "run", 11)


def test_the_first_outcome_stays_the_first() -> None:
    first = FirstOutcomes()
    first.remember("acme", "run", 10)
    first.remember("acme", "run", 11)
    assert first.superseded("acme", "run", 11)


def test_runs_of_two_organizations_are_two_runs() -> None:
    first = FirstOutcomes()
    first.remember("acme", "run", 10)
    assert not first.superseded("other", "run", 11)


def test_the_oldest_runs_are_forgotten_beyond_the_bound() -> None:
    first = FirstOutcomes(max_runs=2)
    for offset, run in enumerate(("a", "b", "c")):
        first.remember("acme", run, offset)
    assert not first.superseded("acme", "a", 9)
    assert first.superseded("acme", "b", 9)
    assert first.superseded("acme", "c", 9)
