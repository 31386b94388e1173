"""The disable decision: a fold over the records of one integration in the order of one partition of one topic.

What a record does depends on the `Streak` and the record alone, never on a clock or on configuration: the limit and
the epoch come with each outcome, times are those of the records. So whoever reads a record again decides the same,
and everything that a decision leads to has the same id.

- *Redelivery.* A record at or below the streak's offset changes nothing; the one that was decided on last is
  announced again, for whoever died before anybody could hear it.
- *The first terminal outcome of a run wins.* Runs of the current streak and of the one before are remembered here,
  and survive everything. A success on an empty streak is not written (healthy receivers would cost a write each),
  so that its run is known is left to `services.disabler.core.first_outcomes`, which is bounded and lives with the
  process.
- *A minimum failing time* beside the count keeps a short deploy at a receiver from disabling it: the limit must be
  reached and the first failure of the streak be that long ago. More runs than the limit are not remembered.
- *Epochs.* An outcome of an older epoch is ignored. One of a newer epoch is proof that this epoch was announced,
  which the disabler alone does; so the table has lost something, and the outcome's epoch is taken over. A request
  proves the same by the state that whoever asks has seen: a newer epoch, or this one disabled where the table says
  that it is enabled still. So an epoch that is announced never falls, and every enable after a disable raises it.
- *Answers.* Asking to enable what is enabled (or to disable what is disabled) changes no epoch and no streak,
  because two impatient clicks must not hide a failing receiver; the state is announced again, under the same id, so
  that whoever asked sees an answer.
"""

from dataclasses import replace
from enum import Enum
from typing import Final, assert_never

from services.disabler.core.streak import SETTLED_KEPT, Decision, Disable, Enable, Streak
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.integration_events import (
    ENABLE_REQUESTED,
    IntegrationDisabled,
    IntegrationEnabled,
    IntegrationEvent,
    RunOutcome,
    RunStatus,
    StateRequest,
)
from shared.core.messages.state import FIRST_EPOCH

#: Offset of a streak that no record has changed yet.
NO_OFFSET: Final = -1


class Effect(Enum):
    """What the end of a run does to a streak."""

    ADDS = "adds"
    RESETS = "resets"
    NEITHER = "neither"


def effect_of(status: RunStatus) -> Effect:
    """Raises InvalidInput for a status that does not end a run."""
    match status:
        case RunStatus.FAILED | RunStatus.AUTH_FAILED | RunStatus.TIMED_OUT | RunStatus.COMPLETED_WITH_ERRORS:
            return Effect.ADDS
        case RunStatus.COMPLETED:
            return Effect.RESETS
        case RunStatus.DISABLED | RunStatus.CANCELLED:
            return Effect.NEITHER
        case (
            RunStatus.SCHEDULED
            | RunStatus.SCHEDULED_BUT_DELETED
            | RunStatus.WAITING
            | RunStatus.IN_PROGRESS
            | RunStatus.AWAITING_RETRY
            | RunStatus.RATE_LIMITED
        ):
            raise InvalidInput([Fault("data.status", "does not end a run", "send the outcome when the run has ended")])
        case _:
            assert_never(status)


def fold(
    streak: Streak | None, event: IntegrationEvent, offset: int, at_ms: int
) -> tuple[Streak | None, Decision | None]:
    """Apply the record at ``offset``, written at ``at_ms``.

    Returns the streak, the same object where nothing has to be written, and the decision to announce, if any.

    Raises InvalidInput for an outcome that cannot be one.
    """
    if streak is not None and offset <= streak.last_offset:
        decision = streak.decision
        return streak, decision if decision is not None and decision.offset == offset else None
    match event.data:
        case RunOutcome() as outcome:
            return _outcome(streak, outcome, offset, at_ms)
        case StateRequest() as request:
            current = _unless_lost(
                streak or Streak(NO_OFFSET, FIRST_EPOCH, enabled=True, since_ms=at_ms), request, at_ms
            )
            if event.type == ENABLE_REQUESTED:
                return _enable(current, request, offset, at_ms)
            return _disable(current, request, offset, at_ms)
        case IntegrationDisabled() | IntegrationEnabled():
            # Our own announcements come back on the topic they go to.
            return streak, None
        case _:
            assert_never(event.data)


