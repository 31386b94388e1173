"""What is done when a rule fires: what is sent and where to, when to try again, when to stop, within which limits.

A *notification webhook integration* tells somebody of an event: the CloudEvent as it is, a request of its own making
(`request`), or one made for a product (`preset`). A *native integration* does something with an entity in another
system: its request is always of its own making, it may need to know by which id that system knows the entity
(`mapping`), and it may judge the answer (`success`).
"""

import re
from enum import StrEnum
from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from shared.core.resources.presets import Preset, PresetMessage, expand
from shared.core.resources.request_template import EntityMapping, Expression, Place, PlacedExpression, RequestTemplate
from shared.core.resources.spec import Identifier, Spec

#: First attempt + three, waiting 2 s, 4 s and 8 s: the peer's documented schedule.
DEFAULT_RETRY_DELAYS_SECONDS = (2.0, 4.0, 8.0)
#: A strictly ordered run holds up those behind it for as long as its whole schedule, so that is bounded, in seconds.
MAX_ORDERED_SCHEDULE_SECONDS = 600.0
#: The longest schedule entry: "up to days".
MAX_RETRY_DELAY_SECONDS = 7 * 24 * 3600.0


_CREDENTIAL = re.compile(r"\bcredential\b")


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


class RateLimit(Spec):
    """How many runs an integration may begin. Runs that wait for it never fail because of it."""

    per_second: float = Field(gt=0, le=10_000, description="requests per second, retries included")
    burst: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None,
        description="requests that may begin at once after a quiet time; per_second, rounded up, where absent",
    )

    @property
    def most_at_once(self) -> int:
        return ceil(self.per_second) if self.burst is None else self.burst


class Integration(Spec):
    """One rule linked to one webhook. Each triggered integration is a run."""

    kind: Literal["notification-webhook", "native"] = Field(
        default="notification-webhook",
        description="notification-webhook tells of an event, native does something with an entity in another system; "
        "fixed once created",
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
    rate_limit: RateLimit | None = Field(default=None, description="bound on requests per second; none where absent")
    concurrency: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="requests under way at once, at most; what the receiver can take where absent"
    )

    preset: Preset | None = Field(default=None, description="makes the request for this product; none where absent")
    message: PresetMessage | None = Field(default=None, description="what the preset says, where not its defaults")
    request: RequestTemplate | None = Field(
        default=None, description="the request to make; a POST of the CloudEvent where absent"
    )
    mapping: EntityMapping | None = Field(
        default=None,
        description="native only: the external mapping that a run needs; expressions see it as mapping.external_id",
    )
    success: Expression | None = Field(
        default=None,
        description="native only: CEL over response.status, response.headers, response.body (text) and response.json "
        "that says whether the request was a success; any 2xx is where absent",
    )

    @property
    def is_plain(self) -> bool:
        """The CloudEvent is posted as it is and any 2xx is a success: no expression takes part."""
        return self.request is None and self.preset is None and self.mapping is None and self.success is None

    @property
    def uses_credential(self) -> bool:
        """Whether its expressions need the value of the webhook's API key."""
        return self.preset is Preset.PAGERDUTY or any(_CREDENTIAL.search(each.text) for each in self.expressions)

    @property
    def request_and_success(self) -> tuple[RequestTemplate | None, str | None]:
        """The request that a run makes and its success test, a preset's too."""
        return (self.request, self.success) if self.preset is None else expand(self.preset, self.message)

    @property
    def expressions(self) -> list[PlacedExpression]:
        """Every expression that the user wrote."""
        found: list[PlacedExpression] = []
        if self.request is not None:
            found += self.request.expressions("request")
        if self.message is not None:
            found += self.message.expressions("message")
        if self.mapping is not None:
            found.append(PlacedExpression("mapping.entity_id", Place.ENTITY_ID, self.mapping.entity_id))
        if self.success is not None:
            found.append(PlacedExpression("success", Place.SUCCESS, self.success))
        return found

    @model_validator(mode="after")
    def _make_one_request(self) -> Self:
        if self.preset is not None and self.request is not None:
            raise ValueError("preset and request are two ways to say what to send: keep one of them")
        if self.preset is None and self.message is not None:
            raise ValueError("message says what a preset sends: set preset, or use request")
        if self.kind == "native":
            if self.request is None:
                raise ValueError("request is missing: a native integration says what to send")
        elif self.mapping is not None or self.success is not None:
            field = "mapping" if self.mapping is not None else "success"
            raise ValueError(f"{field} is for native integrations: set kind to native, or leave it out")
        if self.request is not None and self.request.method == "GET" and self.request.body is not None:
            raise ValueError("request.body cannot go with GET: leave it out, or choose another method")
        return self

    @model_validator(mode="after")
    def _keep_limits_where_they_hold(self) -> Self:
        # Runs about different subjects are spread over workers, and each of them would allow the whole limit.
        if self.ordering is Ordering.SUBJECT and (self.rate_limit or self.concurrency):
            field = "rate_limit" if self.rate_limit else "concurrency"
            raise ValueError(
                f"{field} needs all runs of the integration on one worker, and order by subject spreads them: set "
                "ordering to none or integration, or leave the limit out"
            )
        return self

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
