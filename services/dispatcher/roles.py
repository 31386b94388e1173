"""Putting the roles together: which consumer, handler and thread each one is made of."""

import functools
import random
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from services.dispatcher.authorisation import Authoriser
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.delay_handler import DelayHandler
from services.dispatcher.edges import Edges
from services.dispatcher.match_handler import MatchHandler
from services.dispatcher.ordered_handler import OrderedHandler
from services.dispatcher.ordered_sender import OrderedSender
from services.dispatcher.preparation import Preparation
from services.dispatcher.rendering import Renderer
from services.dispatcher.send_handler import SendHandler
from services.dispatcher.send_loop import SendLoop
from services.dispatcher.sender import Sender
from services.dispatcher.settings import DispatcherSettings, Role
from services.dispatcher.tables import IntegrationStates
from services.dispatcher.window_gauges import watch_windows
from shared.adapters.batch_consumer import BatchConsumer
from shared.adapters.clock import now_ms
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.delay_consumer import DelayConsumer
from shared.adapters.health import Health
from shared.adapters.history_reader import HistoryReader
from shared.adapters.kafka_clients import partitions_of, table_consumer
from shared.adapters.offset_reader import OffsetReader
from shared.adapters.ordered_consumer import OrderedConsumer
from shared.adapters.publisher import Publisher
from shared.adapters.sealing import Sealer
from shared.adapters.topic_table import TopicTable
from shared.adapters.tracing import Tracing
from shared.adapters.tracking_consumer import TrackingConsumer
from shared.core.resources import DisablePolicy

#: How long what a delivery led to may wait to be produced with others. Nobody waits for it: the receiver has its
#: request. (In order, the next run of the key does; there nothing waits.) What it saves is in docs/performance.md.
_GATHER_SECONDS = 0.05


