"""Where to post."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from shared.core.resources.spec import HeaderName, HeaderValue, HttpUrl, Identifier, Spec


class Authentication(StrEnum):
    """What somebody has said about the need for a credential."""

    REQUIRED = "required"
    NONE = "none"


class Webhook(Spec):
    """Where to post."""

    name: str = Field(min_length=1, max_length=200, description="shown to people")
    url: HttpUrl = Field(max_length=2048, description="absolute http(s) URL")
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict, max_length=50, description="custom request headers"
    )
    credentials: tuple[Identifier, ...] = Field(
        default=(), max_length=4, description="ids of the credentials that sign or authorise requests"
    )
    authentication: Authentication | None = Field(
        default=None,
        description="required: nothing is posted without a credential; none: the receiver asks for no proof; where "
        "absent, a webhook without a credential posts, and its integrations are shown as disconnected",
    )
    active: bool = Field(default=True, description="an inactive webhook is not posted to")

    @model_validator(mode="after")
    def _say_one_thing(self) -> Self:
        if self.authentication is Authentication.NONE and self.credentials:
            raise ValueError("authentication none needs no credentials: leave one of the two out")
        return self
