"""The dispatcher's producer: runs that go to one retry tier under one key at the same time go there as one record.

This is the one place through which every run passes that begins to wait or waits on, whichever stage sends it there. So
neither has to know of bundles when it writes, and what either hands over as one is acknowledged as one, bundles
included. The send stage's outbox gathers for 50 ms before it hands over (`shared.adapters.async_publisher`); that is
what brings runs together, and nothing waits here.
"""

from collections.abc import Callable, Sequence

from shared.adapters.batch_producer import BatchProducer
from shared.adapters.publisher import Acknowledgement, Publisher
from shared.core.messages.delivery_bundle import packed
from shared.core.records import OutRecord
from shared.core.topics import Topics


class BundlingPublisher(Publisher):
    """A `Publisher` for ``topics``."""

    def __init__(self, client: BatchProducer, on_failure: Callable[[BaseException], None], topics: Topics) -> None:
        super().__init__(client, on_failure)
        self._tiers = frozenset(topic.name for topic in topics.retry.values())

    def send(self, records: Sequence[OutRecord]) -> Acknowledgement:
        """Produce ``records``, those that wait together in bundles (`shared.core.messages.delivery_bundle`)."""
        return super().send(packed(records, self._tiers))
