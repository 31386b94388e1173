"""Run the recorder: ``python -m services.event_recorder``."""

import sys
import uuid
from collections.abc import Sequence

from services.event_recorder.acts.marks import Marks
from services.event_recorder.acts.removal_filter import RemovalFilter
from services.event_recorder.acts.removal_requests import RemovalRequests
from services.event_recorder.acts.removal_worker import RemovalWorker
from services.event_recorder.acts.replay_requests import ReplayRequests
from services.event_recorder.acts.replay_worker import ReplayWorker
from services.event_recorder.acts.working import Working
from services.event_recorder.core.record_reader import RecordReader
from services.event_recorder.database import reading_engine, writing_engine
from services.event_recorder.database_patience import DatabasePatience
from services.event_recorder.handler import RecordHandler
from services.event_recorder.http_api.acting import Acting
from services.event_recorder.http_api.application import create_app
from services.event_recorder.http_api.marks import marks_router
from services.event_recorder.http_api.removals import removals_router
from services.event_recorder.http_api.replays import replays_router
from services.event_recorder.http_listener import HttpListener
from services.event_recorder.queries.reader import Reader
from services.event_recorder.recording import Recording
from services.event_recorder.retention import Retention
from services.event_recorder.settings import RecorderSettings
from services.event_recorder.traced_batches import traced_batches
from services.event_recorder.writer import Writer
from shared.adapters.batch_consumer import BatchConsumer
from shared.adapters.clock import now_ms
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.health import Health
from shared.adapters.json_logs import configure_logs
from shared.adapters.kafka_clients import group_consumer, producer
from shared.adapters.lifecycle import Supervisor
from shared.adapters.process_metrics import describe_process
from shared.adapters.publisher import Publisher
from shared.adapters.settings import load_settings
from shared.adapters.topic_admin import topics_or_exit
from shared.adapters.tracing import tracing_of
from shared.core.records import OutRecord

SERVICE = "event_recorder"
GROUP = "recorder"


def main() -> int:
    """Build the process and run it; its exit status."""
    settings = load_settings(RecorderSettings)
    configure_logs(SERVICE, settings.log_level)
    health = Health()
    describe_process(SERVICE, health, settings)
    supervisor = Supervisor(health, settings.drain_seconds)

    topics = settings.topics()
    topics_or_exit(settings)

    publisher = Publisher(producer(settings), lambda error: supervisor.crash("publisher", error))
    supervisor.on_close(publisher.close)

    def publish(records: Sequence[OutRecord]) -> None:
        publisher.send(records).wait()

    url = settings.database_url.get_secret_value()
    reader, patience, engine = RecordReader(topics), DatabasePatience(supervisor.stop), writing_engine(url)
    handler = RecordHandler(
        reader,
        RemovalFilter(engine, Writer(engine)),
        patience,
        DeadLetterBox(topics.dead_letters.name, SERVICE),
        publish,
    )
    tracing = tracing_of(settings, SERVICE)
    supervisor.on_close(tracing.close)
    is_traced = settings.tracing_endpoint is not None
    handle = traced_batches(handler.handle, tracing, now_ms) if is_traced else handler.handle
    loop = BatchConsumer(group_consumer(settings, GROUP), reader.topics, handle)
    recording = Recording(engine, patience, loop)
    health.add("database", patience.not_ready)
    health.add("consumer", loop.not_ready)

    asked = Reader(reading_engine(url), settings.organization)
    acts_engine, acting = writing_engine(url), Acting(settings.organization, now_ms)
    me = new_id()
    working = Working(
        acts_engine,
        [
            ReplayWorker(acts_engine, asked.engine, topics, publish, now_ms, me),
            RemovalWorker(acts_engine, asked.engine, now_ms, me),
        ],
    )
    acts = [
        marks_router(Marks(acts_engine, new_id), acting),
        replays_router(asked, ReplayRequests(acts_engine, asked.engine, topics, new_id, working.wake), acting),
        removals_router(asked, RemovalRequests(acts_engine, asked.engine, new_id, working.wake), acting),
    ]
    app = create_app(asked, health, settings.api_key.get_secret_value(), now_ms, acts)
    listener = HttpListener(app, settings.listen_host, settings.listen_port, settings.drain_seconds / 2)
    supervisor.spawn("http", lambda: listener.run(supervisor.stop))
    supervisor.spawn("acts", lambda: working.run(supervisor.stop))
    retention = Retention(writing_engine(url), settings.kept_ms, now_ms)
    supervisor.spawn("retention", lambda: retention.run(supervisor.stop))
    supervisor.spawn("recording", lambda: recording.run(supervisor.stop))
    return supervisor.run()


def new_id() -> str:
    """An id that nobody has."""
    return str(uuid.uuid4())


if __name__ == "__main__":
    sys.exit(main())
