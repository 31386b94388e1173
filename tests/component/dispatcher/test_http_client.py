"""The HTTP client against real servers on loopback: each thing a receiver can do, and the code it becomes.

The same for our client and for another transport in its place: what holds here holds for whatever posts.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from services.dispatcher.core.exchange import (
    MAX_RESPONSE_BYTES,
    Answer,
    CannotSend,
    NetworkFailure,
    Request,
    Result,
)
from services.dispatcher.http_client import WebhookClient
from services.dispatcher.http_over_httpx import HttpxClient
from tests.component.dispatcher.loopback import (
    OK,
    Script,
    answers,
    client,
    client_over_httpx,
    hang,
    receiver,
    repeated,
    request,
    run,
)

Via = Callable[[], AbstractAsyncContextManager[WebhookClient | HttpxClient]]


@pytest.fixture(params=[client, client_over_httpx], ids=["ours", "httpx"])
def via(request: pytest.FixtureRequest) -> Via:
    """Our client, and another transport in its place."""
    made: Via = request.param
    return made


def result_of(via: Via, script: Script, *, timeout_seconds: float = 5.0) -> Result:
    results: list[Result] = []

    async def exchange() -> None:
        async with receiver(script) as at, via() as http:
            results.append(await http.send(request(at.port, timeout_seconds=timeout_seconds)))

    run(exchange())
    return results[0]


def test_the_request_arrives_as_given_and_the_answer_comes_back_whole(via: Via) -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at, via() as http:
            assert await http.send(request(at.port)) == Answer(200, [("content-length", "2")], b"ok", False)
            head, _, body = at.requests[0].partition(b"\r\n\r\n")
            lines = head.lower().split(b"\r\n")
            assert lines[0] == b"post /hooks?a=b http/1.1"
            assert b"x-a: b" in lines
            assert not any(line.startswith((b"cookie", b"user-agent", b"accept:")) for line in lines)
            assert body == b'{"a":1}'

    run(exchange())


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 400, 401, 410, 429, 500, 503, 599])
def test_every_status_is_an_answer_and_no_redirect_is_followed(status: int, via: Via) -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as elsewhere:
            location = b"Location: http://127.0.0.1:%d/\r\n" % elsewhere.port
            raw = b"HTTP/1.1 %d X\r\n%sContent-Length: 0\r\n\r\n" % (status, location)
            async with receiver(answers(raw)) as at, via() as http:
                result = await http.send(request(at.port))
                assert isinstance(result, Answer)
                assert result.status == status
            assert elsewhere.requests == []

    run(exchange())


def test_an_endless_body_is_cut_at_its_bound_at_once(via: Via) -> None:
    began = time.monotonic()
    chunk = b"400\r\n" + b"a" * 1024 + b"\r\n"
    result = result_of(via, repeated(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk))
    assert isinstance(result, Answer)
    assert (len(result.body), result.truncated) == (MAX_RESPONSE_BYTES, True)
    assert time.monotonic() - began < 2


@pytest.mark.parametrize(("size", "truncated"), [(MAX_RESPONSE_BYTES, False), (MAX_RESPONSE_BYTES + 1, True)])
def test_a_body_is_truncated_only_beyond_the_bound(size: int, truncated: bool, via: Via) -> None:
    result = result_of(via, answers(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"a" * size))
    assert isinstance(result, Answer)
    assert (len(result.body), result.truncated) == (MAX_RESPONSE_BYTES, truncated)


def test_a_compressed_body_is_kept_as_it_came(via: Via) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc"
    result = result_of(via, answers(raw))
    assert isinstance(result, Answer)
    assert result.body == b"abc"


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 caf\xe9\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX-Name: caf\xe9\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.1 100 Continue\r\n\r\n" + OK,
    ],
    ids=["reason in Latin-1", "header in Latin-1", "no reason", "continue first"],
)
def test_an_odd_success_is_a_success(raw: bytes, via: Via) -> None:
    result = result_of(via, answers(raw))
    assert isinstance(result, Answer)
    assert (result.status, result.body) == (200, b"ok")


@pytest.mark.parametrize(
    "script",
    [
        hang,
        repeated(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", 0.05),
        repeated(b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n", b"a", 0.05),
    ],
    ids=["no answer", "slow headers", "slow body"],
)
def test_the_total_timeout_bounds_every_way_of_being_slow(script: Script, via: Via) -> None:
    began = time.monotonic()
    assert result_of(via, script, timeout_seconds=0.4) == NetworkFailure("read.timeout")
    assert 0.4 <= time.monotonic() - began < 1.5


@pytest.mark.parametrize(
    ("script", "code"),
    [
        (answers(b"", close=True), "connection.closed"),
        (answers(b"HTTP/1.1 200 OK\r\n", close=True), "connection.closed"),
        (answers(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc", close=True), "connection.closed"),
        (answers(b"hello there\r\n\r\n", close=True), "protocol.invalid"),
        (answers(b"SSH-2.0-OpenSSH_9.2\r\n", close=True), "protocol.invalid"),
        (answers(b"HTTP/1.1 99 Low\r\n\r\n", close=True), "protocol.invalid"),
        (answers(b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * 200_000 + b"\r\n\r\n"), "protocol.invalid"),
        (repeated(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n" * 1_000), "protocol.invalid"),
    ],
    ids=["at once", "in the head", "in the body", "text", "ssh", "status 99", "huge header", "endless headers"],
)
def test_a_broken_answer_becomes_its_code(script: Script, code: str, via: Via) -> None:
    if via is client_over_httpx and code == "connection.closed":
        code = "protocol.invalid"  # httpx makes no difference between a connection that breaks off and garbage
    assert result_of(via, script) == NetworkFailure(code)


def test_a_port_where_nobody_listens_is_refused(via: Via) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound and not listening
        port = taken.getsockname()[1]

        async def exchange() -> None:
            async with via() as http:
                assert await http.send(request(port)) == NetworkFailure("connect.refused")

        run(exchange())


def test_a_connection_that_is_never_accepted_times_out_as_one(via: Via) -> None:
    async def exchange() -> None:
        with socket.socket() as full:
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            with contextlib.ExitStack() as kept:
                for _ in range(8):  # more than the queue holds; further ones are not answered
                    filler = kept.enter_context(socket.socket())
                    filler.setblocking(False)
                    filler.connect_ex(full.getsockname())
                async with via() as http:
                    result = await http.send(request(full.getsockname()[1], timeout_seconds=0.6))
        assert result == NetworkFailure("connect.timeout")

    run(exchange())


@pytest.mark.parametrize(
    ("url", "result"),
    [
        ("http://nobody.invalid/", NetworkFailure("dns.failed")),
        ("http://[::1", CannotSend("request.invalid")),
        ("http://a..b/", CannotSend("request.invalid")),
        ("http://127.0.0.1:99999/", CannotSend("request.invalid")),
        ("http://" + "a" * 70 + ".invalid/", CannotSend("request.invalid")),
    ],
)
def test_a_name_that_leads_nowhere_fails_and_one_that_cannot_be_is_final(url: str, result: Result, via: Via) -> None:
    async def exchange() -> None:
        async with via() as http:
            assert await http.send(Request(url, [], b"{}", 5.0)) == result

    run(exchange())


def test_no_cookie_is_ever_sent_back(via: Via) -> None:
    async def exchange() -> None:
        raw = b"HTTP/1.1 200 OK\r\nSet-Cookie: session=s3cret; Path=/\r\nContent-Length: 0\r\n\r\n"
        async with receiver(answers(raw)) as at, via() as http:
            for _ in range(3):
                # By name: cookie jars keep nothing for a bare address anyway.
                await http.send(Request(f"http://localhost:{at.port}/hooks", [], b"{}", 5.0))
            assert len(at.requests) == 3
            assert not any(b"s3cret" in each for each in at.requests)

    run(exchange())


def test_a_connection_is_used_again_after_any_whole_answer_and_not_after_a_cut_one(via: Via) -> None:
    async def exchange() -> None:
        async with receiver(answers(OK)) as at, via() as http:
            for _ in range(5):
                await http.send(request(at.port))
            assert at.connections == 1
        long = b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + b"a" * 50_000
        async with receiver(answers(long)) as at, via() as http:
            for _ in range(2):
                assert isinstance(await http.send(request(at.port)), Answer)
            assert at.connections == 2

    run(exchange())


def test_one_that_hangs_does_not_hold_up_the_others(via: Via) -> None:
    async def exchange() -> None:
        async with receiver(hang) as dead, receiver(answers(OK)) as alive, via() as http:
            stuck = [asyncio.create_task(http.send(request(dead.port, timeout_seconds=1.5))) for _ in range(10)]
            began = time.monotonic()
            results = await asyncio.gather(*(http.send(request(alive.port)) for _ in range(10)))
            assert all(isinstance(each, Answer) for each in results)
            assert time.monotonic() - began < 1
            assert await asyncio.gather(*stuck) == [NetworkFailure("read.timeout")] * 10

    run(exchange())
