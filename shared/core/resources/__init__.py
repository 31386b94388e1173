"""Configuration: the resources users declare, as they stand on the ``config`` topic and in the HTTP API.

A resource is a *spec* (what the user wrote) and an envelope. Its version is the offset of its record, so history is
linear and no counter can disagree. Every kind has a module of its own here.

What is enabled or disabled is not configuration: that state has one writer, the disabler, and a topic of its own.
"""

from shared.core.resources.credential import Credential
from shared.core.resources.envelope import SPEC_OF, AnySpec, Kind, Resource, references
from shared.core.resources.integration import (
    DEFAULT_RETRY_DELAYS_SECONDS,
    MAX_ORDERED_SCHEDULE_SECONDS,
    MAX_RETRY_DELAY_SECONDS,
    DisablePolicy,
    Integration,
    Ordering,
    RateLimit,
    RetryPolicy,
)
from shared.core.resources.notification_rule import NotificationRule
from shared.core.resources.spec import RESERVED_HEADERS, HeaderName, HeaderValue, HttpUrl, Identifier, Spec
from shared.core.resources.webhook import Webhook

__all__ = [
    "DEFAULT_RETRY_DELAYS_SECONDS",
    "MAX_ORDERED_SCHEDULE_SECONDS",
    "MAX_RETRY_DELAY_SECONDS",
    "RESERVED_HEADERS",
    "SPEC_OF",
    "AnySpec",
    "Credential",
    "DisablePolicy",
    "HeaderName",
    "HeaderValue",
    "HttpUrl",
    "Identifier",
    "Integration",
    "Kind",
    "NotificationRule",
    "Ordering",
    "RateLimit",
    "Resource",
    "RetryPolicy",
    "Spec",
    "Webhook",
    "references",
]
