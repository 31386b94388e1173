"""How many requests may have been sent twice: what was begun and not committed whenever partitions changed hands.

Work is repeated only by another owner of its partition, and a partition gets another owner, or the same one anew, only
when its consumer group has rebalanced: after a crash, when a worker comes or goes. Then everything is repeated that was
begun and that no commit calls finished, because nobody can know whether a receiver acted on it. That is what was in
flight at a kill or at a revoked partition, and what was finished since the last commit. Nothing else may be repeated.

Judged run by run, so that one run's luck cannot pay for another one's fault, and from what Kafka itself keeps: the
history of commits and the times of rebalances. No allowance for slowness is needed, however busy the machine.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from deploy.local.demo.core.duplicates import ARRIVAL_MS
from deploy.local.demo.core.evidence import RecordedAttempt
from deploy.local.receivers.core.received_request import ReceivedRequest

#: Topic and partition number.
Partition = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Copy:
    """A record that asks for one step of a run. A crashed match or delay stage may have written several. A run that is
    put off has several steps for one attempt, and only the last of them may send."""

    run_id: str
    step: int
    partition: Partition
    offset: int
    written_ms: int


@dataclass(frozen=True, slots=True)
class Commit:
    """Everything below ``offset`` is finished, and so are the offsets in ``above``."""

    at_ms: int
    partition: Partition
    offset: int
    above: frozenset[int]

    def finished(self, offset: int) -> bool:
        return offset < self.offset or offset in self.above


def extra_requests(received: Iterable[ReceivedRequest], attempts: Iterable[RecordedAttempt]) -> Counter[str]:
    """Requests beyond one per attempt, by run. An attempt counts once, however often it was recorded."""
    requests = Counter(each.webhook_id for each in received)
    recorded = Counter(attempt.run_id for attempt in frozenset(attempts))
    return requests - recorded


def allowed_requests(
    rebalances_ms: Sequence[int],
    copies: Iterable[Copy],
    commits: Iterable[Commit],
    received: Iterable[ReceivedRequest],
) -> Counter[str]:
    """How many of each run's requests may be repeats. ``rebalances_ms`` is when each one was over."""
    histories = _by_partition(commits)
    requests = _times_by_run(received)
    waiting = sorted(copies, key=lambda copy: copy.written_ms, reverse=True)
    opened: dict[tuple[str, int], list[Copy]] = {}
    allowed: Counter[str] = Counter()
    for at_ms in sorted(rebalances_ms):
        while waiting and waiting[-1].written_ms <= at_ms:
            copy = waiting.pop()
            opened.setdefault((copy.run_id, copy.step), []).append(copy)
        for work, its_copies in list(opened.items()):
            if any(_is_finished(copy, histories, at_ms) for copy in its_copies):
                del opened[work]
            elif _is_begun(requests[work[0]], its_copies[0].written_ms, at_ms + ARRIVAL_MS):
                allowed[work[0]] += 1
    return allowed


def _is_finished(copy: Copy, histories: Mapping[Partition, Sequence[Commit]], at_ms: int) -> bool:
    history = histories.get(copy.partition, ())
    place = bisect_right(history, at_ms, key=lambda commit: commit.at_ms)
    return place > 0 and history[place - 1].finished(copy.offset)


def _is_begun(times_ms: Sequence[int], after_ms: int, until_ms: int) -> bool:
    place = bisect_right(times_ms, until_ms)
    return place > 0 and times_ms[place - 1] >= after_ms


def _by_partition(commits: Iterable[Commit]) -> dict[Partition, list[Commit]]:
    histories: dict[Partition, list[Commit]] = {}
    for commit in commits:
        histories.setdefault(commit.partition, []).append(commit)
    for history in histories.values():
        history.sort(key=lambda commit: commit.at_ms)
    return histories


def _times_by_run(received: Iterable[ReceivedRequest]) -> defaultdict[str, list[int]]:
    times: defaultdict[str, list[int]] = defaultdict(list)
    for request in sorted(received, key=lambda each: each.received_ms):
        times[request.webhook_id].append(request.received_ms)
    return times
