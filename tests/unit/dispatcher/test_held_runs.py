"""The runs that wait in memory: their number, and where to look."""

from services.dispatcher.core.gate import Gate
from services.dispatcher.core.held_runs import HeldRuns


def test_runs_are_counted_over_all_gates() -> None:
    held: HeldRuns[str] = HeldRuns()
    first, second = Gate[str](), Gate[str]()
    for gate, run in ((first, "a"), (first, "b"), (second, "c")):
        held.add(gate, run, now_ms=1)
    assert held.count == 3
    assert held.gates() == [first, second]
    assert [run for _, run in first.held] == ["a", "b"]


def test_a_gate_without_runs_is_looked_at_no_more_after_a_recount() -> None:
    held: HeldRuns[str] = HeldRuns()
    gate = Gate[str]()
    held.add(gate, "a", now_ms=1)
    gate.held.clear()
    held.recount()
    assert (held.count, held.gates(), bool(held)) == (0, [], False)


def test_what_is_lost_is_dropped_and_the_rest_keeps_its_place() -> None:
    held: HeldRuns[str] = HeldRuns()
    gate = Gate[str]()
    for run in ("a", "lost", "b"):
        held.add(gate, run, now_ms=1)
    held.drop(lambda run: run == "lost")
    assert held.count == 2
    assert [run for _, run in gate.held] == ["a", "b"]
