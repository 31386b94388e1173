"""Any interleaving of attempts, commits, crashes and hand-overs keeps the order of every key and loses nothing."""

from dataclasses import dataclass, field

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from services.dispatcher.core.ordered_partition import OrderedPartition
from shared.core.ordered_metadata import Held
from tests.unit.dispatcher.ordered_partitions import BROKER_LIMIT, NOW_MS, after, commit


@dataclass
class World:
    """What outlives a worker: the topic, the commit, and what the receiver has seen."""

    keys: list[bytes] = field(default_factory=list)
    stored: tuple[int, str] = (0, "")
    stored_held: dict[int, Held] = field(default_factory=dict)
    sent: dict[bytes, int] = field(default_factory=dict)
    ended: set[int] = field(default_factory=set)


class AnyInterleaving(RuleBasedStateMachine):
    """Records come, are read, tried, fail, end; commits arrive late, unanswered or not at all; workers crash."""

    @initialize()
    def begin(self) -> None:
        self.world = World()
        self.now_ms = NOW_MS
        self.take_over()

    def take_over(self) -> None:
        self.worker = OrderedPartition(*self.world.stored)
        self.position = self.world.stored[0]
        self.under_way: dict[int, Held | None] = {}
        self.held: dict[int, Held] = dict(self.world.stored_held)
        #: Commits on their way: point, ends, what was held at that time.
        self.commits: list[tuple[tuple[int, str], int, dict[int, Held]]] = []

    @rule(key=st.sampled_from([b"a", b"b", b"c"]), count=st.integers(1, 4))
    def records_are_produced(self, key: bytes, count: int) -> None:
        self.world.keys += [key] * count

    @precondition(lambda self: self.position < len(self.world.keys))
    @rule(count=st.integers(1, 5))
    def records_are_read(self, count: int) -> None:
        for offset in range(self.position, min(self.position + count, len(self.world.keys))):
            if self.worker.start(offset):
                self.worker.add(offset, self.world.keys[offset])
            else:
                assert offset in self.world.ended, "only what has ended is skipped"
        self.position = min(self.position + count, len(self.world.keys))

    @rule()
    def an_attempt_begins(self) -> None:
        offset = self.worker.begin_next(self.now_ms)
        if offset is None:
            return
        key = self.world.keys[offset]
        assert self.world.sent.get(key, -1) <= offset, "within a key offsets never fall"
        assert all(self.world.keys[each] != key for each in self.under_way), "one at a time"
        earlier = [each for each in range(offset) if self.world.keys[each] == key]
        assert self.world.ended.issuperset(earlier), "all before it have ended"
        self.world.sent[key] = offset
        self.under_way[offset] = self.worker.held(offset)
        assert self.under_way[offset] == self.held.get(offset), "an attempt knows those before it"

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def an_attempt_ends_the_run(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(sorted(self.under_way)))
        del self.under_way[offset]
        self.held.pop(offset, None)
        self.world.ended.add(offset)
        self.worker.finish(offset)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data(), wait_ms=st.sampled_from([0, 1_000, 60_000]))
    def an_attempt_is_to_be_repeated(self, data: st.DataObject, wait_ms: int) -> None:
        offset = data.draw(st.sampled_from(sorted(self.under_way)))
        held = self.held[offset] = after(self.under_way.pop(offset), self.now_ms, wait_ms)
        self.worker.hold(offset, held)

    @precondition(lambda self: self.under_way)
    @rule(data=st.data())
    def an_attempt_is_broken_off(self, data: st.DataObject) -> None:
        offset = data.draw(st.sampled_from(sorted(self.under_way)))
        del self.under_way[offset]
        self.worker.abandon(offset)

    @rule(step_ms=st.sampled_from([1, 20_000, 100_000]))
    def time_passes(self, step_ms: int) -> None:
        self.now_ms += step_ms

    @rule()
    def a_commit_is_sent(self) -> None:
        ends = self.worker.ends
        point = self.worker.commit_point()
        self.commits.append((point, ends, {o: h for o, h in self.held.items() if o >= point[0]}))

    @precondition(lambda self: self.commits)
    @rule(is_answered=st.booleans())
    def a_commit_is_stored(self, is_answered: bool) -> None:
        point, ends, held = self.commits.pop(0)
        self.world.stored, self.world.stored_held = point, held
        if is_answered:
            self.worker.acknowledged(ends)

    @precondition(lambda self: self.commits)
    @rule()
    def a_commit_is_refused(self) -> None:
        self.commits.pop(0)

    @rule()
    def the_worker_crashes(self) -> None:
        self.take_over()

    @invariant()
    def commits_fit_and_promise_only_what_has_ended(self) -> None:
        if not hasattr(self, "worker"):
            return
        offset, metadata = self.worker.commit_point()
        assert len(metadata) <= BROKER_LIMIT
        assert self.world.ended.issuperset(range(min(offset, self.position)))

    def teardown(self) -> None:
        """From wherever it stands, everything ends."""
        if not hasattr(self, "worker"):
            return
        self.take_over()
        self.records_are_read(len(self.world.keys) or 1) if self.position < len(self.world.keys) else None
        while self.worker.lowest_unfinished < len(self.world.keys):
            self.now_ms += 100_000
            self.an_attempt_begins()
            for offset in list(self.under_way):
                del self.under_way[offset]
                self.held.pop(offset, None)
                self.world.ended.add(offset)
                self.worker.finish(offset)
            commit(self.worker)
        assert self.world.ended == set(range(len(self.world.keys)))


AnyInterleaving.TestCase.settings = settings(max_examples=150, stateful_step_count=60, deadline=None)
TestAnyInterleaving = AnyInterleaving.TestCase
