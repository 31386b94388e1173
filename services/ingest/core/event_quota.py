"""How many events one organization may send: so many per second, with a burst, here in this process.

A request is taken whole or not at all, because a batch that is half accepted by chance helps nobody. One that is larger
than the burst would then be refused for ever, so it is taken as soon as there is room for one event, and what follows
waits until its debt is paid: over any time no more than rate x time + burst + one request gets through.

Every ingest process keeps a quota of its own and starts with all of its burst. Sharing one would mean asking somebody
before every request; what a quota is for, keeping one sender from taking all the room, does not need that.
"""

from shared.core.token_bucket import TokenBucket


class EventQuota:
    """The quota of one organization. Times are milliseconds."""

    def __init__(self, per_second: int, burst: int, now_ms: int) -> None:
        self.per_second = per_second
        self._bucket = TokenBucket(per_second, burst, now_ms, tokens=burst)

    def admit(self, events: int, now_ms: int) -> int:
        """Take ``events`` from the quota; 0, or when to come back in milliseconds and nothing is taken.

        None at all may be asked for, to learn whether there is any room before reading a request.
        """
        wait_ms = self._bucket.wait_ms(now_ms)
        if wait_ms == 0:
            self._bucket.take(events)
        return wait_ms
