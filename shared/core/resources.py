"""Configuration: the resources users declare, as they stand on the ``config`` topic and in the HTTP API.

A resource is a *spec* (what the user wrote) and an envelope (whose it is, when it was written, what of it is sealed).
Its version is the offset of its record, so history is linear and no counter can disagree. Specs refuse unknown fields,
because a misspelt setting that is silently ignored is a fault found in production; a record read from the topic may
hold unknown fields, because an older worker must read what a newer one wrote.

What is enabled or disabled is not configuration: that state has one writer, the disabler, and a topic of its own.
"""

from enum import StrEnum
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)

from shared.core.identifiers import IDENTIFIER_PATTERN

Identifier = Annotated[str, StringConstraints(pattern=IDENTIFIER_PATTERN)]

#: First attempt + three, waiting 2 s, 4 s and 8 s: the peer's documented schedule.
DEFAULT_RETRY_DELAYS_SECONDS = (2.0, 4.0, 8.0)
#: A strictly ordered run holds up those behind it for as long as its whole schedule, so that is bounded, in seconds.
MAX_ORDERED_SCHEDULE_SECONDS = 600.0
#: The longest schedule entry: "up to days".
MAX_RETRY_DELAY_SECONDS = 7 * 24 * 3600.0


class Kind(StrEnum):
    """Every kind of resource there is so far; more kinds come as more members and never change these."""

    WEBHOOK = "webhook"
    NOTIFICATION_RULE = "notification-rule"
    CREDENTIAL = "credential"
    INTEGRATION = "integration"


class Spec(BaseModel):
    """What a user writes; an unknown field is a fault."""

    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True)


def _http_url(url: str) -> str:
    if any(ord(char) <= 0x20 or ord(char) == 0x7F for char in url):
        raise ValueError("must not hold blanks or control characters")
    try:
        parts = urlsplit(url)
        host, user, password = parts.hostname, parts.username, parts.password
        port_is_valid = parts.port != 0
    except ValueError:
        # Its message repeats the URL, which may hold a secret.
        raise ValueError("must hold a valid host and port") from None
    if parts.scheme not in ("http", "https") or not host:
        raise ValueError("must be an absolute http or https URL, such as https://example.com/hooks")
    if not port_is_valid:
        raise ValueError("must hold a valid host and port")
    if user is not None or password is not None:
        raise ValueError("must not hold a user name or password; link a credential instead")
    return url


def _header_name(name: str) -> str:
    if not name or not all(char.isascii() and (char.isalnum() or char in "!#$%&'*+-.^_`|~") for char in name):
        raise ValueError("is not an HTTP header name")
    if name.lower() in RESERVED_HEADERS or name.lower().startswith("webhook-"):
        raise ValueError("is set by Hookfleet itself and cannot be overridden")
    return name


def _header_value(value: str) -> str:
    if not value.isascii() or any((ord(char) < 0x20 and char != "\t") or ord(char) == 0x7F for char in value):
        raise ValueError("is not an HTTP header value (printable ASCII)")
    return value


RESERVED_HEADERS = frozenset({"content-length", "host", "transfer-encoding", "connection", "content-type"})
HeaderName = Annotated[str, AfterValidator(_header_name)]
HeaderValue = Annotated[str, AfterValidator(_header_value)]


class Webhook(Spec):
    """Where to post."""

    name: str = Field(min_length=1, max_length=200, description="shown to people")
    url: Annotated[str, AfterValidator(_http_url)] = Field(max_length=2048, description="absolute http(s) URL")
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict, max_length=50, description="custom request headers"
    )
    credentials: tuple[Identifier, ...] = Field(
        default=(), max_length=4, description="ids of the credentials that sign or authorise requests"
    )
    active: bool = Field(default=True, description="an inactive webhook is not posted to")


def _event_type_pattern(pattern: str) -> str:
    if not all(char.isascii() and (char.isalnum() or char in "._-*") for char in pattern):
        raise ValueError("may hold letters, digits, '.', '_', '-' and '*' (any text, dots included)")
    return pattern


class NotificationRule(Spec):
    """Which events matter."""

    name: str = Field(min_length=1, max_length=200, description="shown to people")
    event_type: Annotated[str, AfterValidator(_event_type_pattern)] = Field(
        min_length=1, max_length=255, description="an event type; '*' stands for any text, dots included"
    )
    condition: str | None = Field(
        default=None,
        min_length=1,
        max_length=4096,
        description="CEL expression over event, data, new and old",
    )
    active: bool = Field(default=True, description="an inactive rule never fires")


