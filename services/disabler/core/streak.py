"""What the disabler remembers of one integration, and what it may decide.

A `Streak` is a table value: bounded, because ids are kept only up to the failure limit and `SETTLED_KEPT`, and
complete, because it alone decides what the next record of the integration does. It carries the offset it stands at,
so that a record read twice is recognised, and the last decision with all its words, so that the decision can be
announced again without being taken again.
"""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

#: How many runs that ended with broken streaks are remembered, newest last: the failed ones and the success that broke
#: one. A second outcome of such a run must neither count nor break the next streak. Two streaks of the default limit
#: fit.
SETTLED_KEPT: Final = 40


@dataclass(frozen=True, slots=True)
class Disable:
    """The integration is disabled in ``epoch``, since ``since_ms``. ``failed_runs`` is the streak it ended, oldest
    first; ``offset`` is that of the record that called for the announcement."""

    offset: int
    epoch: int
    since_ms: int
    reason: str
    message: str
    failed_runs: tuple[str, ...]
    chain: tuple[str, ...]
    kind: Literal["disable"] = "disable"


@dataclass(frozen=True, slots=True)
class Enable:
    """The integration is enabled and ``epoch`` began at ``since_ms``."""

    offset: int
    epoch: int
    since_ms: int
    requested_by: str
    reason: str
    kind: Literal["enable"] = "enable"


Decision = Annotated[Disable | Enable, Field(discriminator="kind")]


@dataclass(frozen=True, slots=True)
class Streak:
    """The state of one integration after the record at ``last_offset``, the last one that changed anything.

    ``failed_runs`` are the runs of the current streak, oldest first, and ``first_failed_ms`` when it began. Times are
    milliseconds since 1970, taken from the records.
    """

    last_offset: int
    epoch: int
    enabled: bool
    since_ms: int
    failed_runs: tuple[str, ...] = ()
    first_failed_ms: int | None = None
    settled: tuple[str, ...] = ()
    decision: Decision | None = None
    v: Literal[1] = 1


_STREAK: Final = TypeAdapter(Streak)


def encode_streak(streak: Streak) -> bytes:
    """A table value, JSON in UTF-8."""
    return _STREAK.dump_json(streak, exclude_none=True)


def decode_streak(value: bytes) -> Streak:
    """Raises pydantic.ValidationError when the bytes are not a table value."""
    return _STREAK.validate_json(value)
