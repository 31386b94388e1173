"""Start the dispatcher: read settings, build, run."""

from services.dispatcher.edges import Edges
from services.dispatcher.service import run
from services.dispatcher.settings import DispatcherSettings
from shared.adapters.json_logs import configure_logs
from shared.adapters.settings import load_settings

if __name__ == "__main__":
    settings = load_settings(DispatcherSettings)
    configure_logs("dispatcher", settings.log_level)
    raise SystemExit(run(settings, Edges(settings)))
