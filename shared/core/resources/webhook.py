"""Where to post."""

from pydantic import Field

from shared.core.resources.spec import HeaderName, HeaderValue, HttpUrl, Identifier, Spec


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
    active: bool = Field(default=True, description="an inactive webhook is not posted to")
