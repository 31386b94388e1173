"""Measure the floor on a fleet's topics and print it as JSON; `bench.delivery.floor.measured_floor` starts this."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bench.delivery.floor import bare_loops
from shared.adapters.settings import ServiceSettings
from shared.core.messages.delivery import DELIVERY_HEADER
from shared.core.topics import Topics


def main() -> None:
    """Print a list of [name, microseconds, times a delivery]; of the post, by scheme."""
    parser = argparse.ArgumentParser(prog="python -m bench.delivery.floor", description=__doc__)
    parser.add_argument("--bootstrap", required=True)
    parser.add_argument("--partitions", type=int, required=True)
    parser.add_argument("--prefix", required=True, help="of the topics to read")
    parser.add_argument("--scratch-prefix", required=True, help="of the topics to write")
    parser.add_argument("--records", type=int, required=True, help="times round each loop")
    parser.add_argument("--http-ports", required=True)
    parser.add_argument("--https-ports", required=True)
    parser.add_argument("--authority", required=True)
    options = parser.parse_args()

    def settings(prefix: str) -> ServiceSettings:
        return ServiceSettings.model_validate(
            {
                "KAFKA_BOOTSTRAP_SERVERS": options.bootstrap,
                "topic_prefix": prefix,
                "partitions": options.partitions,
            }
        )

    steps, bodies = _kafka_and_codec(settings(options.prefix), settings(options.scratch_prefix), options.records)
    plain = bare_loops.post(_ports(options.http_ports), bodies, None)
    tls = bare_loops.post(_ports(options.https_ports), bodies, options.authority)
    json.dump({"steps": steps, "post": {"http": plain, "https": tls}}, sys.stdout)


def _ports(text: str) -> list[int]:
    return [int(port) for port in text.split(",")]


def _kafka_and_codec(
    fleet: ServiceSettings, scratch: ServiceSettings, count: int
) -> tuple[list[tuple[str, float, int]], list[bytes]]:
    from_topics, to_topics = fleet.topics(), scratch.topics()
    event_cost, events = bare_loops.consume(fleet, from_topics.system_events, count)
    request_cost, requests = bare_loops.consume(fleet, from_topics.deliveries, count)
    _, run_log = bare_loops.consume(fleet, from_topics.run_log, 2 * count)
    _, outcomes = bare_loops.consume(fleet, from_topics.integration_events, count)
    matches = [each for each in run_log if b'"kind":"match"' in each.value]
    attempts = [each for each in run_log if b'"kind":"attempt"' in each.value]
    bodies = [each.value for each in events]
    runs = [dict(each.headers)[DELIVERY_HEADER] for each in requests]
    written = _written(to_topics, requests, matches, attempts, outcomes)
    steps = [("consume the event", event_cost, 1), ("consume the delivery request", request_cost, 1)]
    steps += [
        (f"produce the {name}", bare_loops.produce(scratch, topic, records), 1) for name, topic, records in written
    ]
    steps += [
        ("decode the event and the run", bare_loops.decode(bodies) + bare_loops.decode(runs), 1),
        (
            "encode the run and three records",
            sum(bare_loops.encode(each) for each in (runs, *([r.value for r in w[2]] for w in written[1:]))),
            1,
        ),
        ("sign the body", bare_loops.sign(bodies), 1),
    ]
    return steps, bodies


def _written(
    topics: Topics, requests: list[Any], matches: list[Any], attempts: list[Any], outcomes: list[Any]
) -> list[tuple[str, Any, list[Any]]]:
    return [
        ("delivery request", topics.deliveries, requests),
        ("match record", topics.run_log, matches),
        ("attempt record", topics.run_log, attempts),
        ("outcome", topics.integration_events, outcomes),
    ]


if __name__ == "__main__":
    main()
