"""What the disabler must have decided: its own pure fold over ``integration-events``, from first to last.

The fold knows no batches, tables, changelogs and rebalances, which are what a crash can break. Decisions are announced
as records that follow from them alone, so what it says and what stands on the topics must be equal byte by byte.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from services.disabler.announcements import announce
from services.disabler.core.fold import fold
from services.disabler.core.streak import Streak
from shared.core.messages.base import TYPE_HEADER
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    IntegrationDisabled,
    IntegrationEnabled,
    RunOutcome,
    decode_integration_event,
)
from shared.core.records import Record
from shared.core.topics import Topics

_ANNOUNCEMENTS = frozenset({DISABLED_ERROR.encode(), ENABLED.encode()})


@dataclass(frozen=True, slots=True)
class Decisions:
    """``events``: the distinct announcements. ``states``: the last state of each integration, by key."""

    events: frozenset[bytes]
    states: dict[bytes, bytes]

    def differences(self, other: Decisions) -> list[str]:
        """One line for each thing that only one of both says; ``other`` is what should be."""
        said = [f"announced, and should not be: {_in_short(each)}" for each in sorted(self.events - other.events)]
        said += [f"not announced: {_in_short(each)}" for each in sorted(other.events - self.events)]
        for key in sorted(self.states.keys() | other.states.keys()):
            ours, theirs = (each.states.get(key, b"none").decode() for each in (self, other))
            if ours != theirs:
                said.append(f"state of {key.decode()} is {ours}, should be {theirs}")
        return said


def _in_short(announcement: bytes) -> str:
    event = decode_integration_event(announcement)
    match event.data:
        case IntegrationDisabled() as disabled:
            runs = f", last failed run {disabled.failed_runs[-1]}" if disabled.failed_runs else ""
            return f"{event.type} of {disabled.integration_id} in epoch {disabled.epoch} at {disabled.since_ms}{runs}"
        case IntegrationEnabled() as enabled:
            return f"{event.type} of {enabled.integration_id} in epoch {enabled.epoch} at {enabled.since_ms}"
        case _:
            return event.type


def found(integration_events: Iterable[Record], integration_states: Iterable[Record]) -> Decisions:
    """What stands on the topics. Records in the order of their partitions."""
    events = {record.value or b"" for record in integration_events if record.headers[TYPE_HEADER] in _ANNOUNCEMENTS}
    return Decisions(frozenset(events), {record.key or b"": record.value or b"" for record in integration_states})


def replayed(integration_events: Iterable[Record], topics: Topics) -> Decisions:
    """What the fold says. A run's second outcome is superseded and does not count."""
    streaks: dict[bytes, Streak | None] = defaultdict(lambda: None)
    ended: set[tuple[str, str]] = set()
    events: set[bytes] = set()
    states: dict[bytes, bytes] = {}
    for record in integration_events:
        event = decode_integration_event(record.value or b"")
        if isinstance(event.data, IntegrationDisabled | IntegrationEnabled):
            continue
        if isinstance(event.data, RunOutcome):
            run = (event.organization, event.data.run_id)
            if run in ended:
                continue
            ended.add(run)
        streaks[event.key], decision = fold(streaks[event.key], event, record.offset, record.timestamp_ms)
        if decision is not None:
            state, announcement = announce(event.organization, event.data.integration_id, decision, topics)
            states[state.key] = state.value or b""
            events.add(announcement.value or b"")
    return Decisions(frozenset(events), states)


def kinds(decisions: Decisions) -> Sequence[tuple[str, str]]:
    """(type, integration) of each distinct announcement."""
    read = map(decode_integration_event, decisions.events)
    return sorted((event.type, event.data.integration_id) for event in read)
