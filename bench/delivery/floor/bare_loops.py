"""The loops themselves. Each returns the CPU of this process in microseconds for each time round, threads included."""

from __future__ import annotations

import asyncio
import hmac
import ssl
import time
from collections.abc import Callable, Sequence
from typing import Any

import orjson
import uvloop

from bench.delivery.bare_http import BareConnection, post_bytes
from shared.adapters.kafka_clients import partitions_of, producer, table_consumer
from shared.adapters.settings import ServiceSettings
from shared.core.topics import Topic

_POLL_MS = 1_000
_KEY = b"k" * 32
#: Headers of the size that a signed request has.
_HEADERS = [
    ("content-type", "application/cloudevents+json"),
    ("user-agent", "Hookfleet"),
    ("webhook-id", "6f1b2f0e-6d0e-5b57-9c3c-1f4a0d9e7a11"),
    ("webhook-timestamp", "1900000000"),
    ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
]


class TooFewRecords(Exception):
    """The fleet has not written as many records as the floor needs."""


def consume(settings: ServiceSettings, topic: Topic, count: int) -> tuple[float, list[Any]]:
    """Read the first ``count`` records of ``topic``, or all; also gives the records. Raises TooFewRecords on none."""
    consumer = table_consumer(settings)
    partitions = partitions_of(topic.name, topic.partitions)
    consumer.assign(partitions)
    consumer.seek_to_beginning(*partitions)
    found: list[Any] = []
    began = time.process_time()
    while len(found) < count:
        polled = consumer.poll(timeout_ms=_POLL_MS)
        if not polled:
            break
        for records in polled.values():
            found += records
    used = time.process_time() - began
    consumer.close()
    if not found:
        raise TooFewRecords(f"{topic.name} is empty")
    return used / len(found) * 1e6, found[:count]


def produce(settings: ServiceSettings, topic: Topic, records: Sequence[Any]) -> float:
    """Write ``records`` to ``topic`` and wait until all are acknowledged."""
    client = producer(settings)
    client.send(topic.name, value=records[0].value, key=records[0].key).get(timeout=10)  # connect, learn the partitions
    began = time.process_time()
    for record in records:
        client.send(topic.name, value=record.value, key=record.key, headers=record.headers)
    client.flush()
    used = time.process_time() - began
    client.close()
    return used / len(records) * 1e6


def decode(documents: Sequence[bytes]) -> float:
    """JSON to Python."""
    return _each(orjson.loads, documents)


def encode(documents: Sequence[bytes]) -> float:
    """Python to JSON, of the values that ``documents`` hold."""
    return _each(orjson.dumps, [orjson.loads(each) for each in documents])


def sign(bodies: Sequence[bytes]) -> float:
    """HMAC-SHA256."""
    return _each(lambda body: hmac.digest(_KEY, body, "sha256"), bodies)


def _each(work: Callable[[Any], object], values: Sequence[Any]) -> float:
    began = time.process_time()
    for value in values:
        work(value)
    return (time.process_time() - began) / len(values) * 1e6


def post(ports: Sequence[int], bodies: Sequence[bytes], authority: str | None) -> float:
    """POST each body once over kept connections, one to each port; ``authority`` (a file) turns TLS on."""
    return uvloop.run(_post(ports, bodies, authority))


async def _post(ports: Sequence[int], bodies: Sequence[bytes], authority: str | None) -> float:
    tls = None if authority is None else ssl.create_default_context(cafile=authority)
    connections = [await BareConnection.open(port, tls) for port in ports]

    async def use(index: int) -> None:
        for body in bodies[index :: len(ports)]:
            await connections[index].post(post_bytes(ports[index], "/hooks", _HEADERS, body))

    began = time.process_time()
    await asyncio.gather(*map(use, range(len(ports))))
    used = time.process_time() - began
    for connection in connections:
        connection.close()
    return used / len(bodies) * 1e6
