"""How long to wait before an unavailable database is tried again."""

from typing import Final

_FIRST_SECONDS: Final = 0.1
#: Soon enough that nobody waits for us once the database is back.
_LONGEST_SECONDS: Final = 5.0


def wait_seconds(failures: int) -> float:
    """Seconds to wait after so many failures in a row (one or more): doubling, bounded."""
    return float(min(_FIRST_SECONDS * 2 ** min(failures - 1, 16), _LONGEST_SECONDS))
