"""A disabler whose consumer takes a tenth of a second to seek after a recovery, while its fetcher goes on.

It widens the race between the two in which Faust's own consumer drops records.
"""

import asyncio
import os

import faust

from services.disabler.faust_app import FaustStreakTable
from services.disabler.ordered_consumer import OrderedConsumer
from services.disabler.service import NAME, run
from services.disabler.settings import DisablerSettings
from shared.adapters.json_logs import configure_logs
from shared.adapters.settings import load_settings


class SlowlySeekingConsumer(OrderedConsumer):
    async def perform_seek(self) -> None:
        await super().perform_seek()
        await asyncio.sleep(0.1)


def table_of(app: faust.App) -> FaustStreakTable:
    setattr(app.transport, "Consumer", SlowlySeekingConsumer)  # noqa: B010
    return FaustStreakTable(app)


if __name__ == "__main__":
    settings = load_settings(DisablerSettings)
    configure_logs(NAME, settings.log_level)
    os._exit(run(settings, table_of))
