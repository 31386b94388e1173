"""A resource as it stands on the ``config`` topic: its spec in an envelope, by kind.

The envelope says whose it is, when it was written and what of it is sealed. A record read from the topic may hold
unknown fields, because an older worker must read what a newer one wrote.
"""

from enum import StrEnum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, model_validator

from shared.core.resources.credential import AnyCredential, Credential, read_credential
from shared.core.resources.integration import Integration
from shared.core.resources.mapping import Mapping
from shared.core.resources.notification_rule import NotificationRule
from shared.core.resources.spec import Identifier, Spec
from shared.core.resources.webhook import Webhook


class Kind(StrEnum):
    """Every kind of resource there is so far; more kinds come as more members and never change these."""

    WEBHOOK = "webhook"
    NOTIFICATION_RULE = "notification-rule"
    CREDENTIAL = "credential"
    INTEGRATION = "integration"
    MAPPING = "mapping"


AnySpec = Webhook | NotificationRule | Integration | AnyCredential | Mapping

#: The model of each kind, or what its models have in common; `read_spec` knows which.
SPEC_OF: dict[Kind, type[Spec]] = {
    Kind.WEBHOOK: Webhook,
    Kind.NOTIFICATION_RULE: NotificationRule,
    Kind.CREDENTIAL: Credential,
    Kind.INTEGRATION: Integration,
    Kind.MAPPING: Mapping,
}


def read_spec(kind: Kind, raw: Any, extra: Literal["forbid", "ignore"] = "forbid") -> AnySpec:
    """A spec as its kind. ``extra`` says what becomes of unknown fields. Raises pydantic.ValidationError."""
    if kind is Kind.CREDENTIAL:
        return read_credential(raw, extra)
    spec: AnySpec = SPEC_OF[kind].model_validate(raw, extra=extra)  # type: ignore[assignment]
    return spec


class Resource(BaseModel):
    """One record of the ``config`` topic. Its version is the record's offset and therefore not inside."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    kind: Kind
    organization: Identifier
    id: Identifier
    spec: AnySpec
    #: Secrets of a credential, newest first, each sealed (`shared.adapters.sealing`); never in plain. Only one that
    #: signs has more than one, while it is rotated.
    sealed: tuple[str, ...] = ()
    created_ms: int
    updated_ms: int

    @model_validator(mode="before")
    @classmethod
    def _read_spec_as_its_kind(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and isinstance(raw.get("spec"), dict) and raw.get("kind") in list(Kind):
            # A newer writer's fields are skipped here, and here only: over HTTP they are refused.
            return {**raw, "spec": read_spec(Kind(raw["kind"]), raw["spec"], extra="ignore")}
        return raw

    def encode(self) -> bytes:
        return self.model_dump_json(exclude_none=True).encode()


def references(spec: AnySpec) -> tuple[tuple[str, Kind, str], ...]:
    """What a spec points at: (field, kind, id). A reference must exist when it is written."""
    match spec:
        case Integration():
            return (("rule", Kind.NOTIFICATION_RULE, spec.rule), ("webhook", Kind.WEBHOOK, spec.webhook))
        case Webhook():
            return tuple(("credentials", Kind.CREDENTIAL, each) for each in spec.credentials)
        case NotificationRule() | Credential() | Mapping():
            return ()
