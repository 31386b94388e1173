"""Putting the roles together: which consumer, handler and thread each one is made of."""

import asyncio
import functools
import random
import threading
from collections.abc import Callable

import uvloop

from services.dispatcher.core.configuration import Configuration
from services.dispatcher.delay_handler import DelayHandler
from services.dispatcher.http_client import WebhookClient, aiohttp_transport
from services.dispatcher.match_handler import MatchHandler
from services.dispatcher.secrets_store import SecretsStore
from services.dispatcher.send_handler import SendHandler
from services.dispatcher.sender import Sender
from services.dispatcher.settings import DispatcherSettings
from services.dispatcher.tables import IntegrationStates
from shared.adapters.async_publisher import AsyncPublisher
from shared.adapters.batch_consumer import BatchConsumer
from shared.adapters.clock import now_ms
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.delay_consumer import DelayConsumer
from shared.adapters.health import Health
from shared.adapters.kafka_clients import group_consumer, partitions_of, table_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.sealing import Sealer
from shared.adapters.topic_table import TopicTable
from shared.adapters.tracking_consumer import TrackingConsumer
from shared.core.topics import RETRY_TIER_DELAYS_MS


class Roles:
    """Everything the roles share, and one method per role that runs it until ``stop``."""

    def __init__(
        self,
        settings: DispatcherSettings,
        *,
        configuration: Configuration,
        states: IntegrationStates,
        config_table: TopicTable,
        state_table: TopicTable,
        publisher: Publisher,
        health: Health,
        stop: threading.Event,
        crash: Callable[[str, BaseException], None],
    ) -> None:
        self._settings = settings
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
        )
        topics = [self._topics.system_events.name, self._topics.integration_events.name]
        consumer = BatchConsumer(group_consumer(self._settings, "match"), topics, handler)
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
        delays_ms = {topic.name: RETRY_TIER_DELAYS_MS[tier] for tier, topic in self._topics.retry.items()}
        consumer = DelayConsumer(group_consumer(self._settings, "delay"), delays_ms, handler, now_ms)
        self._health.add("delay", consumer.not_ready)
        consumer.run(self._stop)

    def send(self) -> None:
        self._config_table.wait_ready(self._stop)
        self._state_table.wait_ready(self._stop)
        loop = uvloop.new_event_loop()
        loop_thread = threading.Thread(target=loop.run_forever, name="send-loop", daemon=True)
        loop_thread.start()
        outbox = AsyncPublisher(self._publisher)
        outbox_thread = threading.Thread(target=self._guarded("send-outbox", outbox.run), name="send-outbox")
        outbox_thread.daemon = True
        outbox_thread.start()
        client = asyncio.run_coroutine_threadsafe(self._client(), loop).result()
        handler = SendHandler(
            topics=self._topics,
            configuration=self._configuration,
            config_offset=self._config_table.offset,
            state_of=self._states.of,
            client=client,
            secrets=SecretsStore(self._configuration, Sealer.from_file(self._settings.sealing_key_file)),
            default_failure_limit=self._settings.failure_limit,
            clock=now_ms,
            chance=random.random,
        )
        topics = [self._topics.deliveries.name, self._topics.deliveries_due.name]
        sender = Sender(
            loop=loop,
            handle=handler,
            submit=outbox.submit,
            finish=lambda ticket: consumer.finish(ticket),  # noqa: PLW0108 - the consumer is made below
            crash=functools.partial(self._crash, "send"),
            dead_letters=self._dead_letters,
            due_topic=self._topics.deliveries_due.name,
            max_in_flight=self._settings.max_in_flight,
            clock=now_ms,
        )
        consumer = TrackingConsumer(group_consumer(self._settings, "send"), topics, sender)
        self._health.add("send", consumer.not_ready)
        consumer.run(self._stop)
        outbox.close()
        outbox_thread.join()
        asyncio.run_coroutine_threadsafe(client.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        loop_thread.join()

    async def _client(self) -> WebhookClient:
        return WebhookClient(lambda: aiohttp_transport(self._settings.max_in_flight))

    def _guarded(self, name: str, target: Callable[[], None]) -> Callable[[], None]:
        def run() -> None:
            try:
                target()
            except BaseException as error:  # noqa: BLE001 - a thread that dies takes the process with it
                self._crash(name, error)

        return run
