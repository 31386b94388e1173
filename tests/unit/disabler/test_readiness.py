"""A readiness check asks from its own thread, at any moment, and must leave the stream's event loop alone."""

from pathlib import Path
from typing import Any

from services.disabler.faust_app import FaustStream, faust_app
from services.disabler.settings import DisablerSettings


def test_a_check_before_the_start_makes_nothing_that_belongs_to_the_streams_event_loop(tmp_path: Path) -> None:
    app = faust_app(
        DisablerSettings.model_validate({"KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "data_dir": tmp_path / "data"})
    )
    stream = FaustStream(app, "integration-events")
    assert stream.waiting() == "starting"
    tables: Any = app.tables
    assert tables._recovery is None
