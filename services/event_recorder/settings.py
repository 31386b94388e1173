"""The recorder's settings. The database is named by a SQLAlchemy URL, so that another engine is another URL."""

from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from shared.adapters.tracing import TracedServiceSettings
from shared.core.resources import Identifier

_EXAMPLES = "sqlite:////var/lib/hookfleet/recorder.db or postgresql+psycopg://user:password@host/database"


def _usable_database(url: SecretStr) -> SecretStr:
    try:
        parsed = make_url(url.get_secret_value())
    except ArgumentError:
        raise ValueError(f"is not a database URL; use {_EXAMPLES}") from None
    match parsed.drivername:
        case "sqlite" | "sqlite+pysqlite":
            if parsed.database in (None, "", ":memory:"):
                # Queries have connections of their own, and each would see a database of its own.
                raise ValueError("names no file; use sqlite:////var/lib/hookfleet/recorder.db")
        case "postgresql+psycopg":
            if not parsed.database:
                raise ValueError("names no database; use postgresql+psycopg://user:password@host/database")
        case _:
            raise ValueError(f"names a database or a driver that is not supported; use {_EXAMPLES}")
    return url


class RecorderSettings(TracedServiceSettings):
    """Settings of every service, and those of the recorder."""

    api_key: SecretStr = Field(min_length=16, description="key that queries must carry, 16 characters at least")
    organization: Identifier = Field(description="organization whose records that key may read")
    database_url: Annotated[SecretStr, AfterValidator(_usable_database)] = Field(
        description=f"SQLAlchemy URL of the database: {_EXAMPLES}"
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
