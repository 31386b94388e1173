"""kafka-python clients, made the one way that is safe here.

Every default that would bite is set in this module and nowhere else: no auto-created topics, earliest offset for a new
group, no auto-commit, read-committed, range assignment (so that one worker holds the same partition numbers of
``deliveries`` and ``deliveries-due``), idempotent production acknowledged by all replicas.
"""

from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.consumer.fetcher import ConsumerRecord
from kafka.coordinator.assignors.range import RangePartitionAssignor

from shared.adapters.batch_producer import BatchProducer
from shared.adapters.header_names import EscapedHeaders, accept_any_header_name
from shared.adapters.settings import ServiceSettings
from shared.core.faults import Fault
from shared.core.records import Record
from shared.core.topics import MAX_RECORD_BYTES

#: A record's own framing comes on top of its bytes; brokers refuse above max.message.bytes, so the client's limit may
#: be generous.
_MAX_REQUEST_BYTES = 2 * MAX_RECORD_BYTES
#: Requests under way to one broker. With one, what comes meanwhile gathers and travels together: fewer and larger
#: batches when there is much, and no waiting for company when there is little.
_IN_FLIGHT = 1
_BATCH_BYTES = 128 * 1024
_FETCH_MAX_BYTES = 16 * 1024 * 1024
_MAX_POLL_RECORDS = 500
#: Kafka's own default; kafka-python's 30 s would keep a table stale that long after a broker is back.
_RECONNECT_BACKOFF_MAX_MS = 1_000
_NOT_UTF8 = Fault("(headers)", "a name is not UTF-8", "send names in UTF-8; other bytes stand as \\xNN here")


def _connection(settings: ServiceSettings) -> dict[str, Any]:
    return {
        "bootstrap_servers": settings.kafka_bootstrap_servers.split(","),
        "reconnect_backoff_max_ms": _RECONNECT_BACKOFF_MAX_MS,
    }


def group_consumer(settings: ServiceSettings, group: str) -> KafkaConsumer:
    """A member of consumer group ``group`` (prefixed like the topics), not yet subscribed.

    A process that has an instance name is a static member: started again within the session timeout it gets what it
    had, and the others notice nothing. Of two with one name the later keeps the partitions and the other one crashes.
    """
    consumer = KafkaConsumer(
        **_connection(settings),
        group_id=f"{settings.topic_prefix}hookfleet-{group}",
        group_instance_id=settings.instance and f"{settings.instance}-{group}",
        session_timeout_ms=settings.session_timeout_ms,
        heartbeat_interval_ms=settings.session_timeout_ms // 5,
        partition_assignment_strategy=(RangePartitionAssignor,),
        max_poll_records=_MAX_POLL_RECORDS,
        **_reading(),
    )
    _finish_what_it_joins(consumer)
    return accept_any_header_name(consumer)


def _finish_what_it_joins(consumer: KafkaConsumer) -> None:
    """Let a join that has begun come to its end.

    When new metadata made a leader join again and the join outlasts the poll that began it, kafka-python forgets it:
    the assignment has been made, so it sees no need to join, and never takes up what it was assigned. Such a member
    has no partitions and sends no heartbeats until its process ends. A starting fleet on a busy machine is enough.
    """
    coordinator = consumer._coordinator
    is_needed = coordinator.need_rejoin
    coordinator.need_rejoin = lambda: coordinator.rejoining or is_needed()


def table_consumer(settings: ServiceSettings) -> KafkaConsumer:
    """A consumer outside any group, for reading whole topics and asking for offsets."""
    return accept_any_header_name(KafkaConsumer(**_connection(settings), max_poll_records=10_000, **_reading()))


def _reading() -> dict[str, Any]:
    return {
        "auto_offset_reset": "earliest",
        "enable_auto_commit": False,
        "isolation_level": "read_committed",
        "allow_auto_create_topics": False,
        "fetch_max_bytes": _FETCH_MAX_BYTES,
        "metrics_enabled": False,
    }


def producer(settings: ServiceSettings, transactional_id: str | None = None) -> BatchProducer:
    """An idempotent producer; with ``transactional_id`` a fenced, transactional one."""
    return BatchProducer(
        **_connection(settings),
        acks="all",
        enable_idempotence=True,
        transactional_id=transactional_id,
        linger_ms=0,
        max_in_flight_requests_per_connection=_IN_FLIGHT,
        batch_size=_BATCH_BYTES,
        compression_type="lz4",
        max_request_size=_MAX_REQUEST_BYTES,
        allow_auto_create_topics=False,
        metrics_enabled=False,
    )


def admin_client(settings: ServiceSettings) -> KafkaAdminClient:
    """A client for topics and their settings."""
    return KafkaAdminClient(**_connection(settings))


def read(record: ConsumerRecord) -> Record:
    """kafka-python's record as ours. A header without a value becomes an empty one: the producer can write no other."""
    return Record(
        record.topic,
        record.partition,
        record.offset,
        record.key,
        record.value,
        tuple((name, value or b"") for name, value in record.headers),
        record.timestamp,
        _NOT_UTF8 if isinstance(record.headers, EscapedHeaders) else None,
    )


def restart_at_committed(consumer: KafkaConsumer) -> None:
    """Let every partition begin anew, unpaused and at its committed offset, when it is assigned again.

    For a rebalance listener that has just given up its partitions. kafka-python keeps position and pause of a partition
    that the rebalance leaves with the same member, so records that were read and dropped would never be read again.
    """
    consumer._subscription.assign_from_subscribed([])


def partitions_of(topic: str, count: int) -> list[TopicPartition]:
    """All partitions of a topic."""
    return [TopicPartition(topic, number) for number in range(count)]
