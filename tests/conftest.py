"""What every test folder shares: one real Kafka a session, and waiting on conditions."""

import os
import tempfile
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.broker import start_broker
from tests.databases import Databases, databases


@pytest.fixture(scope="session")
def kafka_bootstrap() -> Iterator[str]:
    """Address of a real Kafka: the cluster named by KAFKA_BOOTSTRAP_SERVERS, else one of our own, thrown away."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory(prefix="hookfleet-kafka-") as folder, start_broker(Path(folder)) as broker:
        yield broker.bootstrap


@pytest.fixture(scope="session")
def postgresql() -> Iterator[Databases]:
    """A real PostgreSQL of our own, thrown away."""
    with databases() as made:
        yield made


@pytest.fixture
def topic_prefix() -> str:
    """A prefix of its own, so that tests share a broker and nothing else."""
    return f"test-{uuid.uuid4().hex[:12]}."
