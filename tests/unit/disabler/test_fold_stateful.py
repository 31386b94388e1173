"""The fold against a model that remembers everything, under second outcomes, redelivery and crashes.

The machine plays a log into the fold as the service does: announcements first, then the table, then the
acknowledgement, dying anywhere in between and reading again from the last acknowledgement. The model reads each record
once. What the fold may forget is stated in one rule: a second outcome is drawn of any run that the table must know
(`Model.traced`) or that the living process has seen.
"""

from typing import Literal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.disabler.core.first_outcomes import FirstOutcomes
from services.disabler.core.fold import fold
from services.disabler.core.streak import Decision, Disable, Streak, decode_streak, encode_streak
from shared.core.messages.integration_events import ENABLE_REQUESTED, IntegrationEvent, RunOutcome, RunStatus
from tests.unit.disabler.outcomes import ORGANIZATION, disable_request, enable_request, outcome

LIMIT = 5
Said = tuple[Literal["disable", "enable"], int]
#: (enabled, epoch, failed runs of the streak)
State = tuple[bool, int, tuple[str, ...]]


class Model:
    """What should be, knowing every run that ever ended."""

    def __init__(self) -> None:
        self.enabled = True
        self.epoch = 0
        self.failed: list[str] = []
        self.ended: set[str] = set()
        #: Runs that the table must know by itself, whatever process reads on.
        self.traced: set[str] = set()
        self.said: list[Said] = []

    def state(self) -> State:
        return self.enabled, self.epoch, tuple(self.failed)

    def read(self, event: IntegrationEvent) -> None:
        if isinstance(event.data, RunOutcome):
            self._outcome(event.data)
        elif event.type == ENABLE_REQUESTED:
            if not self.enabled:
                self.enabled, self.epoch = True, self.epoch + 1
            self.said.append(("enable", self.epoch))
        else:
            self._disable()

    def _disable(self) -> None:
        self.enabled, self.failed, self.traced = False, [], set()
        self.said.append(("disable", self.epoch))

    def _outcome(self, run: RunOutcome) -> None:
        if run.run_id in self.ended:
            return
        self.ended.add(run.run_id)
        if not self.enabled or run.epoch != self.epoch:
            return
        if run.status is RunStatus.COMPLETED and self.failed:
            self.failed = []
            self.traced.add(run.run_id)
        elif run.status is RunStatus.FAILED:
            self.failed.append(run.run_id)
            self.traced.add(run.run_id)
            if len(self.failed) >= run.failure_limit:
                self._disable()


