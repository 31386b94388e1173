"""Starts ingest: settings, parts, threads.

Ends in the order that keeps promises: first the HTTP server finishes the requests under way, only then may the
publisher, the writer and the tables they wait for end.
"""

import sys
import threading
import uuid

from services.ingest.config_requests import ConfigRequests
from services.ingest.config_table import ConfigTable, StateTable
from services.ingest.config_writer import ConfigWriter
from services.ingest.http_api.application import build_application
from services.ingest.http_api.resources import ResourceApi
from services.ingest.http_server import HttpServer
from services.ingest.record_acceptance import RecordAcceptance
from services.ingest.secret_ages import SecretAges
from services.ingest.settings import IngestSettings
from shared.adapters.async_publisher import AsyncPublisher
from shared.adapters.cel_checks import expression_faults
from shared.adapters.client_certificates import check_client_certificate
from shared.adapters.clock import now_ms
from shared.adapters.health import Health
from shared.adapters.json_logs import configure_logs
from shared.adapters.kafka_clients import producer, table_consumer
from shared.adapters.lifecycle import Supervisor
from shared.adapters.process_metrics import describe_process
from shared.adapters.publisher import Publisher
from shared.adapters.sealing import Sealer
from shared.adapters.settings import load_settings
from shared.adapters.topic_admin import topics_or_exit
from shared.adapters.topic_end import TopicEnd
from shared.adapters.topic_table import TopicTable
from shared.adapters.tracing import tracing_of
from shared.adapters.transactional_writer import TransactionalWriter
from shared.core.records import Record

#: Seconds between two hand-overs of events to the producer, at least. A sender waits that much longer for its 202 where
#: many send at once; at 1,000 single events a second it saves ingest a twelfth of its CPU (docs/performance.md).
_GATHER_SECONDS = 0.005


def main() -> int:
    """Run until stopped; the process's exit status."""
    settings = load_settings(IngestSettings)
    configure_logs("ingest", settings.log_level)
    topics = settings.topics()
    topics_or_exit(settings)

    health = Health()
    describe_process("ingest", health, settings)
    supervisor = Supervisor(health, settings.drain_seconds)
    resources, states = ConfigTable(), StateTable()
    ages = SecretAges()

    def apply(record: Record) -> None:
        resources.apply(record)
        ages.apply(record)

    config_topic = TopicTable(table_consumer(settings), topics.config, apply)
    state_topic = TopicTable(table_consumer(settings), topics.integration_state, states.apply)
    publisher = Publisher(producer(settings), lambda error: supervisor.crash("publisher", error))
    submissions = AsyncPublisher(publisher, _GATHER_SECONDS)
    acceptance = RecordAcceptance(submissions)
    writer = ConfigWriter(
        topic=topics.config.name,
        table=resources,
        progress=config_topic,
        end=TopicEnd(table_consumer(settings), topics.config),
        transactions=TransactionalWriter(settings, f"{settings.topic_prefix}hookfleet-config"),
    )
    requests = ConfigRequests(
        organization=settings.organization,
        writer=writer,
        sealing=Sealer.from_file(settings.sealing_key_file),
        check_expressions=expression_faults,
        check_certificate=check_client_certificate,
        clock=now_ms,
    )
    tracing = tracing_of(settings, "ingest")
    supervisor.on_close(tracing.close)
    server = HttpServer(
        build_application(
            api_key=settings.api_key.get_secret_value(),
            api=ResourceApi(requests, resources, states),
            acceptance=acceptance,
            quota=settings.event_quota(now_ms()),
            health=health,
            tables_not_ready=lambda: config_topic.not_ready() or state_topic.not_ready(),
            topics=topics,
            clock=now_ms,
            new_id=lambda: str(uuid.uuid4()),
            tracing=tracing,
        ),
        settings.listen_host,
        settings.listen_port,
        settings.drain_seconds,
    )
    health.add("config", config_topic.not_ready)
    health.add("integration_state", state_topic.not_ready)
    health.add("brokers", acceptance.not_ready)

    answered, written = threading.Event(), threading.Event()

    def serve() -> None:
        server.run(supervisor.stop)
        answered.set()
        submissions.close()

    def write() -> None:
        writer.run(answered)
        written.set()

    supervisor.on_close(publisher.close)
    supervisor.spawn("config-topic", lambda: config_topic.run(written))
    supervisor.spawn("state-topic", lambda: state_topic.run(written))
    supervisor.spawn("publisher", submissions.run)
    supervisor.spawn("config-writer", write)
    supervisor.spawn("http", serve)
    return supervisor.run()


if __name__ == "__main__":
    sys.exit(main())
