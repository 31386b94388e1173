"""What waits for brokers is bounded, and what they acknowledge makes room again."""

import asyncio
import threading

import pytest

from services.ingest.record_acceptance import (
    MAX_UNACKNOWLEDGED_BYTES,
    RECORD_OVERHEAD_BYTES,
    NotAcknowledged,
    RecordAcceptance,
)
from shared.adapters.async_publisher import AsyncPublisher
from shared.adapters.kafka_clients import producer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.core.records import OutRecord


@pytest.mark.parametrize("size", [1, 1024 * 1024])
def test_more_than_the_bound_is_refused_at_once_and_taken_when_there_is_room(
    settings: ServiceSettings, size: int
) -> None:
    failures: list[BaseException] = []
    publisher = Publisher(producer(settings), failures.append)
    submissions = AsyncPublisher(publisher)
    publishing = threading.Thread(target=submissions.run)
    record = OutRecord(settings.topics().system_events.name, b"acme/x", b"x" * size)
    most = MAX_UNACKNOWLEDGED_BYTES // (record.size + RECORD_OVERHEAD_BYTES)

    async def scenario() -> None:
        acceptance = RecordAcceptance(submissions)
        # The publishing thread has not begun, as if it waited for the brokers.
        full = asyncio.create_task(acceptance.accept([record] * most))
        await asyncio.sleep(0)
        with pytest.raises(NotAcknowledged):
            await asyncio.wait_for(acceptance.accept([record] * 2), timeout=1)
        publishing.start()
        await full
        await acceptance.accept([record] * 2)
        assert acceptance.not_ready() is None

    asyncio.run(scenario())
    submissions.close()
    publishing.join()
    publisher.close()
    assert failures == []
