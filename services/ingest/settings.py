"""Settings of ingest, over those every service has."""

from pathlib import Path

from pydantic import Field, SecretStr, ValidationInfo, field_validator

from services.ingest.core.event_quota import EventQuota
from shared.adapters.sealing import Sealer, SealingError
from shared.adapters.tracing import TracedServiceSettings
from shared.core.resources import Identifier


class IngestSettings(TracedServiceSettings):
    """Read once at start; see `shared.adapters.settings` for where from."""

    api_key: SecretStr = Field(min_length=16, description="the key that HTTP clients send as a bearer token")
    organization: Identifier = Field(description="the organization whose key that is")
    sealing_key_file: Path = Field(
        description="file of keys that seal secrets on the config topic, a line name:base64-of-32-bytes each"
    )

    quota_events_per_second: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="events per second that the organization may send to each ingest process, a batch counting its "
        "events; every process keeps a quota of its own, so a fleet takes this times the number of processes; no quota "
        "where absent",
    )
    quota_burst_events: int | None = Field(
        default=None,
        ge=1,
        le=10_000_000,
        description="events that may come at once after a quiet time under that quota; as many as in one second where "
        "absent",
    )

    @field_validator("sealing_key_file")
    @classmethod
    def _usable(cls, path: Path) -> Path:
        """A bad key file is a fault of the settings and belongs in their list."""
        try:
            Sealer.from_file(path)
        except SealingError as error:
            raise ValueError(str(error)) from None
        return path

    @field_validator("quota_burst_events")
    @classmethod
    def _of_a_quota(cls, burst: int | None, others: ValidationInfo) -> int | None:
        """Whoever sets a burst alone believes in a quota that is not there."""
        if burst is not None and others.data.get("quota_events_per_second", 0) is None:
            raise ValueError("does nothing without a quota; set HOOKFLEET_QUOTA_EVENTS_PER_SECOND too")
        return burst

    def event_quota(self, now_ms: int) -> EventQuota | None:
        """The organization's quota, full; none where none is set."""
        rate = self.quota_events_per_second
        return None if rate is None else EventQuota(rate, self.quota_burst_events or rate, now_ms)
