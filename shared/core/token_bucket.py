"""A token bucket: what rate limits and quotas are made of.

It starts empty unless told otherwise. A limit that holds across workers is kept by whoever owns the work at the moment,
and a new owner cannot know what its predecessor has just spent; beginning with nothing, both together never exceed
rate x time + one burst. Where nobody hands over (a quota of one process), it may start full.

Tokens are counted in whole parts of 10^-12, never in fractions: a sum of fractions depends on how often one looked, and
then a token that was promised for a millisecond is not quite there in it. So how long to wait is exact, and looking
changes nothing.
"""

_TOKEN = 10**12
#: A rate in tokens per second times this is parts per millisecond.
_PARTS_PER_MS = _TOKEN // 1000


class TokenBucket:
    """Tokens come evenly, ``per_second`` of them, and ``burst`` are kept at most; both may change. Times are in ms.

    ``burst`` is at least one, or there would never be a token; ``per_second`` counts in steps of a billionth.
    """

    __slots__ = ("_at_ms", "_parts", "burst", "per_second")

    def __init__(self, per_second: float, burst: float, at_ms: int, tokens: float = 0.0) -> None:
        self.per_second = per_second
        self.burst = burst
        self._at_ms = at_ms
        self._parts = int(tokens * _TOKEN)

    @property
    def tokens(self) -> float:
        """How many there were when last asked; below zero is a debt."""
        return self._parts / _TOKEN

    def wait_ms(self, now_ms: int) -> int:
        """Milliseconds until a token is there; 0 when one is."""
        per_ms = int(self.per_second * _PARTS_PER_MS)
        # A clock that was set back adds nothing and takes nothing away.
        passed_ms = max(0, now_ms - self._at_ms)
        self._at_ms = now_ms
        self._parts = min(int(self.burst * _TOKEN), self._parts + passed_ms * per_ms)
        missing = _TOKEN - self._parts
        return 0 if missing <= 0 else -(-missing // per_ms)

    def take(self, count: float = 1.0) -> None:
        """Take ``count`` tokens, more than there are if need be: what follows waits until the debt is paid."""
        self._parts -= int(count * _TOKEN)
