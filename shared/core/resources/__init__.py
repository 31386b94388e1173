"""Configuration: the resources users declare, as they stand on the ``config`` topic and in the HTTP API.

A resource is a *spec* (what the user wrote) and an envelope. Its version is the offset of its record, so history is
linear and no counter can disagree. Every kind has a module of its own here.

What is enabled or disabled is not configuration: that state has one writer, the disabler, and a topic of its own.
"""

from shared.core.resources.credential import (
    CREDENTIAL_OF,
    AnyCredential,
    ApiKeyCredential,
    BasicCredential,
    Credential,
    CredentialKind,
    HmacCredential,
    MutualTlsCredential,
    OAuth2ClientCredentials,
    set_twice,
)
from shared.core.resources.envelope import SPEC_OF, AnySpec, Kind, Resource, read_spec, references
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
from shared.core.resources.mapping import Mapping, MappingQuestion
from shared.core.resources.notification_rule import NotificationRule
from shared.core.resources.presets import Preset, PresetMessage
from shared.core.resources.request_template import EntityMapping, Place, PlacedExpression, RequestTemplate
from shared.core.resources.spec import RESERVED_HEADERS, HeaderName, HeaderValue, HttpUrl, Identifier, Spec
from shared.core.resources.webhook import Authentication, Webhook

__all__ = [
    "CREDENTIAL_OF",
    "DEFAULT_RETRY_DELAYS_SECONDS",
    "MAX_ORDERED_SCHEDULE_SECONDS",
    "MAX_RETRY_DELAY_SECONDS",
    "RESERVED_HEADERS",
    "SPEC_OF",
    "AnyCredential",
    "AnySpec",
    "ApiKeyCredential",
    "Authentication",
    "BasicCredential",
    "Credential",
    "CredentialKind",
    "DisablePolicy",
    "EntityMapping",
    "HeaderName",
    "HeaderValue",
    "HmacCredential",
    "HttpUrl",
    "Identifier",
    "Integration",
    "Kind",
    "Mapping",
    "MappingQuestion",
    "MutualTlsCredential",
    "NotificationRule",
    "OAuth2ClientCredentials",
    "Ordering",
    "Place",
    "PlacedExpression",
    "Preset",
    "PresetMessage",
    "RateLimit",
    "RequestTemplate",
    "Resource",
    "RetryPolicy",
    "Spec",
    "Webhook",
    "read_spec",
    "references",
    "set_twice",
]
