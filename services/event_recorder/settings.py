"""The recorder's settings. The database is named by a SQLAlchemy URL, so that another engine is another URL."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from shared.adapters.settings import ServiceSettings
from shared.core.resources import Identifier


def _usable_database(url: SecretStr) -> SecretStr:
    try:
        parsed = make_url(url.get_secret_value())
    except ArgumentError:
        raise ValueError("is not a database URL; use sqlite:////var/lib/hookfleet/recorder.db") from None
    if parsed.get_backend_name() != "sqlite":
        raise ValueError("names a database this version cannot write; use a sqlite:/// URL")
    if parsed.database in (None, "", ":memory:"):
        # Queries have connections of their own, and each would see a database of its own.
        raise ValueError("names no file; use sqlite:////var/lib/hookfleet/recorder.db")
    return url


class RecorderSettings(ServiceSettings):
    """Settings of every service, and those of the recorder."""

    api_key: SecretStr = Field(min_length=16, description="key that queries must carry, 16 characters at least")
    organization: Identifier = Field(description="organization whose records that key may read")
    database_url: Annotated[SecretStr, AfterValidator(_usable_database)] = Field(
        description="SQLAlchemy URL of the database, such as sqlite:////var/lib/hookfleet/recorder.db"
    )
    event_store_hours: float = Field(
        default=168.0,
        gt=0,
        le=100_000,
        description="hours that system events are kept for their traces; older ones are deleted",
    )

    @property
    def event_store_ms(self) -> int:
        return int(self.event_store_hours * 3_600_000)
