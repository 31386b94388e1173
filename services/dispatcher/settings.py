"""The dispatcher's settings."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

from pydantic import Field, IPvAnyNetwork, field_validator
from pydantic_settings import NoDecode

from shared.adapters.tracing import TracedServiceSettings


class Role(StrEnum):
    """What a process does: each a consumer group of its own."""

    MATCH = "match"
    SEND = "send"
    DELAY = "delay"
    ORDERED = "ordered"


class DispatcherSettings(TracedServiceSettings):
    """Common settings and the dispatcher's own."""

    sealing_key_file: Path = Field(
        description="file with the keys that sealed the credentials, one name:base64-of-32-bytes a line"
    )
    roles: Annotated[tuple[Role, ...], NoDecode] = Field(
        default=tuple(Role),
        min_length=1,
        description="what this process does: match, send, delay, ordered, separated by commas",
    )
    max_in_flight: int = Field(
        default=500,
        ge=1,
        le=10_000,
        description="delivery requests worked on at once in this process, by each of send and ordered",
    )
    failure_limit: int = Field(
        default=20,
        ge=1,
        le=1000,
        description="successive failed runs that disable an integration which sets no limit itself",
    )
    minimum_failing_seconds: float = Field(
        default=0.0,
        ge=0,
        le=604_800,
        description="seconds between the first of those and the one that disables, at least; minutes in production, so "
        "that a short deploy at a receiver disables nothing",
    )

    allowed_networks: Annotated[tuple[IPvAnyNetwork, ...], NoDecode] = Field(
        default=(),
        description="networks that may be posted to although they are not public, such as 10.20.0.0/16, separated by "
        "commas; see docs/network.md",
    )

    proxy_url: str | None = Field(
        default=None,
        pattern=r"^http://(\[[0-9a-fA-F:.]+\]|[a-zA-Z0-9._-]+):"
        r"([1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$",
        description="CONNECT proxy that is the only way out, http://host:port; see docs/network.md",
    )

    @field_validator("roles", "allowed_networks", mode="before")
    @classmethod
    def _split(cls, raw: object) -> object:
        if not isinstance(raw, str):
            return raw
        return tuple(part.strip() for part in raw.split(",")) if raw.strip() else ()
