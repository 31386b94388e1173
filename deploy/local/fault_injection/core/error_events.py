"""Events that the fleet itself makes: errors of integrations and their re-enabling, which rules can match too.

They count apart from what producers were promised, by the same rule: each has a match record that says what it led to.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from deploy.local.demo.core.evidence import Evidence
from shared.core.messages.integration_events import DISABLED_ERROR, ENABLED, RUN_ERRORS

_MATCHABLE = RUN_ERRORS | {DISABLED_ERROR, ENABLED}


@dataclass(frozen=True, slots=True)
class ErrorEvents:
    """(source, id) of distinct events: all of them, and those without a match record."""

    all: frozenset[tuple[str, str]]
    unmatched: frozenset[tuple[str, str]]


def apart(evidence: Evidence) -> tuple[Evidence, ErrorEvents]:
    """``evidence`` about producers' events alone, and what became of the fleet's own."""
    known = frozenset((event.source, event.id) for event in evidence.integration_events if event.type in _MATCHABLE)
    matched = {(match.event.source, match.event.id) for match in evidence.matches}
    producers = tuple(match for match in evidence.matches if (match.event.source, match.event.id) not in known)
    return replace(evidence, matches=producers), ErrorEvents(known, known - matched)
