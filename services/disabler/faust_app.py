"""Faust, its table and its producer behind three small shapes: batches in, records out, streaks kept.

Faust brings the group, the co-partitioned table with its changelog, and recovery. Three of its habits would lose
counts, so three things are done here instead:

- It acknowledges an event when the agent's loop goes round, also after an exception. Here the stream is read
  without acknowledgement; a batch is acknowledged after the handler has returned, always whole and in order,
  because the offset committed is computed from a run of acknowledged ones.
- It sends table writes to the changelog in the background and only logs a failure. Here the changelog is produced
  to directly, awaited, and the store is set afterwards.
- It restarts what crashed. Here whatever the handler raises ends `run`, and with it the process, before the
  acknowledgement.

Batches are whatever came while the last one was handled, so a busy worker waits for few acknowledgements and an
idle one adds no delay. A rebalance waits until what was taken from the stream is handled (Faust's
``stream_wait_empty``), so a partition is handed over with its count.

Keys and values are raw bytes, so that Faust's partitioner, Kafka's murmur2, agrees with every other client's; a
table write goes to the partition that its record came from.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import faust
from faust.auth import Credentials, SASLCredentials, SSLCredentials
from faust.types import TP, EventT

from services.disabler.core.streak import Streak, decode_streak, encode_streak
from services.disabler.header_names import accept_any_header_name
from services.disabler.ordered_consumer import OrderedTransport
from services.disabler.settings import DisablerSettings
from services.disabler.streak_gauges import watch_streaks
from shared.adapters.work_gauges import WorkGauges
from shared.core.record_format import NOT_UTF8, EscapedName
from shared.core.records import OutRecord, Record
from shared.core.topics import MAX_RECORD_BYTES

#: Consumer group and first part of the changelog's name, after the prefix.
APPLICATION: Final = "hookfleet-disabler"
TABLE: Final = "streaks"
#: Records handled at once, at most; as many may wait meanwhile.
MAX_BATCH: Final = 1_000
#: Seconds between offset commits: what is handled twice after a kill.
_COMMIT_SECONDS: Final = 0.5
#: Seconds in which a broker must take a record, as with the fleet's other producers.
_PRODUCE_SECONDS: Final = 120.0
#: Seconds between looks at the stop signal, which another thread sets.
_STOP_POLL_SECONDS: Final = 0.1
#: Tries to copy a table that another thread writes.
_LOOKS: Final = 3

Handle = Callable[[Sequence[Record]], Awaitable[None]]


class FaustOutputs:
    """Produces records through Faust's producer."""

    def __init__(self, app: faust.App) -> None:
        self._app = app

    async def publish(self, records: Sequence[OutRecord]) -> None:
        """Produce ``records`` in order and return once all replicas have them. Raises what the client raises."""
        await _acknowledged(self._app, [(out, None) for out in records])


class FaustStreakTable:
    """The table, kept in memory and recovered from its changelog."""

    def __init__(self, app: faust.App) -> None:
        self._app = app
        self._table: Any = app.Table(TABLE, key_type=bytes, value_type=bytes)
        watch_streaks(self.streaks)

    @property
    def changelog(self) -> str:
        """Name of the topic that Faust recovers the table from."""
        return str(self._table.changelog_topic_name)

    def read(self, key: bytes) -> Streak | None:
        value = self._table.data.get(key)
        return None if value is None else decode_streak(value)

    async def write(self, streaks: Mapping[bytes, Streak], partitions: Mapping[bytes, int]) -> None:
        """Store ``streaks`` and return once all replicas have them. Raises what the client raises."""
        values = {key: encode_streak(streak) for key, streak in streaks.items()}
        await _acknowledged(
            self._app,
            [(OutRecord(self.changelog, key, value), partitions[key]) for key, value in values.items()],
        )
        self._table.data.update(values)

    def streaks(self) -> Iterator[Streak]:
        """Every streak of the partitions held here. For looking only, from any thread."""
        # Faust makes the store when it is first asked for, bound to the event loop of the thread that asks.
        if self._table._data is None:
            return iter(())
        for _ in range(_LOOKS):
            with suppress(RuntimeError):  # the table grew meanwhile
                return map(decode_streak, list(self._table.data.values()))
        return iter(())


async def _acknowledged(app: faust.App, records: Sequence[tuple[OutRecord, int | None]]) -> None:
    waiting = [
        await app.producer.send(out.topic, out.key, out.value, partition, None, out.headers)
        for out, partition in records
    ]
    await asyncio.gather(*waiting)


