"""Configuration and states in a file, and back onto a cluster that has none."""

import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from deploy.local.fleet.cluster_topics import drop_topics
from shared.adapters.kafka_clients import producer
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import prepare_topics
from shared.adapters.topic_reader import TopicReader
from shared.core.topics import Topic

PLACES = ("config", "integration_state")


def run(settings: ServiceSettings, *arguments: str) -> Result:
    env = {
        "KAFKA_BOOTSTRAP_SERVERS": settings.kafka_bootstrap_servers,
        "HOOKFLEET_TOPIC_PREFIX": settings.topic_prefix,
        "HOOKFLEET_PARTITIONS": str(settings.partitions),
    }
    return CliRunner().invoke(app, list(arguments), env=env)


def latest(settings: ServiceSettings, topic: Topic) -> dict[bytes | None, tuple[bytes, dict[str, bytes]]]:
    with closing(TopicReader(settings, [topic.name])) as reader:
        records = {record.key: record for record in reader.unread()}
    return {key: (record.value, record.headers) for key, record in records.items() if record.value is not None}


def _settings(bootstrap: str, prefix: str) -> ServiceSettings:
    return ServiceSettings.model_validate(
        {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "topic_prefix": prefix, "partitions": 2}
    )


@pytest.fixture
def here(kafka_bootstrap: str, topic_prefix: str) -> Iterator[ServiceSettings]:
    """Topics that a test fills; no fleet reads them."""
    settings = _settings(kafka_bootstrap, f"{topic_prefix}here.")
    prepare_topics(settings)
    yield settings
    drop_topics(settings)


@pytest.fixture
def elsewhere(kafka_bootstrap: str, topic_prefix: str) -> Iterator[ServiceSettings]:
    """Where nothing is yet."""
    settings = _settings(kafka_bootstrap, f"{topic_prefix}elsewhere.")
    yield settings
    drop_topics(settings)


def test_what_is_restored_is_what_was_kept_byte_for_byte(
    here: ServiceSettings, elsewhere: ServiceSettings, tmp_path: Path
) -> None:
    old, file = here.topics(), tmp_path / "kept.jsonl"
    with closing(producer(here)) as sender:
        for key, value in ((b"webhook/x/gone", b"{}"), (b"webhook/x/gone", None), (b"webhook/x/\xff", b"old")):
            sender.send(old.config.name, key=key, value=value)
        sender.send(old.config.name, key=b"webhook/x/\xff", value=b"\x00new", headers=[("h", b"\xff")])
        sender.send(old.integration_state.name, key=b"x/i", value=b"{}")
        sender.flush()
    assert run(here, "backup", str(file)).exit_code == 0
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    restored = run(elsewhere, "restore", str(file))
    assert restored.exit_code == 0, restored.output
    for place in PLACES:
        before, after = getattr(old, place), getattr(elsewhere.topics(), place)
        assert latest(elsewhere, after) == latest(here, before)
    assert latest(elsewhere, elsewhere.topics().config)[b"webhook/x/\xff"] == (b"\x00new", {"h": b"\xff"})


def test_nothing_is_restored_onto_what_is_there(here: ServiceSettings, tmp_path: Path) -> None:
    file = tmp_path / "kept.jsonl"
    with closing(producer(here)) as sender:
        sender.send(here.topics().config.name, key=b"webhook/x/y", value=b"{}").get(timeout=30)
    assert run(here, "backup", str(file)).exit_code == 0
    refused = run(here, "restore", str(file))
    assert refused.exit_code == 1
    assert "is not empty: restore onto a new cluster" in refused.stderr


def test_a_file_that_is_no_backup_is_refused(here: ServiceSettings, tmp_path: Path) -> None:
    (tmp_path / "other").write_text("{}\n")
    refused = run(here, "restore", str(tmp_path / "other"))
    assert refused.exit_code == 1
    assert "is no backup of this version" in refused.stderr