class RetryPolicy(Spec):
    """When a failed attempt is tried again. The list's length is the number of retries."""

    delays_seconds: tuple[Annotated[float, Field(gt=0, le=MAX_RETRY_DELAY_SECONDS)], ...] = Field(
        default=DEFAULT_RETRY_DELAYS_SECONDS, max_length=50, description="waits between attempts, in seconds"
    )
    jitter: float = Field(
        default=0.0, ge=0, le=1, description="each wait is made longer at random, by this fraction of it at most"
    )


class DisablePolicy(Spec):
    """When an integration that keeps failing is disabled."""

    failed_runs: int = Field(default=20, ge=1, le=1000, description="successive failed runs that disable")
    minimum_failing_seconds: float = Field(
        default=0.0,
        ge=0,
        le=MAX_RETRY_DELAY_SECONDS,
        description="seconds between the first of them and the one that disables, at least",
    )


class Ordering(StrEnum):
    """Which runs of an integration wait for each other: none, all of them, or those about the same subject."""

    NONE = "none"
    INTEGRATION = "integration"
    SUBJECT = "subject"


class Integration(Spec):
    """One rule linked to one webhook: a *notification webhook integration*. Each triggered integration is a run."""

    kind: Literal["notification-webhook"] = Field(
        default="notification-webhook", description="what the integration does; fixed once created"
    )
    name: str = Field(min_length=1, max_length=200, description="shown to people")
    rule: Identifier = Field(description="id of the notification rule that triggers it")
    webhook: Identifier = Field(description="id of the webhook it posts to")
    timeout_seconds: float = Field(
        default=15.0, gt=0, le=120, description="bound on one attempt from connect to last byte, in seconds"
    )
    retry: RetryPolicy = Field(default_factory=RetryPolicy, description="schedule of retries")
    disable: DisablePolicy | None = Field(
        default=None, description="when to disable it; the fleet's default where absent"
    )
    ordering: Ordering = Field(
        default=Ordering.NONE,
        description="which runs are sent one after another, in order, retries included: none, all of the integration, "
        "or those about one subject",
    )

    @field_validator("ordering")
    @classmethod
    def _bound_what_holds_up_others(cls, ordering: Ordering, info: ValidationInfo) -> Ordering:
        retry = info.data.get("retry")
        if ordering is not Ordering.NONE and isinstance(retry, RetryPolicy):
            total = sum(retry.delays_seconds) * (1 + retry.jitter)
            if total > MAX_ORDERED_SCHEDULE_SECONDS:
                raise ValueError(
                    f"a run in order holds up those behind it while it is retried, so its waits may total "
                    f"{MAX_ORDERED_SCHEDULE_SECONDS:.0f} s at most, and retry.delays_seconds total {total:g} s with "
                    "jitter: shorten them, or set ordering to none"
                )
        return ordering


class Credential(Spec):
    """What proves that a request is ours. The secret is generated by us, shown once and never returned again."""

    kind: Literal["hmac"] = Field(description="hmac: Standard Webhooks signatures; fixed once created")
    name: str = Field(min_length=1, max_length=200, description="shown to people")


AnySpec = Webhook | NotificationRule | Integration | Credential

SPEC_OF: dict[Kind, type[AnySpec]] = {
    Kind.WEBHOOK: Webhook,
    Kind.NOTIFICATION_RULE: NotificationRule,
    Kind.CREDENTIAL: Credential,
    Kind.INTEGRATION: Integration,
}


class Resource(BaseModel):
    """One record of the ``config`` topic. Its version is the record's offset and therefore not inside."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    v: Literal[1] = 1
    kind: Kind
    organization: Identifier
    id: Identifier
    spec: AnySpec
    #: Secrets of a credential, newest first, each sealed (`shared.adapters.sealing`); never in plain.
    sealed: tuple[str, ...] = ()
    created_ms: int
    updated_ms: int

    @model_validator(mode="before")
    @classmethod
    def _read_spec_as_its_kind(cls, raw: Any) -> Any:
        if isinstance(raw, dict) and isinstance(raw.get("spec"), dict) and raw.get("kind") in list(Kind):
            # A newer writer's fields are skipped here, and here only: over HTTP they are refused.
            spec = SPEC_OF[Kind(raw["kind"])].model_validate(raw["spec"], extra="ignore")
            return {**raw, "spec": spec}
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
        case NotificationRule() | Credential():
            return ()
