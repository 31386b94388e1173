"""The three Kafka loops with nothing to do, for what must hold for each of them."""

from collections.abc import Callable
from typing import Any

import pytest

from shared.adapters.batch_consumer import BatchConsumer
from shared.adapters.delay_consumer import DelayConsumer
from shared.adapters.history_reader import HistoryReader
from shared.adapters.kafka_clients import table_consumer
from shared.adapters.settings import ServiceSettings
from shared.adapters.tracking_consumer import TrackingConsumer
from tests.component.shared.conftest import Run, Running
from tests.component.shared.tracking_members import Bench


class FinishingBench(Bench):
    """Finishes whatever it gets at once."""

    loop: TrackingConsumer

    def take(self, work: Any) -> None:
        super().take(work)
        for _, ticket in work:
            self.loop.finish(ticket)
        self.waiting.clear()


def batch_loop(settings: ServiceSettings, consumer: Any, topic: str, run: Run) -> Running:
    return run(BatchConsumer(consumer, [topic], lambda batch: None).run)


def delay_loop(settings: ServiceSettings, consumer: Any, topic: str, run: Run) -> Running:
    return run(DelayConsumer(consumer, [topic], lambda record: 0, lambda due: None, lambda: 1).run)


def tracking_loop(settings: ServiceSettings, consumer: Any, topic: str, run: Run) -> Running:
    bench = FinishingBench()
    bench.loop = TrackingConsumer(consumer, [topic], bench, HistoryReader(lambda: table_consumer(settings)))
    return run(bench.loop.run)


Loop = Callable[[ServiceSettings, Any, str, Run], Running]
every_loop = pytest.mark.parametrize("loop", [batch_loop, delay_loop, tracking_loop])