class FaustStream:
    """Reads one topic as a member of the group, in batches."""

    def __init__(self, app: faust.App, topic: str) -> None:
        self._app = app
        self._pending: list[EventT[bytes]] = []
        self._arrived = asyncio.Event()
        self._room = asyncio.Event()
        self._recovery: Any = None
        self._gauges = WorkGauges(app.conf.id, [topic])
        source = app.topic(topic, key_type=bytes, value_type=bytes, allow_empty=True, internal=False)
        app.agent(source, name="integration-events")(self._collect)

    async def _collect(self, stream: Any) -> None:
        async for event in stream.noack().events():
            self._pending.append(event)
            self._arrived.set()
            while len(self._pending) >= MAX_BATCH:
                self._room.clear()
                await self._room.wait()

    async def _work(self, handle: Handle) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            batch, self._pending = self._pending, []
            self._room.set()
            if not batch:
                continue
            records = [_record(event) for event in batch]
            self._taken(records)
            await handle(records)
            for event in batch:
                event.ack()
            self._gauges.finished({TP(each.topic, each.partition): each.offset + 1 for each in records})

    def _taken(self, records: Sequence[Record]) -> None:
        consumer = self._app.consumer
        self._gauges.keep_only(consumer.assignment())
        by_partition: dict[TP, list[Record]] = {}
        for record in records:
            by_partition.setdefault(TP(record.topic, record.partition), []).append(record)
        for partition, some in by_partition.items():
            self._gauges.read(partition, some)
        with suppress(AssertionError):  # how the client says that a partition has just left
            self._gauges.ends({partition: consumer.highwater(partition) for partition in by_partition})

    def waiting(self) -> str | None:
        """What is still to come before records are read, or None: a readiness check, called from other threads."""
        recovery = self._recovery
        if recovery is None:
            return "starting"
        if not recovery.completed.is_set():
            return "joining the group and recovering the table"
        if self._app.rebalancing or recovery.in_recovery:
            return "rebalancing"
        return None

    async def _run(self, handle: Handle, stop: threading.Event) -> None:
        work = asyncio.create_task(self._work(handle))
        # Faust makes this when it is first asked for, bound to the event loop of the thread that asks. Measured: asked
        # for by a readiness check before the start, the application waited for ever.
        tables: Any = self._app.tables
        self._recovery = tables.recovery
        await self._app.start()
        while not stop.is_set():
            await asyncio.wait([work], timeout=_STOP_POLL_SECONDS)
            if work.done():
                work.result()
            if self._app.crashed:
                raise RuntimeError("Faust crashed") from self._app.crash_reason
        # Takes no more from the brokers, waits until what was taken is handled, commits and leaves the group.
        await self._app.stop()
        work.cancel()

    def run(self, handle: Handle, stop: threading.Event) -> None:
        """Read until ``stop`` is set, then finish, commit and leave the group.

        Raises what ``handle`` raises, at once: nothing of its batch is acknowledged.
        """
        # Not asyncio.run: after a failure it would wait for Faust's own tasks, of which some do not end when cancelled.
        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        loop.run_until_complete(self._run(handle, stop))


def _record(event: EventT[bytes]) -> Record:
    message = event.message
    headers = message.headers or ()
    named = headers.items() if isinstance(headers, Mapping) else headers
    return Record(
        topic=message.topic,
        partition=message.partition,
        offset=message.offset,
        key=message.key,
        value=message.value,
        header_list=tuple((name, value or b"") for name, value in named),
        timestamp_ms=round(message.timestamp * 1000),
        fault=NOT_UTF8 if any(isinstance(name, EscapedName) for name, _ in named) else None,
    )


def _credentials(settings: DisablerSettings) -> Credentials | None:
    """What Faust's clients, consumer and producer alike, show to brokers; None where nothing is shown."""
    context = settings.broker_tls()
    if settings.kafka_security_protocol.authenticated:
        assert settings.kafka_sasl_mechanism is not None
        assert settings.kafka_password is not None
        return SASLCredentials(
            mechanism=settings.kafka_sasl_mechanism.value,
            username=settings.kafka_username,
            password=settings.kafka_password.get_secret_value(),
            ssl_context=context,
        )
    return None if context is None else SSLCredentials(context)


def faust_app(settings: DisablerSettings) -> faust.App:
    """The Faust application, not started; every default that would bite is set here."""
    accept_any_header_name()
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    session = settings.session_timeout_ms / 1000
    app = faust.App(
        f"{settings.topic_prefix}{APPLICATION}",
        broker=[f"kafka://{server}" for server in settings.kafka_bootstrap_servers.split(",")],
        broker_credentials=_credentials(settings),
        datadir=str(settings.data_dir),
        store="memory://",
        key_serializer="raw",
        value_serializer="raw",
        # Topics are declared in shared.core.topics and made before this starts.
        topic_allow_declare=False,
        topic_disable_leader=True,
        topic_partitions=settings.partitions,
        table_standby_replicas=0,
        web_enabled=False,
        broker_session_timeout=session,
        broker_heartbeat_interval=session / 5,
        broker_rebalance_timeout=2 * session,
        broker_request_timeout=max(90.0, 1.5 * session),
        broker_commit_interval=_COMMIT_SECONDS,
        producer_acks=-1,
        producer_request_timeout=_PRODUCE_SECONDS,
        producer_max_request_size=2 * MAX_RECORD_BYTES,
        stream_wait_empty=True,
    )
    app.transport = OrderedTransport(app.conf.broker_consumer, app)
    return app
