"""Bringing the database's tables to this version, at start.

Safe to run from several processes at once: a lock is taken first (on SQLite the write lock, with the transaction), and
whoever comes second finds nothing to do.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, func, select
from sqlalchemy.exc import SQLAlchemyError

from services.event_recorder.database import unavailable

_MIGRATIONS = Path(__file__).parent / "migrations"
#: Names the lock among those of the database ("hookfleet" in ASCII, shortened to 64 bits).
_LOCK = int.from_bytes(b"hookflee")


def migrate(engine: Engine) -> None:
    """Run what has not run yet. Raises DatabaseUnavailable."""
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    try:
        with engine.begin() as connection:
            if connection.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
    except SQLAlchemyError as error:
        raise unavailable(error) from error