class FoldMachine(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.log: list[IntegrationEvent] = []
        #: What the model says after so many records, and what has been announced by then.
        self.states: list[State] = [self.model.state()]
        self.said: list[set[Said]] = [set()]
        self.table: bytes | None = None
        self.table_at = 0
        self.acknowledged = 0
        self.announced: list[Decision] = []
        self.process = FirstOutcomes()

    # What is written to the topic.

    @rule(statuses=st.lists(st.sampled_from([RunStatus.FAILED] * 3 + [RunStatus.COMPLETED, RunStatus.CANCELLED])))
    def runs_end(self, statuses: list[RunStatus]) -> None:
        for status in statuses:
            self._write(outcome(f"run-{len(self.log)}", status, epoch=self.model.epoch, limit=LIMIT))

    @rule(data=st.data())
    def a_run_of_an_older_epoch_ends(self, data: st.DataObject) -> None:
        if self.model.epoch:
            epoch = data.draw(st.integers(0, self.model.epoch - 1))
            status = data.draw(st.sampled_from([RunStatus.FAILED, RunStatus.COMPLETED]))
            self._write(outcome(f"run-{len(self.log)}", status, epoch=epoch, limit=LIMIT))

    @rule(data=st.data(), handed_over=st.booleans())
    def a_run_ends_a_second_time(self, data: st.DataObject, handed_over: bool) -> None:
        self.everything_is_handled()
        if handed_over:
            self.process = FirstOutcomes()
        remembered = {run for run in self.model.ended if self.process.superseded(ORGANIZATION, run, len(self.log))}
        repeatable = sorted(self.model.traced | remembered)
        if repeatable:
            run_id = data.draw(st.sampled_from(repeatable))
            status = data.draw(st.sampled_from([RunStatus.FAILED, RunStatus.COMPLETED]))
            self._write(outcome(run_id, status, epoch=self.model.epoch, limit=LIMIT))
            if run_id not in self.model.traced:
                self.everything_is_handled()

    @rule()
    def somebody_enables(self) -> None:
        self._write(enable_request())

    @rule()
    def somebody_disables(self) -> None:
        self._write(disable_request())

    def _write(self, event: IntegrationEvent) -> None:
        self.log.append(event)
        self.model.read(event)
        self.states.append(self.model.state())
        self.said.append(set(self.model.said))

    # What the service does with it.

    @rule()
    def everything_is_handled(self) -> None:
        self._handle(len(self.log), stop_after="acknowledgement")

    @rule(data=st.data())
    def a_batch_is_handled(self, data: st.DataObject) -> None:
        end = data.draw(st.integers(self.acknowledged, len(self.log)))
        self._handle(end, stop_after="acknowledgement")

    @rule(data=st.data(), point=st.sampled_from(["nothing", "announcements", "table"]))
    def the_process_dies(self, data: st.DataObject, point: str) -> None:
        end = data.draw(st.integers(self.acknowledged, len(self.log)))
        self._handle(end, stop_after=point)
        self.process = FirstOutcomes()

    def _handle(self, end: int, *, stop_after: str) -> None:
        streak = self._streak()
        said: list[Decision] = []
        for offset in range(self.acknowledged, end):
            event = self.log[offset]
            run_id = event.data.run_id if isinstance(event.data, RunOutcome) else None
            if run_id is not None and self.process.superseded(ORGANIZATION, run_id, offset):
                continue
            streak, decision = fold(streak, event, offset, offset)
            if run_id is not None:
                self.process.remember(ORGANIZATION, run_id, offset)
            if decision is not None:
                said.append(decision)
        if stop_after == "nothing":
            return
        self.announced.extend(said)
        if stop_after == "announcements":
            return
        self.table = None if streak is None else encode_streak(streak)
        # A table that is ahead of the acknowledgement stays as it is while the batch is read again.
        self.table_at = max(self.table_at, end)
        if stop_after == "acknowledgement":
            self.acknowledged = end

    def _streak(self) -> Streak | None:
        return None if self.table is None else decode_streak(self.table)

    # What must hold.

    @invariant()
    def what_is_handled_agrees_with_the_model(self) -> None:
        streak = self._streak()
        found = (True, 0, ()) if streak is None else (streak.enabled, streak.epoch, streak.failed_runs)
        assert found == self.states[self.table_at]
        assert self.said[self.acknowledged] <= set(self._said()) <= set(self.model.said)

    @invariant()
    def the_last_announcement_is_the_last_decision(self) -> None:
        if self.announced and self.acknowledged == len(self.log):
            assert self._said()[-1] == self.model.said[-1]

    @invariant()
    def a_decision_has_one_wording_an_epoch(self) -> None:
        words = {(type(d), d.epoch, d.since_ms, d.reason) for d in self.announced}
        assert len(words) == len({(kind, epoch) for kind, epoch, _, _ in words})

    @invariant()
    def memory_is_bounded(self) -> None:
        streak = self._streak()
        if streak is not None:
            assert len(streak.failed_runs) < LIMIT

    def _said(self) -> list[Said]:
        return [("disable" if isinstance(d, Disable) else "enable", d.epoch) for d in self.announced]


TestFold = FoldMachine.TestCase
TestFold.settings = settings(max_examples=200, stateful_step_count=50, deadline=None)
