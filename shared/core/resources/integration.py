"""What is done when a rule fires: where to, when to try again, when to stop, and within which limits."""

from enum import StrEnum
from math import ceil
from typing import Annotated, Literal, Self

from pydantic import Field, ValidationInfo, field_validator, model_validator

from shared.core.resources.spec import Identifier, Spec

#: First attempt + three, waiting 2 s, 4 s and 8 s: the peer's documented schedule.
DEFAULT_RETRY_DELAYS_SECONDS = (2.0, 4.0, 8.0)
#: A strictly ordered run holds up those behind it for as long as its whole schedule, so that is bounded, in seconds.
MAX_ORDERED_SCHEDULE_SECONDS = 600.0
#: The longest schedule entry: "up to days".
MAX_RETRY_DELAY_SECONDS = 7 * 24 * 3600.0


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
    rate_limit: RateLimit | None = Field(default=None, description="bound on requests per second; none where absent")
    concurrency: Annotated[int, Field(ge=1, le=10_000)] | None = Field(
        default=None, description="requests under way at once, at most; what the receiver can take where absent"
    )

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
