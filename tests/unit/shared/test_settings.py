"""Reading settings, in a process of its own as at every start."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
from pydantic import Field, SecretStr
from shared.adapters.settings import ServiceSettings, load_settings

class Example(ServiceSettings):
    api_key: SecretStr = Field(min_length=16, description="what producers show")
    tags: tuple[int, ...] = Field(default=(), description="numbers")

settings = load_settings(Example)
print(settings.kafka_bootstrap_servers, settings.topic_prefix, settings.partitions, settings.api_key.get_secret_value())
print(settings)
"""
GOOD = {"KAFKA_BOOTSTRAP_SERVERS": "broker:9092", "HOOKFLEET_API_KEY": "a-key-of-16-chars"}


def load(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT), **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )


def test_the_environment_is_read_and_a_secret_does_not_show_when_settings_are_printed() -> None:
    ended = load(**GOOD, HOOKFLEET_TOPIC_PREFIX="acme.", HOOKFLEET_PARTITIONS="6")
    first, second = ended.stdout.splitlines()
    assert first == "broker:9092 acme. 6 a-key-of-16-chars"
    assert "a-key-of-16-chars" not in second
    assert ended.returncode == 0


def test_every_fault_is_listed_at_once_without_a_value_and_the_process_ends_with_status_2() -> None:
    ended = load(
        HOOKFLEET_API_KEY="s3cret",
        HOOKFLEET_PARTITIONS="s3cret",
        HOOKFLEET_LISTEN_PORT="99999",
        HOOKFLEET_TOPIC_PREFIX="s3cret prefix",
        HOOKFLEET_TAGS='["s3cret"]',
    )
    assert ended.returncode == 2
    assert ended.stdout == ""
    head, *lines = ended.stderr.splitlines()
    assert head == "6 fault(s) in the settings:"
    assert sorted(line.split()[0] for line in lines) == [
        "HOOKFLEET_API_KEY",
        "HOOKFLEET_LISTEN_PORT",
        "HOOKFLEET_PARTITIONS",
        "HOOKFLEET_TAGS[0]",
        "HOOKFLEET_TOPIC_PREFIX",
        "KAFKA_BOOTSTRAP_SERVERS",
    ]
    assert all("()" not in line for line in lines), "each says what the variable is for"
    assert "KAFKA_BOOTSTRAP_SERVERS (brokers to begin with" in ended.stderr
    for value in ("s3cret", "99999"):
        assert value not in ended.stderr


def test_a_secret_may_be_a_mounted_file_and_the_environment_wins(tmp_path: Path) -> None:
    (tmp_path / "hookfleet_api_key").write_text("from-a-mounted-file\n")
    environment = {"KAFKA_BOOTSTRAP_SERVERS": "broker:9092", "HOOKFLEET_SECRETS_DIR": str(tmp_path)}
    assert "12 from-a-mounted-file" in load(**environment).stdout
    assert "12 a-key-of-16-chars" in load(**environment | GOOD).stdout


@pytest.mark.parametrize("place", ["missing", "file"])
def test_a_secrets_folder_that_is_none_is_a_fault_beside_the_others(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").write_text("")
    ended = load(HOOKFLEET_API_KEY="a-key-of-16-chars", HOOKFLEET_SECRETS_DIR=str(tmp_path / place))
    assert ended.returncode == 2
    assert ended.stderr.splitlines()[0] == "2 fault(s) in the settings:"
    assert "HOOKFLEET_SECRETS_DIR (folder of secrets): not a folder" in ended.stderr
    assert "KAFKA_BOOTSTRAP_SERVERS" in ended.stderr
