"""Settings of the gateway, from the environment."""

from __future__ import annotations

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from deploy.local.gateway.routes import Upstream
from shared.adapters.settings import ENV_PREFIX


class GatewaySettings(BaseSettings):
    """Where the gateway listens and where the services are."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="ignore")

    listen_host: str = Field(default="127.0.0.1", description="address to listen on")
    listen_port: int = Field(ge=1, le=65_535, description="port to listen on")
    ingest_urls: str = Field(min_length=1, description="addresses of ingest processes, separated by commas")
    event_recorder_urls: str = Field(
        min_length=1, description="addresses of event_recorder processes, separated by commas"
    )

    def upstreams(self) -> dict[Upstream, list[str]]:
        """Addresses by service."""
        return {
            Upstream.INGEST: self.ingest_urls.split(","),
            Upstream.EVENT_RECORDER: self.event_recorder_urls.split(","),
        }
