"""Spans: what happened in one step of a trace, as plain values. Who sends them to whom is an adapter's affair."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from shared.core.trace_context import TraceContext


class SpanKind(StrEnum):
    """OpenTelemetry's words for what a step is to its neighbours."""

    SERVER = "SERVER"
    CONSUMER = "CONSUMER"
    CLIENT = "CLIENT"


@dataclass(frozen=True, slots=True)
class Span:
    """One step. ``context`` is its own, parent included; ``failed`` says why it did not work; ``links`` are steps it
    was about without being part of their traces, as a batch is. Times are milliseconds since 1970."""

    name: str
    kind: SpanKind
    context: TraceContext
    started_ms: int
    ended_ms: int
    attributes: Mapping[str, str | int] = field(default_factory=dict)
    failed: str | None = None
    links: tuple[TraceContext, ...] = ()
