"""How long the query API takes for each kind of question, over HTTP, while records arrive at half the writer's goal.

One client asks one question after the other over a kept connection, the kinds in turn, so each kind meets every phase
of the writer's batches alike.
"""

from __future__ import annotations

import http.client
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.delivery.core.percentiles import LatencySummary, summarise
from bench.recorder.core.questions import questions
from bench.recorder.core.traffic import RECORDS_A_RUN
from bench.recorder.measured_recorder import API_KEY, RecordedTopics, recording, wait_until
from bench.recorder.storage import Storage
from bench.recorder.writing import Progress
from deploy.local.fleet import FleetFailed
from deploy.local.fleet.python_child import last_lines, start_module

#: Rows a second that arrive meanwhile: half of the goal of 10,000.
ROWS_A_SECOND = 5_000
_ARRIVING_POINT = 2
_WARM_UP_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Asked:
    """Of one database with ``rows`` at the beginning: latencies in milliseconds by kind of question, the rate at which
    rows arrived meanwhile, and the records that the recorder was behind at the end."""

    engine: str
    rows: int
    latencies: dict[str, LatencySummary]
    rows_a_second: float
    lag: int
    seconds: float


def ask_everything(
    topics: RecordedTopics, storage: Storage, point: int, runs: int, times: int, folder: Path, progress: Progress
) -> Asked:
    """Ask every kind of question ``times`` times after the ``runs`` of a point that are stored."""
    rows = sum(storage.rows().values())
    asked = questions(point, runs, times)
    found: dict[str, list[float]] = defaultdict(list)
    with recording(topics, storage.url, folder / f"{storage.engine}-asked.log") as recorder:
        connection = http.client.HTTPConnection("127.0.0.1", recorder.port, timeout=60)
        with _arriving(topics, folder / f"{storage.engine}-producer.log"):
            time.sleep(_WARM_UP_SECONDS)
            before, began = sum(storage.rows().values()), time.monotonic()
            for place, question in enumerate(asked):
                found[question.name].append(_milliseconds(connection, question.path))
                if place % 20 == 0:
                    progress(place, len(asked))
            seconds = time.monotonic() - began
            arrived = sum(storage.rows().values()) - before
            lag = topics.lag()
        connection.close()
        wait_until(lambda: topics.lag() == 0, recorder.check)
    summaries = {name: summarise(each) for name, each in found.items()}
    return Asked(storage.engine, rows, summaries, arrived / seconds, lag, seconds)


def _milliseconds(connection: http.client.HTTPConnection, path: str) -> float:
    began = time.perf_counter()
    connection.request("GET", path, headers={"Authorization": f"Bearer {API_KEY}"})
    answer = connection.getresponse()
    body = answer.read()
    taken = (time.perf_counter() - began) * 1000
    if answer.status != 200:
        raise FleetFailed(f"{path} was answered with {answer.status}: {body[:300].decode(errors='replace')}")
    return taken


@contextmanager
def _arriving(topics: RecordedTopics, log: Path) -> Iterator[None]:
    """Records arrive at the pace meanwhile."""
    arguments: Sequence[str] = (
        *("--bootstrap", topics.settings.kafka_bootstrap_servers, "--prefix", topics.settings.topic_prefix),
        *("--point", str(_ARRIVING_POINT), "--per-second", str(ROWS_A_SECOND / (RECORDS_A_RUN + 2))),
    )
    process = start_module("bench.recorder.paced_producer", *arguments, env=topics.env, output=log)
    try:
        yield
        if process.poll() is not None:
            raise FleetFailed(f"the producer ended by itself.{last_lines(log)}")
    finally:
        process.terminate()
        process.wait()
