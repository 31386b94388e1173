"""What every test folder shares: one real Kafka for all processes that run tests, and how tests are shared out."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from deploy.local.broker import start_broker
from tests.databases import Databases, databases
from tests.side_by_side import WITHOUT_KAFKA, SideBySide

#: What the process that shares tests out holds for the others: the broker, and its address.
_HELD = pytest.StashKey[ExitStack]()
_BOOTSTRAP = pytest.StashKey[str]()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """How tests are shared out among processes, if there are several."""
    return SideBySide(config, log)


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell a process that is about to begin where the broker is that all of them share."""
    if all(path.startswith(WITHOUT_KAFKA) for path in node.config.args):
        return
    stash = node.config.stash
    if _BOOTSTRAP not in stash:
        stash[_HELD] = ExitStack()
        stash[_BOOTSTRAP] = stash[_HELD].enter_context(_kafka())
    node.workerinput["kafka_bootstrap"] = stash[_BOOTSTRAP]


def pytest_unconfigure(config: pytest.Config) -> None:
    """The processes have ended; so may their broker."""
    if _HELD in config.stash:
        config.stash[_HELD].close()


@contextmanager
def _kafka() -> Iterator[str]:
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="hookfleet-kafka-") as folder, start_broker(Path(folder)) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def kafka_bootstrap(pytestconfig: pytest.Config) -> Iterator[str]:
    """Address of a real Kafka: the cluster named by KAFKA_BOOTSTRAP_SERVERS, else one of our own, thrown away."""
    shared: dict[str, str] = getattr(pytestconfig, "workerinput", {})
    if "kafka_bootstrap" in shared:
        yield shared["kafka_bootstrap"]
        return
    with _kafka() as bootstrap:
        yield bootstrap


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Databases]:
    """A real PostgreSQL of our own, thrown away."""
    with databases() as made:
        yield made


@pytest.fixture
def topic_prefix() -> str:
    """A prefix of its own, so that tests share a broker and nothing else."""
    return f"test-{uuid.uuid4().hex[:12]}."
