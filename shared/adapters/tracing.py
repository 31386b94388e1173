"""Tracing, which is off unless somebody names a collector.

Off, a context passes through as it came: what the receiver does hangs directly below what the producer did, with no
gap where we were. On, each step of ours has a span of its own below the one before, for traces that are sampled; and a
share of the events that come without a trace begins one.
"""

from typing import Protocol

from pydantic import Field, field_validator

from shared.adapters.settings import ServiceSettings
from shared.core.cloud_events import CloudEvent
from shared.core.spans import Span
from shared.core.trace_context import TraceContext


class TracedServiceSettings(ServiceSettings):
    """Settings of a service whose steps can be traced."""

    tracing_endpoint: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s/]+/.*$",
        description="where spans are sent, by OTLP over HTTP, such as http://collector:4318/v1/traces; without it "
        "trace contexts are passed on and nothing is recorded",
    )
    tracing_new_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="share, from 0 to 1, of events without a trace context for which a trace is begun, where spans are "
        "sent; a trace that a producer began is recorded whenever the producer samples it",
    )

    @field_validator("tracing_endpoint")
    @classmethod
    def _installed(cls, endpoint: str | None) -> str | None:
        if endpoint is not None:
            try:
                import shared.adapters.otlp_spans  # noqa: F401, PLC0415 - an extra that need not be installed
            except ImportError:
                raise ValueError("needs OpenTelemetry; install hookfleet with its extra 'tracing'") from None
        return endpoint


class Tracing(Protocol):
    """What services ask of tracing."""

    def begin(self, event: CloudEvent) -> TraceContext | None:
        """A trace for an event that came without one; None for most."""

    def step(self, parent: TraceContext, *step: object) -> TraceContext:
        """The context of a step within ``parent``; ``step`` names it among all of the trace."""

    def record(self, span: Span) -> None:
        """Keep a span whose context came from here. Never blocks."""

    def close(self) -> None:
        """Send what is kept, for a few seconds at most."""


class NoTracing:
    """Passes contexts on."""

    def begin(self, event: CloudEvent) -> TraceContext | None:
        """Nothing begins here."""
        return None

    def step(self, parent: TraceContext, *step: object) -> TraceContext:
        """Nothing comes between."""
        return parent

    def record(self, span: Span) -> None:
        """Nobody is interested."""

    def close(self) -> None:
        """Nothing is kept."""


def tracing_of(settings: TracedServiceSettings, service: str) -> Tracing:
    """As the settings say; ``service`` is the name that spans carry."""
    if settings.tracing_endpoint is None:
        return NoTracing()
    from shared.adapters.otlp_spans import OtlpTracing  # noqa: PLC0415 - an extra that need not be installed

    return OtlpTracing(settings.tracing_endpoint, service, settings.tracing_new_share)
