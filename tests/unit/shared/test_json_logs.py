"""Log lines as a process writes them."""

import subprocess
import sys
from typing import Any

import orjson

_PROGRAM = """
import logging
from shared.adapters.json_logs import configure_logs, log, log_each
configure_logs("bench", "INFO")
logger = logging.getLogger("hookfleet.test")
log(logger, logging.INFO, "worked", organization="acme", led_to=["a", "b"], when={1: object})
log(logger, logging.DEBUG, "too quiet")
log_each(logger, logging.INFO, "ended", [{"run": "a"}, {"run": "b"}])
log_each(logger, logging.INFO, "ended", [])
logging.getLogger("kafka.coordinator").info("too quiet")
logging.getLogger("kafka.coordinator").warning("a library says %s", "this")
try:
    raise ValueError("why")
except ValueError:
    logger.error("crashed", exc_info=True, extra={"fields": {"component": "loop"}})
"""


def lines() -> list[dict[str, Any]]:
    ended = subprocess.run([sys.executable, "-c", _PROGRAM], capture_output=True, check=True, timeout=60)
    assert ended.stdout == b""
    return [orjson.loads(line) for line in ended.stderr.splitlines()]


def test_each_unit_of_work_and_each_warning_of_a_library_is_one_json_object() -> None:
    work, first, second, library, crash = lines()
    assert work.pop("time").endswith("Z")
    assert work == {
        "level": "INFO",
        "service": "bench",
        "logger": "hookfleet.test",
        "message": "worked",
        "organization": "acme",
        "led_to": ["a", "b"],
        "when": {"1": "<class 'object'>"},
    }
    assert [(each["message"], each["run"]) for each in (first, second)] == [("ended", "a"), ("ended", "b")]
    assert (library["level"], library["logger"]) == ("WARNING", "kafka.coordinator")
    assert library["message"] == "a library says this"
    assert (crash["level"], crash["message"], crash["component"]) == ("ERROR", "crashed", "loop")
    assert "ValueError: why" in crash["exception"]
