"""The recorder's settings. The database is named by a SQLAlchemy URL, so that another engine is another URL."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from services.event_recorder.core.retention import DAY_MS, RecordKind
from shared.adapters.settings import ENV_PREFIX
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


DatabaseUrl = Annotated[
    SecretStr,
    AfterValidator(_usable_database),
    Field(description=f"SQLAlchemy URL of the database: {_EXAMPLES}"),
]
#: Some 72 minutes at least, or runs would go from under their retries; a hundred years at most.
Days = Annotated[float, Field(ge=0.05, le=36_500)]


class MigrationSettings(BaseSettings):
    """All that bringing the tables to this version needs: no broker, no key."""

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, frozen=True, extra="ignore")

    database_url: DatabaseUrl


class RecorderSettings(TracedServiceSettings):
    """Settings of every service, and those of the recorder."""

    api_key: SecretStr = Field(min_length=16, description="key that queries must carry, 16 characters at least")
    organization: Identifier = Field(description="organization whose records that key may read")
    database_url: DatabaseUrl
    keep_system_events_days: Days = Field(
        default=7.0, description="days that system events are kept for their traces, from acceptance"
    )
    keep_run_log_days: Days = Field(
        default=28.0,
        description="days that runs are kept with their attempts, and matches, from the creation of the run",
    )
    keep_integration_events_days: Days = Field(
        default=28.0, description="days that integration events other than errors are kept, from the event's time"
    )
    keep_error_events_days: Days = Field(
        default=365.0, description="days that error events and alerts are kept, from the event's time"
    )
    keep_statistics_days: Days = Field(default=365.0, description="days that statistics are kept, from the run's end")
    keep_trail_days: Days = Field(
        default=365.0, description="days that the trail of acts and ended replays are kept, from the act"
    )

    @property
    def kept_ms(self) -> Mapping[RecordKind, int]:
        """How long each kind of record is kept, in milliseconds."""
        days = {
            RecordKind.SYSTEM_EVENTS: self.keep_system_events_days,
            RecordKind.RUN_LOG: self.keep_run_log_days,
            RecordKind.INTEGRATION_EVENTS: self.keep_integration_events_days,
            RecordKind.ERROR_EVENTS: self.keep_error_events_days,
            RecordKind.STATISTICS: self.keep_statistics_days,
            RecordKind.TRAIL: self.keep_trail_days,
        }
        return {kind: int(each * DAY_MS) for kind, each in days.items()}
