"""The gate: begin, wait a moment, or come back later; and what that costs in a simulated world."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.gate import HOLD_MS, Begin, Defer, Gate, Hold, Limits, Room
from services.dispatcher.core.gates import MOST_GATES, Gates
from services.dispatcher.core.window import Sign
from tests.unit.dispatcher.gate_world import PLACES, SLOTS, World

ROOM = Room(SLOTS, SLOTS, PLACES)
FREE = Limits()


def fast(now_ms: int) -> tuple[int, Sign]:
    return 5, Sign.ANSWERED


def hangs(now_ms: int) -> tuple[int, Sign]:
    return 15_000, Sign.TROUBLED


def ask(
    gate: Gate[int], limits: Limits = FREE, room: Room = ROOM, now_ms: int = 0, *, came_back: bool = False
) -> object:
    return gate.ask(limits, room, came_back=came_back, now_ms=now_ms)


def filled(limits: Limits = FREE, room: Room = ROOM) -> Gate[int]:
    """A gate at which requests began until no more might."""
    gate: Gate[int] = Gate()
    while ask(gate, limits, room) == Begin():
        gate.begin(0)
    return gate


def test_concurrency_bounds_what_is_under_way() -> None:
    assert filled(Limits(concurrency=3)).window.in_flight == 3


def test_an_unknown_receiver_gets_the_initial_window() -> None:
    assert filled().window.in_flight == 10


def test_receivers_that_have_not_answered_share_half_of_the_slots() -> None:
    gate: Gate[int] = Gate()
    assert ask(gate, room=Room(SLOTS // 2, SLOTS, PLACES)) != Begin()
    gate.window.proven = True
    assert ask(gate, room=Room(SLOTS // 2, SLOTS, PLACES)) == Begin()


def test_nobody_takes_more_slots_than_are_free() -> None:
    gate: Gate[int] = Gate()
    gate.window.proven, gate.window.limit = True, 1_000.0
    taken = 0
    while ask(gate, room=Room(SLOTS - taken, SLOTS, PLACES)) == Begin():
        gate.begin(0)
        taken += 1
    assert taken == SLOTS // 2


def test_a_run_whose_turn_comes_soon_waits_in_memory() -> None:
    gate = filled(Limits(concurrency=1))
    gate.window.end(Sign.ANSWERED, 0, 50)
    gate.begin(50)
    assert ask(gate, Limits(concurrency=1), now_ms=60) == Hold()


def test_without_a_place_in_memory_it_is_put_off() -> None:
    gate = filled(Limits(concurrency=1))
    assert isinstance(ask(gate, Limits(concurrency=1), Room(SLOTS, SLOTS, 0)), Defer)


def test_runs_that_are_put_off_come_back_one_after_another() -> None:
    gate: Gate[int] = Gate()
    limits = Limits(per_second=0.5)
    waits = [answer.wait_ms for _ in range(3) if isinstance(answer := ask(gate, limits), Defer)]
    assert waits == [2_000, 4_000, 6_000]


def test_who_comes_back_goes_before_who_arrives() -> None:
    gate: Gate[int] = Gate()
    limits = Limits(per_second=0.5, burst=2)
    assert isinstance(ask(gate, limits), Defer)
    assert isinstance(ask(gate, limits, now_ms=2_000), Defer), "the token is for the one that is away"
    assert ask(gate, limits, now_ms=2_000, came_back=True) == Begin()


def test_a_rate_that_nobody_uses_up_lets_arrivals_pass() -> None:
    gate: Gate[int] = Gate()
    limits = Limits(per_second=0.5, burst=2)
    assert isinstance(ask(gate, limits), Defer)
    assert ask(gate, limits, now_ms=10_000) == Begin()


def test_a_wait_for_a_limit_of_ours_is_not_the_receivers() -> None:
    assert ask(Gate[int](), Limits(per_second=0.01)) == Defer(100_000, by_receiver=False)


def test_a_wait_for_a_receiver_that_hangs_is_its_own() -> None:
    answer = ask(filled(), now_ms=30_000)
    assert isinstance(answer, Defer)
    assert answer.by_receiver


def test_a_held_run_that_has_waited_too_long_is_put_off_after_all() -> None:
    gate = filled()
    gate.hold(7, 0)
    assert gate.next_held(FREE, ROOM, HOLD_MS) is None
    following = gate.next_held(FREE, ROOM, 10 * HOLD_MS)
    assert following is not None
    assert following[0] == 7
    assert isinstance(following[1], Defer)


def test_a_held_run_of_an_integration_that_sends_nothing_any_more_waits_for_nothing() -> None:
    gate = filled()
    gate.hold(7, 0)
    assert gate.next_held(None, ROOM, 1) == (7, Begin())


def test_a_limit_that_changes_applies_at_once() -> None:
    gate: Gate[int] = Gate()
    assert isinstance(ask(gate, Limits(per_second=0.01)), Defer)
    assert ask(gate, FREE) == Begin()


def test_a_partition_that_comes_anew_begins_with_new_gates() -> None:
    gates: Gates[int] = Gates()
    before = gates.of(3, ("acme", "chat"))
    assert gates.of(3, ("acme", "chat")) is before
    gates.begin_anew(3)
    assert gates.of(3, ("acme", "chat")) is not before


def test_of_too_many_gates_only_those_in_use_are_kept() -> None:
    gates: Gates[int] = Gates()
    busy = gates.of(0, ("acme", "busy"))
    busy.begin(0)
    for number in range(2 * MOST_GATES):
        gates.of(0, ("acme", f"idle-{number}"))
    assert gates.of(0, ("acme", "busy")) is busy
    assert len(gates._gates[0]) <= MOST_GATES + 1


def test_a_run_that_can_only_wait_in_its_place_is_told_how_long() -> None:
    gates: Gates[int] = Gates()
    assert gates.pass_in_place(0, ("acme", "chat"), Limits(per_second=10), ROOM, 0) == 100
    assert not isinstance(gates.pass_in_place(0, ("acme", "chat"), Limits(per_second=10), ROOM, 100), int)
    assert not isinstance(gates.pass_in_place(0, ("acme", "chat"), None, ROOM, 100), int)


@pytest.mark.parametrize("rate", [1.0, 10.0, 250.0])
def test_a_backlog_leaves_at_exactly_its_rate_and_every_run_is_put_off_once_at_most(rate: float) -> None:
    world = World(Limits(rate, burst=max(1, round(rate))), fast)
    for number in range(3_000):
        world.arrive(number // 3)
    world.run(round(3_000 / rate * 1_000) + 2_000)
    assert len(world.ended) == 3_000
    assert max(run.deferrals for run in world.ended) <= 1
    assert all(run.waited_ms == 0 for run in world.ended), "no wait counts against a run's deadline"


def test_a_backlog_of_many_runs_costs_few_records_in_every_second() -> None:
    world = World(Limits(10, burst=10), fast)
    for number in range(20_000):
        world.arrive(number // 3)
    world.run(2_010_000)
    assert len(world.ended) == 20_000
    assert max(world.records.values()) < 100
    assert sum(world.records.values()) / 2_000 < 20


@given(
    rate=st.floats(0.2, 200),
    burst=st.integers(1, 50),
    arrivals=st.lists(st.integers(0, 20_000), max_size=300),
    takes_ms=st.integers(0, 3_000),
)
def test_no_window_of_time_sees_more_than_its_rate_and_one_burst(
    rate: float, burst: int, arrivals: list[int], takes_ms: int
) -> None:
    world = World(Limits(rate, burst), lambda _: (takes_ms, Sign.ANSWERED))
    for time_ms in arrivals:
        world.arrive(time_ms)
    world.run(60_000)
    for index, first_ms in enumerate(world.begun):
        for later, last_ms in enumerate(world.begun[index:]):
            assert later + 1 <= rate * (last_ms - first_ms) / 1000 + burst + 1e-6


@given(st.integers(1, 30), st.lists(st.integers(0, 2_000), max_size=200), st.sampled_from([5, 400]))
def test_concurrency_holds_and_nothing_is_forgotten(most: int, arrivals: list[int], takes_ms: int) -> None:
    world = World(Limits(concurrency=most), lambda _: (takes_ms, Sign.ANSWERED))
    for time_ms in arrivals:
        world.arrive(time_ms)
    world.run(600_000)
    assert world.most_in_flight <= most
    assert len(world.ended) == len(arrivals)
    assert world.gate.is_idle


def test_a_receiver_that_hangs_is_asked_by_one_request_at_a_time_and_its_runs_rarely_come_to_look() -> None:
    world = World(FREE, hangs)
    for number in range(10_000):
        world.arrive(number * 10)
    world.run(600_000)
    assert world.gate.window.limit == 1.0
    assert world.most_in_flight <= 10
    assert sum(world.records.values()) / 600 < 100


def test_a_receiver_that_recovers_has_its_backlog_within_minutes() -> None:
    world = World(FREE, lambda now_ms: hangs(now_ms) if now_ms < 60_000 else fast(now_ms))
    for number in range(3_000):
        world.arrive(number * 20)
    world.run(240_000)
    assert len(world.ended) == 3_000


def test_a_healthy_receiver_under_a_burst_is_never_put_off() -> None:
    world = World(FREE, fast)
    for number in range(10_000):
        world.arrive(number // 2)
    world.run(20_000)
    assert len(world.ended) == 10_000
    assert not world.records
