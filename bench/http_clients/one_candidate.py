"""Measures one candidate in a process of its own: started by `bench.http_clients.__main__`.

The only argument is a JSON object: ``name``, ``seconds``, ``authority``, ``scenarios``, and the receivers' ports,
``plain`` and ``tls``. Each line of the output is a JSON object: ``{"missing": why}`` when the library is not installed,
or ``{"versions": …}`` and then one ``{"figure": …}`` for each scenario. It ends early, after a figure, when a candidate
was too slow to begin measuring: to wait until it has ended what it began could take minutes.
"""

from __future__ import annotations

import json
import os
import sys
import threading
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Any

import uvloop

from bench.http_clients.candidate import CandidateModule, by_name, versions
from bench.http_clients.load import Counted, Load
from bench.http_clients.opened_connections import connections_to, opened_between
from bench.http_clients.scenario import Figure, Scenario
from services.dispatcher.core.exchange import Request

BODY = b'{"data":"' + b"x" * (1024 - 11) + b'"}'
#: As many and as long as those of a signed delivery.
HEADERS = (
    ("content-type", "application/cloudevents+json"),
    ("user-agent", "Hookfleet"),
    ("webhook-id", "0b8a9c1e-5d51-5b9f-9d0c-0f3a4d2f6c11"),
    ("webhook-timestamp", "1790000000"),
    ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
)
_TIMEOUT_SECONDS = 30.0
#: For every worker's first answer; then measuring begins, or the candidate is given up for this scenario.
WARM_UP_SECONDS = 3.0


async def _measure(module: CandidateModule, options: dict[str, Any]) -> None:
    for values in options["scenarios"]:
        await _measure_one(module, options, Scenario(**values))


async def _measure_one(module: CandidateModule, options: dict[str, Any], scenario: Scenario) -> None:
    ports: list[int] = options["tls" if scenario.tls else "plain"][: scenario.hosts]
    before = connections_to(ports)
    client = await module.open_client(Path(options["authority"]), 2 * scenario.in_flight + scenario.hosts)
    load = Load(client, list(_requests(ports, scenario)), scenario.in_flight)

    def say(counted: Counted) -> None:
        after = connections_to(ports)
        opened = None if before is None or after is None else opened_between(before, after)
        _say({"figure": _figure(options["name"], scenario, counted, opened).as_json()})

    def give_up() -> None:
        if not load.is_warm:
            say(load.so_far())
            os._exit(0)

    # A thread's, because a client that is too slow keeps the loop from its timers as well.
    watchdog = threading.Timer(WARM_UP_SECONDS, give_up)
    watchdog.start()
    say(await load.run(options["seconds"]))
    watchdog.cancel()
    await client.close()


def _figure(name: str, scenario: Scenario, counted: Counted, opened: int | None) -> Figure:
    return Figure(
        candidate=name,
        scenario=scenario,
        seconds=round(counted.seconds, 3),
        requests=counted.requests,
        cpu_microseconds=round(1e6 * counted.cpu_seconds / counted.requests, 1) if counted.requests else None,
        opened=opened,
        bounded=counted.bounded,
        errors=counted.errors,
    )


def _requests(ports: Collection[int], scenario: Scenario) -> Iterator[Request]:
    scheme = "https" if scenario.tls else "http"
    for port in ports:
        yield Request(f"{scheme}://127.0.0.1:{port}/hooks", HEADERS, BODY, _TIMEOUT_SECONDS)


def _say(line: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def main() -> None:
    """Measure, and say each figure as soon as it is there."""
    options = json.loads(sys.argv[1])
    try:
        module = by_name(options["name"]).load()
    except ImportError as error:
        _say({"missing": str(error)})
        return
    _say({"versions": versions(module)})
    uvloop.run(_measure(module, options))


if __name__ == "__main__":
    main()