class Roles:
    """Everything the roles share, and one method per role that runs it until ``stop``."""

    def __init__(
        self,
        settings: DispatcherSettings,
        edges: Edges,
        *,
        configuration: Configuration,
        states: IntegrationStates,
        config_table: TopicTable,
        state_table: TopicTable,
        publisher: Publisher,
        health: Health,
        stop: threading.Event,
        crash: Callable[[str, BaseException], None],
        tracing: Tracing,
    ) -> None:
        self._settings = settings
        self._tracing = tracing
        self._edges = edges
        self._topics = settings.topics()
        self._configuration = configuration
        self._states = states
        self._config_table = config_table
        self._state_table = state_table
        self._publisher = publisher
        self._health = health
        self._stop = stop
        self._crash = crash
        self._dead_letters = DeadLetterBox(self._topics.dead_letters.name, "dispatcher")

    def match(self) -> None:
        self._config_table.wait_ready(self._stop)
        offsets = table_consumer(self._settings)
        (config,) = partitions_of(self._topics.config.name, 1)
        handler = MatchHandler(
            topics=self._topics,
            configuration=self._configuration,
            table=self._config_table,
            config_end=lambda: int(offsets.end_offsets([config])[config]),
            publish=self._publisher.send,
            dead_letters=self._dead_letters,
            clock=now_ms,
            tracing=self._tracing,
        )
        topics = [self._topics.system_events.name, self._topics.integration_events.name]
        consumer = BatchConsumer(self._edges.consumer(Role.MATCH), topics, handler)
        self._health.add("match", consumer.not_ready)
        consumer.run(self._stop)
        offsets.close()

    def delay(self) -> None:
        handler = DelayHandler(
            topics=self._topics,
            publish=self._publisher.send,
            dead_letters=self._dead_letters,
            clock=now_ms,
        )
        tiers = [topic.name for topic in self._topics.retry.values()]
        consumer = DelayConsumer(self._edges.consumer(Role.DELAY), tiers, handler.hop_time, handler, now_ms)
        self._health.add("delay", consumer.not_ready)
        consumer.run(self._stop)

    def send(self) -> None:
        self._wait_for_tables()
        written = (self._topics.run_log, self._topics.integration_events, *self._topics.retry.values())
        self._publisher.prepare(topic.name for topic in written)
        engine = self._send_loop(Role.SEND)
        renderer = Renderer()
        handler = self._send_handler(engine, renderer)
        topics = [self._topics.deliveries.name, self._topics.deliveries_due.name]
        sender = Sender(
            loop=engine.loop,
            handler=handler,
            submit=engine.outbox.submit,
            finish=lambda ticket: consumer.finish(ticket),  # noqa: PLW0108 - the consumer is made below
            crash=functools.partial(self._crash, "send"),
            dead_letters=self._dead_letters,
            due_topic=self._topics.deliveries_due.name,
            max_in_flight=self._settings.max_in_flight,
            clock=now_ms,
        )
        watch_windows("send", sender.gates.windows)
        consumer = TrackingConsumer(self._edges.consumer(Role.SEND), topics, sender, self._history())
        self._health.add("send", consumer.not_ready)
        consumer.run(self._stop)
        engine.close()
        renderer.close()

    def ordered(self) -> None:
        self._wait_for_tables()
        engine = self._send_loop(Role.ORDERED)
        renderer = Renderer()
        handler = self._send_handler(engine, renderer)
        again = OffsetReader(functools.partial(table_consumer, self._settings))
        again_thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="ordered-again")
        lock = threading.Lock()
        sender = OrderedSender(
            loop=engine.loop,
            lock=lock,
            handle=OrderedHandler(
                work=handler.work,
                configuration=self._configuration,
                topics=self._topics,
                dead_letters=self._dead_letters,
            ),
            limits_of=handler.limits_of,
            read_again=functools.partial(engine.loop.run_in_executor, again_thread, again.read),
            submit=engine.outbox.submit,
            changed=lambda partition: consumer.changed(partition),  # noqa: PLW0108 - as above
            is_confirmed=lambda: consumer.is_confirmed(),  # noqa: PLW0108
            may_be_lost=lambda: consumer.may_be_lost(),  # noqa: PLW0108
            crash=functools.partial(self._crash, "ordered"),
            max_in_flight=self._settings.max_in_flight,
            clock=now_ms,
        )
        watch_windows("ordered", sender.gates.windows)
        consumer = OrderedConsumer(
            self._edges.consumer(Role.ORDERED),
            [self._topics.deliveries_ordered.name],
            sender,
            self._history(),
            lock=lock,
            session_timeout_seconds=self._settings.session_timeout_ms / 1000,
        )
        self._health.add("ordered", consumer.not_ready)
        consumer.run(self._stop)
        engine.close()
        renderer.close()
        again_thread.shutdown()
        again.close()

    def _wait_for_tables(self) -> None:
        self._config_table.wait_ready(self._stop)
        self._state_table.wait_ready(self._stop)

    def _send_loop(self, role: Role) -> SendLoop:
        gather_seconds = _GATHER_SECONDS if role is Role.SEND else 0.0
        return SendLoop(role.value, self._publisher, self._edges.client, self._crash, gather_seconds)

    def _history(self) -> HistoryReader:
        return HistoryReader(functools.partial(table_consumer, self._settings))

    def _send_handler(self, engine: SendLoop, renderer: Renderer) -> SendHandler:
        sealer = Sealer.from_file(self._settings.sealing_key_file)
        return SendHandler(
            topics=self._topics,
            configuration=self._configuration,
            config_offset=self._config_table.offset,
            state_of=self._states.of,
            client=engine.client,
            preparation=Preparation(
                mappings=self._configuration.mappings,
                renderer=renderer,
                authoriser=Authoriser(self._configuration, sealer, engine.client, now_ms),
                clock=now_ms,
            ),
            judge=renderer,
            default_disable_policy=DisablePolicy(
                failed_runs=self._settings.failure_limit,
                minimum_failing_seconds=self._settings.minimum_failing_seconds,
            ),
            clock=now_ms,
            chance=random.random,
            tracing=self._tracing,
        )
