"""Valid values to begin from; a test says only what it is about."""

from typing import Any

from services.dispatcher.core.configuration import Configuration
from shared.core.cloud_events import CloudEvent, check_event
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import DeliveryRequest
from shared.core.resources import AnySpec, Integration, Kind, NotificationRule, Resource, Webhook

ORGANIZATION = "acme"
KIND_OF: dict[type[Any], Kind] = {
    Webhook: Kind.WEBHOOK,
    NotificationRule: Kind.NOTIFICATION_RULE,
    Integration: Kind.INTEGRATION,
}


def event(event_type: str = "billing.bill.created", **changes: Any) -> CloudEvent:
    return check_event(
        {
            "specversion": "1.0",
            "id": "e1",
            "source": "billing",
            "type": event_type,
            "organization": ORGANIZATION,
            **changes,
        }
    )


def rule(event_type: str = "billing.*", *, condition: str | None = None, active: bool = True) -> NotificationRule:
    return NotificationRule(name="A rule", event_type=event_type, condition=condition, active=active)


def webhook(url: str = "https://example.com/hooks", **changes: Any) -> Webhook:
    return Webhook(name="A webhook", url=url, **changes)


def integration(rule_id: str = "rule", webhook_id: str = "hook", **changes: Any) -> Integration:
    return Integration(name="An integration", rule=rule_id, webhook=webhook_id, **changes)


def apply(
    configuration: Configuration, resource_id: str, spec: AnySpec, organization: str = ORGANIZATION
) -> Configuration:
    kind = KIND_OF[type(spec)]
    resource = Resource(kind=kind, organization=organization, id=resource_id, spec=spec, created_ms=1, updated_ms=1)
    configuration.apply(kind, organization, resource_id, resource.encode())
    return configuration


def configured(**specs: AnySpec) -> Configuration:
    configuration = Configuration()
    for resource_id, spec in specs.items():
        apply(configuration, resource_id, spec)
    return configuration


def request(**changes: Any) -> DeliveryRequest:
    return DeliveryRequest.model_validate(
        {
            "run_id": "run-1",
            "webhook_id": "webhook-1",
            "organization": ORGANIZATION,
            "integration_id": "bills-to-chat",
            "event": EventRef(source="billing", id="e1", type="billing.bill.created"),
            "rule_id": "bills",
            "config_offset": 5,
            "accepted_ms": 1_000,
            "created_ms": 1_100,
            **changes,
        }
    )
