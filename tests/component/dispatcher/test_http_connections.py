"""What the HTTP client does with its connections: which it uses again, which not, and what a peer may do to them."""

import asyncio
import contextlib
import gc
import time
from collections.abc import AsyncIterator, Callable
from typing import cast

import pytest

from services.dispatcher.core.exchange import Answer, NetworkFailure
from services.dispatcher.http_client import WebhookClient
from services.dispatcher.http_connection import Connection
from services.dispatcher.http_pool import Pool
from services.dispatcher.http_request import Origin
from tests.component.dispatcher.loopback import OK, Receiver, Script, answers, client, hang, receiver, request, run


@contextlib.asynccontextmanager
async def connected(*scripts: Script) -> AsyncIterator[tuple[Receiver, WebhookClient]]:
    """A receiver that answers its requests with one script after the other, the last one for ever, and a client."""
    left = list(scripts)

    async def script(writer: asyncio.StreamWriter) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(writer)

    async with receiver(script) as at, client() as http:
        yield at, http


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(5):
        while not condition():  # noqa: ASYNC110 - the other side of a socket has no event to wait for
            await asyncio.sleep(0.005)


def test_a_connection_that_ended_while_idle_is_not_used_again() -> None:
    async def exchange() -> None:
        async with connected(answers(OK)) as (at, http):
            await http.send(request(at.port))
            at.drop_all()
            await asyncio.sleep(0)
            assert isinstance(await http.send(request(at.port)), Answer)
            assert at.connections == 2

    run(exchange())


def test_a_connection_that_ends_as_it_is_used_again_makes_no_delivery_fail() -> None:
    async def exchange() -> None:
        async with connected(answers(OK), answers(b"", close=True), answers(OK)) as (at, http):
            await http.send(request(at.port))
            assert isinstance(await http.send(request(at.port)), Answer)
            assert (len(at.requests), at.connections) == (3, 2)
            assert at.requests[1] == at.requests[2]

    run(exchange())


def test_a_request_is_repeated_once_and_on_a_fresh_connection_not_at_all() -> None:
    async def exchange() -> None:
        async with connected(answers(OK), answers(b"", close=True)) as (at, http):
            await http.send(request(at.port))
            assert await http.send(request(at.port)) == NetworkFailure("connection.closed")
            assert len(at.requests) == 3
            assert await http.send(request(at.port)) == NetworkFailure("connection.closed")
            assert len(at.requests) == 4

    run(exchange())


@pytest.mark.parametrize(
    ("begun", "code"),
    [
        (answers(b"H", close=True), "connection.closed"),
        (answers(b"HTTP/1.1 100 Continue\r\n\r\n", close=True), "connection.closed"),
        (answers(b"garbage\r\n", close=True), "protocol.invalid"),
        (hang, "read.timeout"),
    ],
    ids=["one byte", "an informational answer", "garbage", "silence"],
)
def test_nothing_is_repeated_once_anything_has_come_or_the_time_is_up(begun: Script, code: str) -> None:
    async def exchange() -> None:
        async with connected(answers(OK), begun, answers(OK)) as (at, http):
            await http.send(request(at.port))
            assert await http.send(request(at.port, timeout_seconds=0.3)) == NetworkFailure(code)
            assert len(at.requests) == 2

    run(exchange())


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
        OK + b"garbage",
        OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil",
        OK + b"HT",
    ],
    ids=["connection: close", "HTTP/1.0", "garbage after it", "an answer to no request", "the beginning of one"],
)
def test_no_answer_reaches_another_request(raw: bytes) -> None:
    async def exchange() -> None:
        async with connected(answers(raw)) as (at, http):
            for _ in range(3):
                result = await http.send(request(at.port))
                assert isinstance(result, Answer)
                assert (result.status, result.body) == (200, b"ok")
            assert at.connections == 3

    run(exchange())


def test_what_comes_unasked_ends_an_idle_connection() -> None:
    async def exchange() -> None:
        async with connected(answers(OK)) as (at, http):
            await http.send(request(at.port))
            await at.write_to_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            await until(lambda: at.open == 0)
            result = await http.send(request(at.port))
            assert isinstance(result, Answer)
            assert result.body == b"ok"
            assert at.connections == 2

    run(exchange())


def test_an_answer_that_ends_with_its_connection_is_whole() -> None:
    async def exchange() -> None:
        async with connected(answers(b"HTTP/1.1 200 OK\r\n\r\nto the end", close=True)) as (at, http):
            result = await http.send(request(at.port))
            assert isinstance(result, Answer)
            assert (result.body, result.truncated) == (b"to the end", False)

    run(exchange())


