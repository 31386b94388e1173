"""A backlog that stands on its topic before anybody can read it, and is let go at one moment.

It is written in one transaction, and the fleet reads committed records only. So workers can be running, connected and
warm while it grows, and what they use from the moment of release on is work on the backlog and nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from shared.adapters.kafka_clients import producer
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord

_AT_ONCE = 2_000


class HeldBacklog:
    """Written on entering, released by :meth:`release`; leaving without that abandons it.

    It must be written and released within a minute, Kafka's bound of a transaction: half a million events fit.
    """

    def __init__(self, settings: ServiceSettings, records: Iterable[OutRecord]) -> None:
        self._producer = producer(settings, "bench-backlog")
        self._records = records

    def __enter__(self) -> Self:
        self._producer.init_transactions()
        self._producer.begin_transaction()
        for each in self._records:
            self._producer.send(each.topic, key=each.key, value=each.value, headers=each.headers)
        self._producer.flush()
        return self

    def release(self) -> None:
        """Everything can be read from now on."""
        self._producer.commit_transaction()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._producer.close(timeout=5)


def write(settings: ServiceSettings, records: Iterable[OutRecord], look: Callable[[], None] = lambda: None) -> None:
    """Write ``records`` where they can be read at once; any number of them. ``look`` is called now and then."""
    plain = producer(settings)
    for number, each in enumerate(records):
        plain.send(each.topic, key=each.key, value=each.value, headers=each.headers)
        if number % _AT_ONCE == 0:
            plain.flush()  # the client itself would buffer without a bound
            look()
    plain.flush()
    plain.close(timeout=5)
