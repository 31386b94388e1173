"""Which event types a rule's pattern stands for."""

import re
from functools import lru_cache

#: Compiled patterns kept at most; a pattern is only tried when an event's type is new to its organization.
_COMPILED = 10_000


@lru_cache(maxsize=_COMPILED)
def type_pattern(event_type: str) -> re.Pattern[str]:
    """``*`` stands for any text, dots included; everything else for itself.

    Each part is taken where it first fits and never reconsidered (atomic groups), so that a pattern of many stars costs
    time in proportion to the type's length and not to a power of it. Only the last part must end the type.
    """
    first, *middle = (re.escape(part) for part in event_type.split("*"))
    if not middle:
        return re.compile(rf"{first}\Z")
    last = middle.pop()
    return re.compile(first + "".join(rf"(?>.*?{part})" for part in middle) + rf".*{last}\Z")


def fits(pattern: str, event_type: str) -> bool:
    """Whether a rule's event type, a pattern or not, stands for this one."""
    return pattern == event_type or ("*" in pattern and type_pattern(pattern).match(event_type) is not None)