class TooLarge(asyncio.Protocol):
    """Answers when it has seen the beginning of a request, and reads no more of it."""

    def __init__(self, transports: list[asyncio.Transport]) -> None:
        self._transports = transports

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transports.append(cast(asyncio.Transport, transport))

    def data_received(self, data: bytes) -> None:
        self._transports[-1].pause_reading()
        self._transports[-1].write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")


def test_an_answer_before_the_whole_request_was_sent_counts_and_is_the_last() -> None:
    async def exchange() -> None:
        transports: list[asyncio.Transport] = []
        server = await asyncio.get_running_loop().create_server(lambda: TooLarge(transports), "127.0.0.1", 0)
        async with client() as http:
            for times in (1, 2):
                result = await http.send(request(server.sockets[0].getsockname()[1], body=b"a" * 20_000_000))
                assert isinstance(result, Answer)
                assert (result.status, len(transports)) == (413, times)
        for transport in transports:
            transport.abort()
        server.close()

    run(exchange())


def test_a_body_of_any_size_arrives_whole() -> None:
    async def exchange() -> None:
        async with connected(answers(OK)) as (at, http):
            bodies = [bytes([number]) * 256 * 1024 for number in range(20)]
            results = await asyncio.gather(*(http.send(request(at.port, body=body)) for body in bodies))
            assert all(isinstance(each, Answer) for each in results)
            assert sorted(each.partition(b"\r\n\r\n")[2] for each in at.requests) == bodies

    run(exchange())


def test_cancelling_a_request_ends_its_connection() -> None:
    async def exchange() -> None:
        asked, ended = asyncio.Event(), asyncio.Event()

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            asked.set()
            await reader.read()
            ended.set()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with client() as http:
            sending = asyncio.create_task(http.send(request(server.sockets[0].getsockname()[1])))
            await asked.wait()
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            await ended.wait()
        server.close()

    run(exchange())


def test_cancelling_while_connecting_leaves_nothing_open() -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at, client() as http:
            for _ in range(20):
                sending = asyncio.create_task(http.send(request(at.port)))
                await asyncio.sleep(0)
                await asyncio.sleep(0)
                sending.cancel()
                await asyncio.wait([sending])
            await until(lambda: at.open == 0)

    run(exchange())


def test_many_hosts_keep_their_connections_up_to_the_bound() -> None:
    async def exchange() -> None:
        async with contextlib.AsyncExitStack() as stack:
            ats = [await stack.enter_async_context(receiver(answers(OK))) for _ in range(25)]
            http = await stack.enter_async_context(client())  # keeps 20
            for at in ats:
                assert isinstance(await http.send(request(at.port)), Answer)
            await until(lambda: sum(at.open for at in ats) == 20)
            assert [at.open for at in ats[:5]] == [0] * 5  # those idle longest went
            for at in ats[5:]:
                await http.send(request(at.port))
            assert all(at.connections == 1 for at in ats[5:])

    run(exchange())


def test_an_idle_connection_is_closed_after_its_time() -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at:
            pool = Pool(10, keepalive_seconds=0.2)
            origin = Origin(False, "127.0.0.1", at.port)
            began = time.monotonic()
            for _ in range(3):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(origin, pool.forget), "127.0.0.1", at.port
                )
                pool.put(connection)
            await until(lambda: at.open == 0)
            assert time.monotonic() - began >= 0.2
            assert len(pool) == 0
            assert pool.take(origin) is None

    run(exchange())


def test_the_connection_used_last_is_taken_first() -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at:
            pool = Pool(10)
            origin = Origin(False, "127.0.0.1", at.port)
            connections = []
            for _ in range(3):
                _, connection = await asyncio.get_running_loop().create_connection(
                    lambda: Connection(origin, pool.forget), "127.0.0.1", at.port
                )
                connections.append(connection)
                pool.put(connection)
            assert [pool.take(origin) for _ in range(4)] == [*reversed(connections), None]
            for connection in connections:
                connection.abort()

    run(exchange())


def test_closing_the_client_closes_what_is_idle() -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at:
            async with client() as http:
                await http.send(request(at.port))
                assert at.open == 1
            await until(lambda: at.open == 0)

    run(exchange())


def test_a_request_leaves_nothing_for_the_garbage_collector() -> None:
    async def exchange() -> None:
        async with connected(answers(OK)) as (at, http):
            await http.send(request(at.port))
            gc.collect()
            gc.disable()
            try:
                for _ in range(50):
                    await http.send(request(at.port))
                assert not [each for each in gc.get_objects() if type(each).__name__ == "ResponseReader"]
            finally:
                gc.enable()

    run(exchange())
