"""The recording thread: tables first, then batch after batch until the process stops."""

import threading

from sqlalchemy import Engine

from services.event_recorder.database_patience import DatabasePatience, Stopping
from services.event_recorder.migrate import migrate
from shared.adapters.batch_consumer import BatchConsumer


class Recording:
    """What the recording thread does, over the database's ``engine`` and the Kafka ``loop``."""

    def __init__(self, engine: Engine, patience: DatabasePatience, loop: BatchConsumer) -> None:
        self._engine = engine
        self._patience = patience
        self._loop = loop

    def run(self, stop: threading.Event) -> None:
        """The thread's body. An end while the database is unavailable commits no offset of the batch in hand."""
        try:
            self._patience.until_done(lambda: migrate(self._engine))
            self._loop.run(stop)
        except Stopping:
            self._loop.consumer.close(autocommit=False)
