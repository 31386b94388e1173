"""A recorder that is killed at the worst instant: its first batch is in the database, its offsets are not committed."""

import os
import signal
import threading
from collections.abc import Sequence

from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.database import writing_engine
from services.event_recorder.database_patience import DatabasePatience
from services.event_recorder.handler import RecordHandler
from services.event_recorder.recording import Recording
from services.event_recorder.settings import RecorderSettings
from services.event_recorder.writer import Writer
from shared.adapters.batch_consumer import BatchConsumer
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.kafka_clients import group_consumer
from shared.adapters.settings import load_settings
from shared.core.records import OutRecord, Record


def publish(records: Sequence[OutRecord]) -> None:
    raise AssertionError(f"{len(records)} dead letters of good records")


def main() -> None:
    settings = load_settings(RecorderSettings)
    topics = settings.topics()
    stop = threading.Event()
    engine = writing_engine(settings.database_url.get_secret_value())
    patience, reader = DatabasePatience(stop), RecordReader(topics)
    writer = Writer(engine)
    handler = RecordHandler(reader, writer, patience, DeadLetterBox(topics.dead_letters.name, "test"), publish)

    def handle_and_die(records: Sequence[Record]) -> None:
        handler.handle(records)
        os.kill(os.getpid(), signal.SIGKILL)

    loop = BatchConsumer(group_consumer(settings, "recorder"), reader.topics, handle_and_die)
    Recording(engine, patience, loop).run(stop)


if __name__ == "__main__":
    main()
