"""The delay stage: waiting runs whose hop is over go to the next tier or to ``deliveries-due``.

A record holds one run or a bundle of them (`shared.core.messages.delivery_bundle`). Each run goes where its own due
time says: one header is read, and key, value and headers are moved as they are, so what is not decoded cannot be
broken. Those that wait on are bundled anew by the publisher (`services.dispatcher.bundling_publisher`), with whatever
waits on beside them. A run that is due is a record of its own, so the send stage never sees a bundle.

A record that is none of ours is set aside whole: as soon as it is at the head of its partition when its headers show
it, else when its hop is over.
"""

from collections.abc import Callable, Iterable, Sequence

from services.dispatcher.match_handler import Waits
from shared.adapters import metrics
from shared.adapters.clock import Clock
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.delivery import DUE_HEADER
from shared.core.messages.delivery_bundle import Waiting, is_bundle, unpacked
from shared.core.records import OutRecord, Record
from shared.core.retry_tiers import Due, next_hop
from shared.core.topics import RETRY_TIER_DELAYS_MS, Topics

_FIX = "only the dispatcher writes this topic"


class DelayHandler:
    """Moves records on; called by the delay loop, which asks for a record's hop time and comes when it is over."""

    def __init__(
        self,
        *,
        topics: Topics,
        publish: Callable[[Sequence[OutRecord]], Waits],
        dead_letters: DeadLetterBox,
        clock: Clock,
    ) -> None:
        self._topics = topics
        self._delays_ms = {topic.name: RETRY_TIER_DELAYS_MS[tier] for tier, topic in topics.retry.items()}
        self._publish = publish
        self._dead_letters = dead_letters
        self._clock = clock

    def hop_time(self, record: Record) -> int:
        """When a record's hop is over, in milliseconds since 1970; 0, long ago, for one that its headers or a lack of
        key or value show to be malformed."""
        try:
            _key(record)
            if not is_bundle(record.headers):
                _due_ms(record.header_list)
        except InvalidInput:
            return 0
        return record.timestamp_ms + self._delays_ms[record.topic]

    def __call__(self, batch: Sequence[Record]) -> None:
        """Move ``batch`` on and return when that is acknowledged."""
        out: list[OutRecord] = []
        now_ms = self._clock()
        for record in batch:
            with self._dead_letters.guard(record, out.append):
                out += self._moved(record, now_ms)
        self._publish(out).wait()

    def _moved(self, record: Record, now_ms: int) -> list[OutRecord]:
        key = _key(record)
        # All of a bundle or nothing: it is read to its end before anything is counted or goes anywhere.
        runs = [(run, _due_ms(run.headers)) for run in unpacked(record)]
        return [self._sent_on(key, run, due_ms, now_ms) for run, due_ms in runs]

    def _sent_on(self, key: bytes, run: Waiting, due_ms: int, now_ms: int) -> OutRecord:
        hop = next_hop(due_ms - now_ms)
        if isinstance(hop, Due):
            topic = self._topics.deliveries_due
            metrics.HOPS.labels("due").inc()
            metrics.OVERDUE_SECONDS.observe((now_ms - due_ms) / 1000)
        else:
            topic = self._topics.retry[hop.tier]
            metrics.HOPS.labels(hop.tier).inc()
        return OutRecord(topic.name, key, run.value, list(run.headers))


def _key(record: Record) -> bytes:
    """Raises InvalidInput when key or value is missing."""
    if record.key is None or record.value is None:
        raise InvalidInput([Fault("(record)", "no key or no value", _FIX)])
    return record.key


def _due_ms(headers: Iterable[tuple[str, bytes]]) -> int:
    """When a run is to be tried, in milliseconds since 1970. Raises InvalidInput without a readable header."""
    raw = dict(headers).get(DUE_HEADER, b"")
    if not raw.isdigit() or len(raw) > 15:
        raise InvalidInput([Fault(f"header {DUE_HEADER}", "missing or not milliseconds since 1970", _FIX)])
    return int(raw)
