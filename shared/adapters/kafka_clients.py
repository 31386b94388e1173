"""kafka-python clients, made the one way that is safe here.

Every default that would bite is set in this module and nowhere else: no auto-created topics, earliest offset for a new
group, no auto-commit, read-committed, range assignment (so that one worker holds the same partition numbers of
``deliveries`` and ``deliveries-due``), idempotent production acknowledged by all replicas. How brokers are
reached, and as whom, comes from the settings, for every client alike.
"""

import socket
import ssl
from collections.abc import Iterable, Sequence
from typing import Any

from kafka import KafkaConsumer, TopicPartition
from kafka.admin import KafkaAdminClient
from kafka.consumer.fetcher import ConsumerRecord
from kafka.coordinator.assignors.range import RangePartitionAssignor
from kafka.errors import KafkaError, KafkaTimeoutError, SaslAuthenticationFailedError
from kafka.net.compat import KafkaNetClient

from shared.adapters.batch_producer import BatchProducer
from shared.adapters.header_names import EscapedHeaders, accept_any_header_name
from shared.adapters.settings import ServiceSettings
from shared.core.record_format import NOT_UTF8
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
#: Bytes of one partition in one fetch, compressed; Kafka's own default.
_PARTITION_FETCH_BYTES = 1024 * 1024
#: Kafka's own default; kafka-python's 30 s would keep a table stale that long after a broker is back.
_RECONNECT_BACKOFF_MAX_MS = 1_000
#: Seconds for a broker to begin a TLS connection, when it is asked at start whether it can.
_TLS_SECONDS = 5.0


class ClusterUnusable(Exception):
    """The cluster cannot be used as it is or as the settings say; ``faults`` are sentences, one each."""

    def __init__(self, faults: Sequence[str]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(self.faults))


def _connection(settings: ServiceSettings) -> dict[str, Any]:
    password = settings.kafka_password
    return {
        "bootstrap_servers": settings.kafka_bootstrap_servers.split(","),
        "reconnect_backoff_max_ms": _RECONNECT_BACKOFF_MAX_MS,
        "security_protocol": settings.kafka_security_protocol.value,
        "ssl_context": settings.broker_tls(),
        "sasl_mechanism": settings.kafka_sasl_mechanism and settings.kafka_sasl_mechanism.value,
        "sasl_plain_username": settings.kafka_username,
        "sasl_plain_password": password and password.get_secret_value(),
    }


def group_consumer(
    settings: ServiceSettings, group: str, partition_fetch_bytes: int = _PARTITION_FETCH_BYTES
) -> KafkaConsumer:
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
        max_partition_fetch_bytes=partition_fetch_bytes,
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
    """A client for topics and their settings. Raises ClusterUnusable when no broker lets us in."""
    refused = [_tls_fault(server, settings) for server in settings.kafka_bootstrap_servers.split(",")]
    if all(refused):
        # kafka-python would try for half a minute and tell the reason to its log alone.
        raise ClusterUnusable([fault for fault in refused if fault is not None])
    try:
        return KafkaAdminClient(**_connection(settings), kafka_client=_client_that_tells_refusals)
    except SaslAuthenticationFailedError:
        raise ClusterUnusable(
            [
                f"the brokers refuse user {settings.kafka_username}: correct HOOKFLEET_KAFKA_USERNAME, "
                "HOOKFLEET_KAFKA_PASSWORD or HOOKFLEET_KAFKA_SASL_MECHANISM"
            ]
        ) from None
    except KafkaTimeoutError:
        raise ClusterUnusable(
            [
                f"no broker of {settings.kafka_bootstrap_servers} answers as {settings.kafka_security_protocol}: is "
                "one there, does its listener speak that protocol, and does it ask for a client certificate?"
            ]
        ) from None
    except KafkaError as error:
        raise ClusterUnusable([f"the brokers cannot be used: {error}"]) from None


def _client_that_tells_refusals(**options: Any) -> KafkaNetClient:
    """kafka-python's connections, remembering that a broker refused a password.

    Stock ones mean to, and raise it with the next attempt; but 3.0 hands that failure to nobody, so a wrong password
    would be tried for half a minute and told as a broker that is not there.
    """
    client = KafkaNetClient(**options)
    manager = client._manager
    connect = manager._connect

    async def connect_and_remember(node: Any, connection: Any, **how: Any) -> None:
        await connect(node, connection, **how)
        failure = connection.init_future.exception
        if isinstance(failure, SaslAuthenticationFailedError):
            manager._auth_failures[node.node_id] = failure

    manager._connect = connect_and_remember
    return client


def _tls_fault(server: str, settings: ServiceSettings) -> str | None:
    """Why no TLS connection to ``server`` comes about; None where it does, is not wanted, or nobody answers."""
    context = settings.broker_tls()
    if context is None:
        return None
    host, _, port = server.strip().rpartition(":")
    host = host.strip("[]")
    try:
        with (
            socket.create_connection((host, int(port)), timeout=_TLS_SECONDS) as connection,
            context.wrap_socket(connection, server_hostname=host),
        ):
            return None
    except ssl.SSLCertVerificationError as error:
        return (
            f"{server}: the broker's certificate is not accepted ({error.verify_message}); see HOOKFLEET_KAFKA_CA_FILE"
        )
    except ssl.SSLError as error:
        return f"{server}: no TLS ({error.reason}); see HOOKFLEET_KAFKA_SECURITY_PROTOCOL and the certificate files"
    except (OSError, ValueError):
        return None  # the client's own patience is for brokers that are not there yet


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
        NOT_UTF8 if isinstance(record.headers, EscapedHeaders) else None,
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


def ends_of(consumer: KafkaConsumer, partitions: Iterable[TopicPartition]) -> dict[TopicPartition, int | None]:
    """Where partitions ended when they were last fetched. Asks no broker; null where that is not known."""
    assigned = consumer.assignment()
    return {each: consumer.highwater(each) for each in partitions if each in assigned}
