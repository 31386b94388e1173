"""What is known from outside about a demonstration: what was sent, what stands on the topics, what receivers saw.

Nothing here comes from a counter of a service.
"""

from __future__ import annotations

from dataclasses import dataclass

from deploy.local.receivers.core.received_request import ReceivedRequest
from shared.core.dead_letters import DeadLetter
from shared.core.messages.integration_events import IntegrationEvent
from shared.core.messages.run_log import MatchRecord


@dataclass(frozen=True, slots=True)
class Accepted:
    """An event that ingest answered 202 for, and the integrations it must trigger."""

    source: str
    id: str
    integrations: frozenset[str]


@dataclass(frozen=True, slots=True)
class RecordedAttempt:
    """An attempt that the run log knows. Recorded twice, it is still one."""

    run_id: str
    number: int


@dataclass(frozen=True, slots=True)
class Kill:
    """A dispatcher ended by SIGKILL. ``in_flight`` requests were under way there when it was asked at ``asked_ms``; it
    was gone at ``gone_ms``."""

    part: str
    in_flight: int
    asked_ms: int
    gone_ms: int


@dataclass(frozen=True, slots=True)
class Evidence:
    """``requested`` are the run ids that were asked for; ``integration_events`` stand in the order of their topic."""

    organization: str
    accepted: tuple[Accepted, ...] = ()
    matches: tuple[MatchRecord, ...] = ()
    requested: frozenset[str] = frozenset()
    attempts: frozenset[RecordedAttempt] = frozenset()
    integration_events: tuple[IntegrationEvent, ...] = ()
    dead_letters: tuple[DeadLetter, ...] = ()
    received: tuple[ReceivedRequest, ...] = ()
    kills: tuple[Kill, ...] = ()