def _outcome(
    streak: Streak | None, outcome: RunOutcome, offset: int, at_ms: int
) -> tuple[Streak | None, Decision | None]:
    if outcome.failure_limit < 1:
        raise InvalidInput([Fault("data.failure_limit", "less than 1", "send the limit in force")])
    effect = effect_of(outcome.status)
    current = streak or Streak(NO_OFFSET, outcome.epoch, enabled=True, since_ms=at_ms)
    if outcome.epoch > current.epoch:
        current = Streak(current.last_offset, outcome.epoch, enabled=True, since_ms=at_ms)
    ended_before = outcome.run_id in current.failed_runs or outcome.run_id in current.settled
    if outcome.epoch < current.epoch or not current.enabled or ended_before:
        return streak, None
    match effect:
        case Effect.NEITHER:
            return streak, None
        case Effect.RESETS:
            if not current.failed_runs:
                return streak, None
            ended = (*current.settled, *current.failed_runs, outcome.run_id)
            settled = ended[-SETTLED_KEPT:]
            return replace(current, last_offset=offset, failed_runs=(), first_failed_ms=None, settled=settled), None
        case Effect.ADDS:
            failed = (*current.failed_runs, outcome.run_id)
            first = at_ms if current.first_failed_ms is None else current.first_failed_ms
            if len(failed) < outcome.failure_limit or at_ms - first < outcome.minimum_failing_ms:
                return replace(
                    current, last_offset=offset, failed_runs=failed[-outcome.failure_limit :], first_failed_ms=first
                ), None
            decision = Disable(
                offset=offset,
                epoch=current.epoch,
                since_ms=at_ms,
                reason=f"{len(failed)} successive failed runs",
                message=(
                    f"The last {len(failed)} runs failed one after the other, the last with: {outcome.message} "
                    "Correct the receiver or the integration, then enable it again."
                ),
                failed_runs=failed,
                chain=outcome.chain,
            )
            return _decided(decision), decision
        case _:
            assert_never(effect)


def _unless_lost(current: Streak, request: StateRequest, at_ms: int) -> Streak:
    """``current``, or what was seen where that was announced later than anything the table knows."""
    seen = request.seen
    if seen is None or (seen.epoch, not seen.enabled) <= (current.epoch, not current.enabled):
        return current
    return Streak(current.last_offset, seen.epoch, enabled=seen.enabled, since_ms=at_ms)


def _enable(current: Streak, request: StateRequest, offset: int, at_ms: int) -> tuple[Streak, Decision]:
    if not current.enabled:
        decision = Enable(offset, current.epoch + 1, at_ms, request.requested_by, request.reason)
        return _decided(decision), decision
    match current.decision:
        case Enable() as before:
            answer = replace(before, offset=offset)
        case _:
            answer = Enable(offset, current.epoch, current.since_ms, request.requested_by, request.reason)
    return replace(current, last_offset=offset, decision=answer), answer


def _disable(current: Streak, request: StateRequest, offset: int, at_ms: int) -> tuple[Streak, Decision]:
    if not current.enabled and isinstance(current.decision, Disable):
        answer = replace(current.decision, offset=offset)
        return replace(current, last_offset=offset, decision=answer), answer
    decision = Disable(
        offset=offset,
        epoch=current.epoch,
        since_ms=at_ms,
        reason=request.reason,
        message=f"Disabled by {request.requested_by}: {request.reason}. Enable it again when it may run.",
        failed_runs=current.failed_runs,
        chain=(),
    )
    return _decided(decision), decision


def _decided(decision: Decision) -> Streak:
    """What is left to remember: a decision ends the streak, since outcomes of a disabled integration change nothing and
    those of the epoch before it was enabled are old."""
    return Streak(
        decision.offset,
        decision.epoch,
        enabled=isinstance(decision, Enable),
        since_ms=decision.since_ms,
        decision=decision,
    )
