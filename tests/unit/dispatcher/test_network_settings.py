"""Which networks may be called, as the environment says it: in a process of its own, as at every start."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PROGRAM = """
from services.dispatcher.settings import DispatcherSettings
from shared.adapters.settings import load_settings

print(*load_settings(DispatcherSettings).allowed_networks)
"""
GOOD = {"PYTHONPATH": str(ROOT), "KAFKA_BOOTSTRAP_SERVERS": "broker:9092", "HOOKFLEET_SEALING_KEY_FILE": "/keys"}


def load(networks: str | None, proxy: str | None = None) -> subprocess.CompletedProcess[str]:
    given = {"HOOKFLEET_ALLOWED_NETWORKS": networks, "HOOKFLEET_PROXY_URL": proxy}
    own = {name: value for name, value in given.items() if value is not None}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env={**GOOD, **own}, capture_output=True, text=True, check=False, timeout=30
    )


@pytest.mark.parametrize("networks", [None, "", " "])
def test_no_network_is_allowed_unless_one_is_named(networks: str | None) -> None:
    ended = load(networks)
    assert (ended.returncode, ended.stdout) == (0, "\n")


def test_networks_of_both_kinds_are_read_from_one_list() -> None:
    assert load("10.0.0.0/8, 127.0.0.1,fd00::/8").stdout == "10.0.0.0/8 127.0.0.1/32 fd00::/8\n"


def test_every_network_that_is_none_is_a_fault_of_its_own() -> None:
    ended = load("10.0.0.0/8,10.0.0.1/8,intern,fd00::/129")
    assert ended.returncode == 2
    head, *lines = ended.stderr.splitlines()
    assert head == "3 fault(s) in the settings:"
    assert [line.split()[0] for line in lines] == [f"HOOKFLEET_ALLOWED_NETWORKS[{number}]" for number in (1, 2, 3)]


@pytest.mark.parametrize("url", ["http://proxy.internal:3128", "http://10.0.0.1:80", "http://[fd00::1]:3128"])
def test_a_proxy_is_a_url_with_host_and_port(url: str) -> None:
    assert load("", proxy=url).returncode == 0


@pytest.mark.parametrize("url", ["", "proxy:3128", "https://proxy:3128", "http://proxy", "http://me:secret@proxy:3128",
                                 "http://proxy:3128/path", "http://proxy:99999", "http://proxy:0"])  # fmt: skip
def test_a_proxy_that_cannot_be_one_is_a_fault_that_does_not_repeat_it(url: str) -> None:
    ended = load("", proxy=url)
    assert ended.returncode == 2
    assert "HOOKFLEET_PROXY_URL" in ended.stderr
    assert "secret" not in ended.stderr
