"""A process that writes the records of runs at a pace: `python -m bench.recorder.paced_producer`.

It is a process of its own so that whoever asks the API meanwhile is not held up by it. It runs until it is ended.
"""

from __future__ import annotations

import argparse
import signal
import threading
import time

from bench.recorder.core.traffic import Span, Traffic
from bench.recorder.measured_recorder import settings
from shared.adapters.kafka_clients import producer

#: Seconds between two portions of records.
_PORTION_SECONDS = 0.05


def main() -> None:
    """Write runs until SIGTERM, then flush."""
    parser = argparse.ArgumentParser(prog="python -m bench.recorder.paced_producer", description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--prefix", required=True, help="of the topics")
    parser.add_argument("--point", type=int, required=True, help="number that sets its ids apart")
    parser.add_argument("--per-second", type=float, required=True, help="runs")
    options = parser.parse_args()
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    own = settings(options.bootstrap, options.prefix)
    traffic, client = Traffic(own.topics()), producer(own)
    began, written = time.monotonic(), 0
    while not stop.wait(_PORTION_SECONDS):
        due = int((time.monotonic() - began) * options.per_second)
        now_ms = int(time.time() * 1000)
        for record in traffic.records(Span(options.point, written, due, now_ms, 0.0)):
            client.send(record.topic, value=record.value, key=record.key, headers=record.headers)
        written = due
    client.flush()
    client.close()


if __name__ == "__main__":
    main()
