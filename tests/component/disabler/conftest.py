"""Topics and processes of the disabler's component tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.component.disabler.processes import DisablerProcess, Fleet


@pytest.fixture
def fleet(kafka_bootstrap: str, tmp_path: Path) -> Iterator[Fleet]:
    """Topics of the test's own and no disabler."""
    fleet = Fleet(kafka_bootstrap, tmp_path)
    yield fleet
    fleet.close()


@pytest.fixture(scope="module")
def shared_fleet(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Topics and one running disabler for tests that differ by integration."""
    fleet = Fleet(kafka_bootstrap, tmp_path_factory.mktemp("disabler"))
    with fleet.start() as process:
        process.wait_ready()
        yield fleet
        assert _stops_cleanly(process)
    fleet.close()


def _stops_cleanly(process: DisablerProcess) -> bool:
    return process.stop() == 0
