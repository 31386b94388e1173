"""W3C trace context: reading it, carrying it on, and deriving the ids of our own steps from what they are about.

A producer's context comes as HTTP headers, as headers of a Kafka record, or as attributes of a CloudEvent (the
distributed tracing extension); the nearest to the transport counts. It is never an error: what cannot be read is as if
it were not there, because nobody's event shall be refused for how it is traced.

Span ids are derived from the work, like run ids: a step that is done again after a crash has the id it had, and no
randomness is needed in a core. Names after "Trace Context", W3C Recommendation of 23 November 2021.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

TRACEPARENT: Final = "traceparent"
TRACESTATE: Final = "tracestate"

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?", re.ASCII)
#: Characters of a tracestate that must be carried on; a longer one may be dropped.
_MAX_STATE: Final = 512
_STATE = re.compile(r"[\x20-\x7e]*")
_SAMPLED: Final = 1


@dataclass(frozen=True, slots=True)
class TraceContext:
    """Where in which trace we are. ``trace_id`` is 32 and ``span_id`` 16 lower-case hex digits; ``parent_id`` is that
    of the step before, where that is known."""

    trace_id: str
    span_id: str
    flags: int = 0
    state: str | None = None
    parent_id: str | None = None

    @property
    def sampled(self) -> bool:
        """Whether whoever began the trace records it."""
        return bool(self.flags & _SAMPLED)

    @property
    def traceparent(self) -> str:
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    def headers(self) -> list[tuple[str, str]]:
        """As HTTP carries it."""
        headers = [(TRACEPARENT, self.traceparent)]
        if self.state is not None:
            headers.append((TRACESTATE, self.state))
        return headers

    def record_headers(self) -> list[tuple[str, bytes]]:
        """As Kafka records carry it."""
        return [(name, text.encode()) for name, text in self.headers()]

    def child(self, *step: object) -> Self:
        """The context of a ``step`` within this one; its parts name it among all steps of the trace."""
        return type(self)(self.trace_id, _derived(16, self.trace_id, *step), self.flags, self.state, self.span_id)


def read_context(traceparent: str | None, tracestate: str | None = None) -> TraceContext | None:
    """The context in these headers; None when there is none or it is not valid.

    A later version of the format is read as far as this one knows it, which is what the recommendation demands.
    """
    found = _TRACEPARENT.fullmatch(traceparent or "")
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    if version == "ff" or (version == "00" and rest) or not int(trace_id, 16) or not int(span_id, 16):
        return None
    if tracestate is not None and not (0 < len(tracestate) <= _MAX_STATE and _STATE.fullmatch(tracestate)):
        tracestate = None
    # Of the flags this version knows one; others must not be passed on as if they were meant.
    return TraceContext(trace_id, span_id, int(flags, 16) & _SAMPLED, tracestate)


def context_of_event(attributes: Mapping[str, Any]) -> TraceContext | None:
    """What a CloudEvent's own attributes say."""
    traceparent, tracestate = attributes.get(TRACEPARENT), attributes.get(TRACESTATE)
    if not isinstance(traceparent, str):
        return None
    return read_context(traceparent, tracestate if isinstance(tracestate, str) else None)


def context_of_record(headers: Mapping[str, bytes], attributes: Mapping[str, Any]) -> TraceContext | None:
    """What a Kafka record says in its headers, else the event in it."""
    raw = headers.get(TRACEPARENT)
    if raw is None:
        return context_of_event(attributes) if TRACEPARENT in attributes else None
    state = headers.get(TRACESTATE)
    return read_context(raw.decode("latin-1"), None if state is None else state.decode("latin-1"))


def begun_for(organization: str, source: str, event_id: str, share: float) -> TraceContext | None:
    """A trace that begins with an event which came without one, for a ``share`` (0 to 1) of events: the same for
    everybody who asks, since both the choice and the trace id are derived from the event."""
    trace_id = _derived(32, organization, source, event_id)
    if int(trace_id[:8], 16) >= share * 2**32:
        return None
    return TraceContext(trace_id, _derived(16, trace_id), _SAMPLED)


def _derived(digits: int, *parts: object) -> str:
    """Hex digits of a hash."""
    return hashlib.blake2b("\x00".join(map(str, parts)).encode(), digest_size=digits // 2).hexdigest()
