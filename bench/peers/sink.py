"""Bento as a Kafka-to-HTTP sink: one topic in, one POST a record out, nothing in between.

Of its two Kafka inputs the cheaper one (``kafka_franz``), with its defaults. Its HTTP client is Go's own with the
default transport, which keeps two idle connections a host and closes the others after each answer; at the default of 64
under way to one host many requests therefore pay for a new connection. So it is measured twice: as it comes, and with
two under way, the cheapest that we found, which a receiver with any latency would make slow.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.peers.backlog import Backlog, go_on
from bench.peers.child_programs import ChildPrograms
from bench.peers.core.figures import Contender, Road
from deploy.programs.go_programs import GoProgram
from shared.adapters.settings import ServiceSettings
from shared.core.cloud_events import CONTENT_TYPE

BENTO: Final = GoProgram(Path(__file__).with_name("bento"), "github.com/warpstreamlabs/bento", ".")
DEFAULT_IN_FLIGHT: Final = 64
CHEAPEST_IN_FLIGHT: Final = 2


class Sink:
    """A running Bento and the topic it reads."""

    def __init__(
        self,
        folder: Path,
        broker: Mapping[str, int],
        bootstrap: str,
        url: str,
        in_flight: int,
        env: Mapping[str, str],
        progress: Callable[[str], None],
    ) -> None:
        """``broker`` is the process to tell the CPU of beside. Raises BuildFailed and Unavailable."""
        program = BENTO.built(env, progress)
        name = name_of_sink(in_flight)
        self.contender = Contender(name, BENTO.version, "MIT", Road.TOPIC, counted=("bento",))
        prefix = f"bento-{in_flight}."
        settings = ServiceSettings.model_validate({"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "topic_prefix": prefix})
        self._children = ChildPrograms(folder)
        self._backlog = Backlog(settings)
        try:
            config = folder / "bento.yaml"
            config.write_text(json.dumps(_config(bootstrap, self._backlog.topic, url, in_flight)))  # JSON is YAML
            # Whether it reads shows when the warm-up arrives.
            pid = self._children.start("bento", [str(program), "-c", str(config)], env=env, answers=lambda: True)
        except BaseException:
            self.stop()
            raise
        self._pid = pid
        self.processes = {"bento": pid, **broker}

    def make_ready(self, numbers: range) -> None:
        self._backlog.write_while_paused(self._pid, numbers)

    def let_go(self) -> None:
        go_on(self._pid)

    def stop(self) -> None:
        self._backlog.close()
        self._children.stop()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def name_of_sink(in_flight: int) -> str:
    """As it is published."""
    return f"Bento, {in_flight} in flight"


def _config(bootstrap: str, topic: str, url: str, in_flight: int) -> dict[str, object]:
    return {
        "http": {"enabled": False},
        "logger": {"level": "WARN"},
        "input": {
            "kafka_franz": {
                "seed_brokers": [bootstrap],
                "topics": [topic],
                "consumer_group": "bento",
                "start_from_oldest": True,
            }
        },
        "output": {
            "http_client": {
                "url": url,
                "verb": "POST",
                "headers": {"Content-Type": CONTENT_TYPE},
                "max_in_flight": in_flight,
            }
        },
    }
