"""Times as people write them on a command line: a span back from now, or a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from deploy.cli.failures import Failed

_SPAN = re.compile(r"(\d{1,6})([smhd])", re.ASCII)
_UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_WRITTEN = "90m, 24h, 7d or an RFC 3339 time."

Since = Annotated[str | None, typer.Option("--since", metavar="TIME", help=f"From then on: {_WRITTEN}")]
Until = Annotated[str | None, typer.Option("--until", metavar="TIME", help=f"Before then: {_WRITTEN}")]


def time_of(text: str, now: datetime, option: str = "--since") -> int:
    """Milliseconds since 1970 of a span before ``now`` (``90m``, ``7d``) or of an RFC 3339 time; one without an offset
    is UTC. Raises Failed when it is neither."""
    span = _SPAN.fullmatch(text)
    try:
        at = now - timedelta(**{_UNITS[span[2]]: int(span[1])}) if span else datetime.fromisoformat(text)
    except (ValueError, OverflowError):
        raise Failed(f"{option} {text} is no time: write 90m, 24h or 7d, or a time like 2030-01-31T08:00:00Z") from None
    return max(0, int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000))


def asked_times(since: str | None, until: str | None, now: datetime) -> dict[str, str | None]:
    """``since`` and ``until`` as the query API takes them. Raises Failed as `time_of` does."""
    return {
        name: None if text is None else _rfc3339(time_of(text, now, f"--{name}"))
        for name, text in (("since", since), ("until", until))
    }


def _rfc3339(ms: int) -> str:
    return datetime.fromtimestamp(ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
