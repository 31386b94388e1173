"""One delivery as the benchmarks mean it: an event of 1 KB, a rule with a condition, a signed webhook that answers."""

from collections.abc import Callable
from dataclasses import dataclass, field

from services.dispatcher.authorisation import Authoriser
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.exchange import Answer, Request, Result
from services.dispatcher.match_handler import MatchHandler
from services.dispatcher.preparation import Preparation
from services.dispatcher.rendering import Renderer
from services.dispatcher.send_handler import SendHandler
from services.dispatcher.tables import apply_config
from shared.adapters.clock import now_ms
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.sealing import Sealer
from shared.adapters.tracing import NoTracing
from shared.core.cloud_events import CloudEvent, check_event
from shared.core.records import OutRecord, Record
from shared.core.resources import (
    AnySpec,
    DisablePolicy,
    HmacCredential,
    Integration,
    Kind,
    NotificationRule,
    Resource,
    Webhook,
)
from shared.core.topics import config_key, topics

ORGANIZATION = "acme"
EVENT_TYPE = "billing.bill.created"
TOPICS = topics("", 6)
#: Bytes of the event as structured JSON.
EVENT_BYTES = 1024
_SECRET = b"whsec_" + b"QUFB" * 8


class InstantClient:
    """A receiver that has answered before anybody asked."""

    async def send(self, request: Request) -> Result:
        return Answer(200, (("content-length", "0"), ("server", "bench")), b"", False)


class FixedTable:
    """A configuration table that is where it has to be."""

    def offset(self) -> int:
        return 4

    def wait_until(self, offset: int, timeout_seconds: float) -> bool:
        return True


class Acknowledged:
    """Records that are safe at once."""

    def wait(self) -> None:
        """Nothing to wait for."""


@dataclass(slots=True)
class Kept:
    """Keeps the records of the last call, as a producer that costs nothing."""

    records: list[OutRecord] = field(default_factory=list)

    def __call__(self, records: object) -> Acknowledged:
        assert isinstance(records, list)
        self.records = records
        return Acknowledged()


def event(organization: str = ORGANIZATION, event_type: str = EVENT_TYPE) -> CloudEvent:
    """An event of `EVENT_BYTES` bytes."""
    document = {
        "specversion": "1.0",
        "id": "0193a2f4-8c1e-7b52-9d0a-3f6b8e2c7a41",
        "source": "https://billing.example/tenants/7",
        "type": event_type,
        "organization": organization,
        "subject": "bill/42",
        "time": "2026-01-31T12:00:00.250Z",
        "datacontenttype": "application/json",
        "data": {"new": {"id": "42", "amount": 119.5, "currency": "EUR", "lines": [{"sku": "A-1", "quantity": 3}]}},
    }
    unpadded = len(check_event({**document, "data": {**document["data"], "note": ""}}).encode())  # type: ignore[dict-item]
    document["data"]["note"] = "x" * (EVENT_BYTES - unpadded)  # type: ignore[index]
    return check_event(document)


def event_record() -> Record:
    """The event on ``system-events``."""
    headers = (("content-type", b"application/cloudevents+json"),)
    key = f"{ORGANIZATION}/bill/42".encode()
    return Record(TOPICS.system_events.name, 1, 7, key, event().encode(), headers, now_ms())


def config_record(kind: Kind, organization: str, resource_id: str, spec: AnySpec, *sealed: str) -> Record:
    """A resource on ``config``."""
    resource = Resource(
        kind=kind, organization=organization, id=resource_id, spec=spec, sealed=sealed, created_ms=1, updated_ms=1
    )
    key = config_key(kind, organization, resource_id)
    return Record(TOPICS.config.name, 0, 0, key, resource.encode(), (), now_ms())


def configuration(sealer: Sealer) -> Configuration:
    """One rule with a condition, one signed webhook, one integration between them."""
    configuration = Configuration()
    sealed = sealer.seal(_SECRET, config_key(Kind.CREDENTIAL, ORGANIZATION, "signing"))
    rule = NotificationRule(name="Large bills", event_type=EVENT_TYPE, condition="data.new.amount > 100")
    webhook = Webhook(
        name="Chat", url="http://127.0.0.1:8080/hooks", headers={"X-Team": "billing"}, credentials=("signing",)
    )
    for kind, resource_id, spec, secrets in (
        (Kind.CREDENTIAL, "signing", HmacCredential(kind="hmac", name="Signing"), (sealed,)),
        (Kind.NOTIFICATION_RULE, "large-bills", rule, ()),
        (Kind.WEBHOOK, "chat", webhook, ()),
        (Kind.INTEGRATION, "bills-to-chat", Integration(name="Bills", rule="large-bills", webhook="chat"), ()),
    ):
        apply_config(configuration, config_record(kind, ORGANIZATION, resource_id, spec, *secrets))
    return configuration


def match_handler(configuration: Configuration, publish: Kept) -> MatchHandler:
    """The match stage, with a producer that costs nothing."""
    return MatchHandler(
        topics=TOPICS,
        configuration=configuration,
        table=FixedTable(),
        config_end=lambda: 4,
        publish=publish,
        dead_letters=DeadLetterBox(TOPICS.dead_letters.name, "dispatcher"),
        clock=now_ms,
        tracing=NoTracing(),
    )


def send_handler(
    configuration: Configuration, sealer: Sealer, chance: Callable[[], float] = lambda: 0.5
) -> SendHandler:
    """The send stage's work on one request, with a receiver that costs nothing."""
    client, renderer = InstantClient(), Renderer()
    return SendHandler(
        topics=TOPICS,
        configuration=configuration,
        config_offset=lambda: 4,
        state_of=lambda *_: None,
        client=client,
        preparation=Preparation(
            mappings=configuration.mappings,
            renderer=renderer,
            authoriser=Authoriser(configuration, sealer, client, now_ms),
            clock=now_ms,
        ),
        judge=renderer,
        default_disable_policy=DisablePolicy(),
        clock=now_ms,
        chance=chance,
        tracing=NoTracing(),
    )
