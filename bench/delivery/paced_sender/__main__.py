"""Send one point's events at its pace; `bench.delivery.paced_sender.sender_process` starts this."""

from __future__ import annotations

import argparse
import asyncio
import os
import time
from pathlib import Path

import uvloop

from bench.delivery.bare_http import BareConnection, post_bytes
from bench.delivery.core.pace import Sent, pack
from bench.delivery.core.traffic import Target, Traffic
from shared.core.cloud_events import CONTENT_TYPE

#: Requests under way at once, at most; an event that finds none free waits, and its latency shows it.
_CONNECTIONS = 64
#: Seconds before the first event is due.
_LEAD_SECONDS = 0.1
#: Status of an event whose connection broke.
_UNANSWERED = 0


class _Sending:
    def __init__(self, port: int, api_key: str, traffic: Traffic, per_second: float) -> None:
        self._port = port
        self._headers = [("authorization", f"Bearer {api_key}"), ("content-type", CONTENT_TYPE)]
        self._traffic = traffic
        self._interval_ns = 1e9 / per_second
        self._free: asyncio.LifoQueue[BareConnection] = asyncio.LifoQueue()
        self.sent: list[Sent] = []

    async def run(self) -> None:
        for _ in range(_CONNECTIONS):
            self._free.put_nowait(await BareConnection.open(self._port))
        first_ns = time.time_ns() + int(_LEAD_SECONDS * 1e9)
        async with asyncio.TaskGroup() as tasks:
            for number in range(self._traffic.count):
                due_ns = first_ns + int(number * self._interval_ns)
                request = post_bytes(self._port, "/v1/events", self._headers, self._traffic.event(number))
                if (early_ns := due_ns - time.time_ns()) > 0:
                    await asyncio.sleep(early_ns / 1e9)
                tasks.create_task(self._send(number, due_ns, request))

    async def _send(self, number: int, due_ns: int, request: bytes) -> None:
        connection = await self._free.get()
        if not connection.is_open:  # servers close what was idle for some seconds
            connection = await BareConnection.open(self._port)
        sent_ns = time.time_ns()
        try:
            status = await connection.post(request)
            answered_ns = time.time_ns()
        except ConnectionError:
            status, answered_ns = _UNANSWERED, time.time_ns()
            connection = await BareConnection.open(self._port)
        self._free.put_nowait(connection)
        self.sent.append(Sent(number, due_ns, sent_ns, answered_ns, status))


def main() -> None:
    """Send, then write what became of each event to --output."""
    parser = argparse.ArgumentParser(prog="python -m bench.delivery.paced_sender", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="of ingest; its key is read from BENCH_API_KEY")
    parser.add_argument("--point", required=True)
    parser.add_argument("--targets", required=True, help="ids, separated by commas")
    parser.add_argument("--count", type=int, required=True)
    parser.add_argument("--per-second", type=float, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    traffic = Traffic(options.point, [Target(each, "") for each in options.targets.split(",")], options.count)
    sending = _Sending(options.port, os.environ["BENCH_API_KEY"], traffic, options.per_second)
    uvloop.run(sending.run())
    options.output.write_bytes(b"".join(map(pack, sending.sent)))


if __name__ == "__main__":
    main()
