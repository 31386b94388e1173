"""Settings of ingest, over those every service has."""

from pathlib import Path

from pydantic import Field, SecretStr, field_validator

from shared.adapters.sealing import Sealer, SealingError
from shared.adapters.settings import ServiceSettings
from shared.core.resources import Identifier


class IngestSettings(ServiceSettings):
    """Read once at start; see `shared.adapters.settings` for where from."""

    api_key: SecretStr = Field(min_length=16, description="the key that HTTP clients send as a bearer token")
    organization: Identifier = Field(description="the organization whose key that is")
    sealing_key_file: Path = Field(
        description="file of keys that seal secrets on the config topic, a line name:base64-of-32-bytes each"
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
