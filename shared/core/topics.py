"""Every topic of the fleet: name, key, partition count, retention and schema, in one place.

A key decides which worker sees a record and in what order, so changing one means rewriting a topic. They stand here,
together, where a reviewer sees a change. Keys are raw UTF-8 bytes joined by ``/``; identifiers never hold a slash
(`shared.core.identifiers`), so a key is unambiguous. All clients use Kafka's murmur2 default partitioner on these
bytes; no service computes a partition itself.

What this module refuses to know: brokers and clients. `shared.adapters.topic_admin` creates and reconciles what is
declared here.
"""

from dataclasses import dataclass

SECOND_MS = 1_000
MINUTE_MS = 60 * SECOND_MS
HOUR_MS = 60 * MINUTE_MS
DAY_MS = 24 * HOUR_MS

#: The largest event accepted, in bytes of its structured JSON form.
MAX_EVENT_BYTES = 256 * 1024
#: The largest record a topic takes: a run-log record holds the whole request (256 KiB, up to six bytes a character
#: once escaped as JSON) and 16 KiB of response.
MAX_RECORD_BYTES = 2 * 1024 * 1024

#: Names and delays of the retry tiers. Each is exact FIFO: append time + delay = hop time. A longer or odd delay is a
#: chain of hops (`shared.core.retry_tiers`).
RETRY_TIER_DELAYS_MS: dict[str, int] = {
    "1s": SECOND_MS,
    "4s": 4 * SECOND_MS,
    "15s": 15 * SECOND_MS,
    "1m": MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "3h": 3 * HOUR_MS,
}


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic as the brokers should hold it.

    ``retention_ms`` is None for a compacted topic, which is kept for ever by key. ``append_time`` makes the broker
    stamp records, so that a tier's hop time does not depend on a producer's clock.
    """

    name: str
    partitions: int
    retention_ms: int | None
    append_time: bool = False

    @property
    def compacted(self) -> bool:
        return self.retention_ms is None

    def settings(self) -> dict[str, str]:
        """Topic-level broker settings, as Kafka spells them."""
        settings = {
            "cleanup.policy": "compact" if self.compacted else "delete",
            "max.message.bytes": str(MAX_RECORD_BYTES),
            "message.timestamp.type": "LogAppendTime" if self.append_time else "CreateTime",
        }
        if self.retention_ms is not None:
            settings["retention.ms"] = str(self.retention_ms)
        return settings


@dataclass(frozen=True, slots=True)
class Topics:
    """The fleet's topics under one prefix.

    | topic | key | value |
    |---|---|---|
    | ``system_events`` | organization/subject, or organization/event id | CloudEvent, structured JSON or binary mode |
    | ``config`` | kind/organization/id | `shared.core.resources.Resource`; no value deletes |
    | ``integration_state`` | organization/integration | `messages.state.IntegrationState` |
    | ``deliveries`` | organization/integration/shard | the event as sent; header ``delivery``: `messages.delivery` |
    | ``deliveries_due`` | as ``deliveries`` | as ``deliveries``: retries whose time has come |
    | ``retry`` tiers | as ``deliveries`` | as ``deliveries``, or `messages.delivery_bundle`: waiting |
    | ``deliveries_ordered`` | organization/integration, or organization/integration/subject | as ``deliveries`` |
    | ``run_log`` | organization/run, organization/event for matches | `messages.run_log` |
    | ``integration_events`` | organization/integration | CloudEvent whose data is of `messages.integration_events` |
    | ``dead_letters`` | source topic | the original bytes; headers say why (`shared.core.dead_letters`) |
    | ``disabler_streaks`` | as ``integration_events`` | the disabler's own table; nobody else reads it |
    """

    system_events: Topic
    config: Topic
    integration_state: Topic
    deliveries: Topic
    deliveries_due: Topic
    retry: dict[str, Topic]
    deliveries_ordered: Topic
    run_log: Topic
    integration_events: Topic
    dead_letters: Topic
    disabler_streaks: Topic

    def all(self) -> tuple[Topic, ...]:
        return (
            self.system_events,
            self.config,
            self.integration_state,
            self.deliveries,
            self.deliveries_due,
            *self.retry.values(),
            self.deliveries_ordered,
            self.run_log,
            self.integration_events,
            self.dead_letters,
            self.disabler_streaks,
        )


def topics(prefix: str, partitions: int) -> Topics:
    """Lay out the fleet's topics.

    ``prefix`` goes before every name (``"acme."`` gives ``acme.deliveries``); ``partitions`` is the count of every
    keyed topic but ``config``, which has one because its history is linear. ``deliveries``, ``deliveries-due`` and
    the tiers share the count: a run keeps its partition number on all of them.
    """

    def kept(name: str, days: int, *, append_time: bool = False) -> Topic:
        return Topic(f"{prefix}{name}", partitions, days * DAY_MS, append_time)

    return Topics(
        system_events=kept("system-events", 7),
        config=Topic(f"{prefix}config", 1, None),
        integration_state=Topic(f"{prefix}integration-state", partitions, None),
        deliveries=kept("deliveries", 7),
        deliveries_due=kept("deliveries-due", 7),
        retry={tier: kept(f"deliveries-retry-{tier}", 7, append_time=True) for tier in RETRY_TIER_DELAYS_MS},
        deliveries_ordered=kept("deliveries-ordered", 7),
        run_log=kept("run-log", 7),
        integration_events=kept("integration-events", 28),
        dead_letters=kept("dead-letters", 28),
        # Faust's name for the changelog of table "streaks" of the application "hookfleet-disabler".
        disabler_streaks=Topic(f"{prefix}hookfleet-disabler-streaks-changelog", partitions, None),
    )


def system_event_key(organization: str, subject: str | None, event_id: str) -> bytes:
    """Events of one subject stay in order; events without one spread."""
    return f"{organization}/{event_id if subject is None else subject}".encode()


def config_key(kind: str, organization: str, resource_id: str) -> bytes:
    """One resource's history, compacted to its latest record."""
    return f"{kind}/{organization}/{resource_id}".encode()


def integration_key(organization: str, integration_id: str) -> bytes:
    """Also the key of ``integration-events``: the disable decision folds one partition of one topic."""
    return f"{organization}/{integration_id}".encode()


def delivery_key(organization: str, integration_id: str, shard: int) -> bytes:
    """Runs of one integration meet on one worker, where its limits live."""
    return f"{organization}/{integration_id}/{shard}".encode()


def ordering_key(organization: str, integration_id: str, subject: str | None) -> bytes:
    """Runs that must keep order: those of an integration (no subject), or those of it about one subject.

    No two of these share a key: identifiers hold no slash, so a key with one slash is an integration's, and in any
    other the subject is all that follows the second, whatever it holds."""
    return f"{organization}/{integration_id}{'' if subject is None else f'/{subject}'}".encode()


def integration_of(key: bytes) -> tuple[str, str]:
    """(organization, integration) of an ordering key; of what is none, something that nobody is called."""
    organization, _, rest = key.decode(errors="replace").partition("/")
    return organization, rest.partition("/")[0]


def run_key(organization: str, run_id: str) -> bytes:
    """Records about one run stay in order."""
    return f"{organization}/{run_id}".encode()


def match_key(organization: str, event_id: str) -> bytes:
    """Match records of one event stay in order."""
    return f"{organization}/{event_id}".encode()
