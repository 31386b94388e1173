"""What is under way or finished is not done a second time."""

from services.dispatcher.core.known_work import KnownWork

WORK = ("run", 0)


def test_a_copy_of_work_under_way_ends_with_it() -> None:
    known: KnownWork[str] = KnownWork()
    known.begin(WORK, "first")
    assert known.join(WORK, "second")
    assert known.end(WORK) == ["first", "second"]


def test_work_that_has_ended_or_is_another_step_is_not_joined() -> None:
    known: KnownWork[str] = KnownWork()
    known.begin(WORK, "first")
    assert not known.join(("run", 1), "another step")
    known.end(WORK)
    assert not known.join(WORK, "too late")


def test_what_is_finished_is_known_in_its_own_partition_alone() -> None:
    known: KnownWork[str] = KnownWork()
    known.remember(3, WORK, now_ms=1)
    assert known.is_finished(3, WORK)
    assert not known.is_finished(4, WORK)
    assert not known.is_finished(3, ("run", 1))
