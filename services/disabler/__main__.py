"""Run the disabler: ``python -m services.disabler``."""

import logging
import os

from services.disabler.service import NAME, run
from services.disabler.settings import DisablerSettings
from shared.adapters.json_logs import configure_logs
from shared.adapters.settings import load_settings

if __name__ == "__main__":
    settings = load_settings(DisablerSettings)
    configure_logs(NAME, settings.log_level)
    status = run(settings)
    logging.shutdown()
    os._exit(status)
