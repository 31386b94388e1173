"""The delay stage: waiting runs whose hop is over go to the next tier or to ``deliveries-due``.

It reads one header, the due time, and moves key, value and headers as they are: what it does not decode it cannot
break. A record that is none of ours waits for nothing: it is set aside as soon as it is at the head of its partition.
"""

from collections.abc import Callable, Sequence

from services.dispatcher.match_handler import Waits
from shared.adapters import metrics
from shared.adapters.clock import Clock
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.faults import Fault, InvalidInput
from shared.core.messages.delivery import DUE_HEADER
from shared.core.records import OutRecord, Record
from shared.core.retry_tiers import Due, next_hop
from shared.core.topics import RETRY_TIER_DELAYS_MS, Topics


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
        """When a record's hop is over, in milliseconds since 1970; 0, long ago, for a malformed one."""
        try:
            _payload(record)
        except InvalidInput:
            return 0
        return record.timestamp_ms + self._delays_ms[record.topic]

    def __call__(self, batch: Sequence[Record]) -> None:
        """Move ``batch`` on and return when that is acknowledged."""
        out: list[OutRecord] = []
        now_ms = self._clock()
        for record in batch:
            with self._dead_letters.guard(record, out.append):
                out.append(self._moved(record, now_ms))
        self._publish(out).wait()

    def _moved(self, record: Record, now_ms: int) -> OutRecord:
        key, value, due_ms = _payload(record)
        hop = next_hop(due_ms - now_ms)
        if isinstance(hop, Due):
            topic = self._topics.deliveries_due
            metrics.HOPS.labels("due").inc()
            metrics.OVERDUE_SECONDS.observe((now_ms - due_ms) / 1000)
        else:
            topic = self._topics.retry[hop.tier]
            metrics.HOPS.labels(hop.tier).inc()
        return OutRecord(topic.name, key, value, list(record.header_list))


def _payload(record: Record) -> tuple[bytes, bytes, int]:
    """Key, value and due time. Raises InvalidInput when one of them is missing."""
    due_ms = due_time(record)
    if record.key is None or record.value is None:
        raise InvalidInput([Fault("(record)", "no key or no value", "only the dispatcher writes this topic")])
    return record.key, record.value, due_ms


def due_time(record: Record) -> int:
    """When the run is to be tried, in milliseconds since 1970. Raises InvalidInput without a readable header."""
    raw = record.headers.get(DUE_HEADER, b"")
    if not raw.isdigit() or len(raw) > 15:
        raise InvalidInput(
            [
                Fault(
                    f"header {DUE_HEADER}",
                    "missing or not milliseconds since 1970",
                    "only the dispatcher writes this topic",
                )
            ]
        )
    return int(raw)
