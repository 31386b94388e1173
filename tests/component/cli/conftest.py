"""One small fleet for every test of commands, and a receiver that checks signatures."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.fleet import Fleet, FleetPlan
from tests.component.cli.shop import Shop


@pytest.fixture(scope="package")
def fleet(kafka_bootstrap: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """A fleet on topics of its own."""
    plan = FleetPlan(
        partitions=2, topic_prefix=f"cli-{uuid.uuid4().hex[:8]}.", session_timeout_ms=6_000, drain_seconds=5.0
    )
    env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap}
    with Fleet(tmp_path_factory.mktemp("fleet"), plan, env=env) as running:
        yield running


@pytest.fixture
def shop(fleet: Fleet, tmp_path: Path) -> Shop:
    return Shop(fleet, tmp_path)
