"""Bring the recorder's tables to this version and end: ``python -m services.event_recorder.migrations``.

The recorder does the same at its start. As a step of its own it lets a deployment wait for a long migration, or stop at
a failed one, while the recorders of the version before go on.
"""

import logging
import sys

from services.event_recorder.database import DatabaseUnavailable, writing_engine
from services.event_recorder.migrate import migrate
from services.event_recorder.settings import MigrationSettings
from shared.adapters.json_logs import configure_logs, log
from shared.adapters.settings import load_settings

_logger = logging.getLogger("hookfleet.migrations")


def main() -> int:
    """The process's exit status: 0 when the tables are this version's."""
    configure_logs("event_recorder", "INFO")
    engine = writing_engine(load_settings(MigrationSettings).database_url.get_secret_value())
    try:
        migrate(engine)
    except DatabaseUnavailable as reason:
        log(_logger, logging.ERROR, "not_migrated", reason=str(reason))
        return 1
    log(_logger, logging.INFO, "migrated")
    return 0


if __name__ == "__main__":
    sys.exit(main())
