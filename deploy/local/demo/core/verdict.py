"""Whether the sums hold. Each claim is checked by sets of identities, so that two errors cannot cancel out."""

from __future__ import annotations

from collections.abc import Iterator

from deploy.local.demo.core.duplicates import Bound
from deploy.local.demo.core.sums import Sums


def broken_claims(counted: Sums, duplicates: int, allowed: Bound) -> list[str]:
    """One sentence for each claim that does not hold; none when all do."""
    return list(_broken(counted, duplicates, allowed))


def _broken(counted: Sums, duplicates: int, allowed: Bound) -> Iterator[str]:
    if counted.unaccounted:
        yield f"{len(counted.unaccounted)} accepted events have no match record: they are lost"
    if counted.uninvited:
        yield f"{len(counted.uninvited)} events were matched that nobody sent"
    if counted.unmatched_error_events:
        yield f"{len(counted.unmatched_error_events)} error events have no match record: they are lost"
    if missing := counted.expected_runs - counted.runs:
        yield f"{len(missing)} runs that events must have triggered were not planned"
    if surplus := counted.runs - counted.expected_runs:
        yield f"{len(surplus)} runs were planned that no event should have triggered"
    if counted.lost:
        yield f"{len(counted.lost)} planned runs have no delivery request and no outcome: they are lost"
    if counted.pending:
        yield f"{len(counted.pending)} runs have not ended"
    if counted.unplanned:
        yield f"{len(counted.unplanned)} runs exist that no match record names"
    classes = [
        counted.delivered,
        *counted.failed.values(),
        counted.disabled,
        counted.cancelled,
        counted.dead_lettered,
        counted.pending,
        counted.lost,
    ]
    if sum(map(len, classes)) != len(counted.runs):
        yield f"the runs' classes add up to {sum(map(len, classes))}, there are {len(counted.runs)} runs"
    if unseen := counted.delivered - counted.answered:
        yield f"{len(unseen)} runs are recorded as delivered and no receiver answered them"
    if len(unrecorded := counted.answered - counted.delivered) > allowed.total:
        yield f"{len(unrecorded)} runs were answered and not recorded as delivered, more than crashes explain"
    if counted.refused_signatures:
        yield f"{counted.refused_signatures} requests had a signature that their receiver refused"
    if duplicates > allowed.total:
        yield f"{duplicates} duplicates are more than the bound of {allowed.total}"
