"""TLS of the HTTP client: whom it trusts, for which name, and what it says when it does not."""

import asyncio
import contextlib
import socket
import ssl
import threading
from pathlib import Path

import pytest

from services.dispatcher.core.exchange import Answer, NetworkFailure, Result
from services.dispatcher.http_tls import Trust
from tests.component.dispatcher.loopback import OK, answers, client, receiver, repeated, request, run
from tests.component.dispatcher.loopback_certificates import Authority


def code_of(result: Result) -> str:
    """The code of a failure of TLS."""
    assert isinstance(result, NetworkFailure)
    return result.code


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


def result_of(server: ssl.SSLContext, trust: Trust, host: str = "127.0.0.1") -> Result:
    """What a request comes to; where TLS failed, nothing of it may have been sent."""
    results: list[Result] = []

    async def exchange() -> None:
        async with receiver(answers(OK), server) as at, client(trust) as http:
            result = await http.send(request(at.port, scheme="https", host=host))
            assert len(at.requests) == (1 if isinstance(result, Answer) else 0)
            results.append(result)

    run(exchange())
    return results[0]


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1"])
def test_a_certificate_for_the_url_s_host_is_accepted(authority: Authority, host: str) -> None:
    assert isinstance(result_of(authority.server_context(host), authority.client_context, host), Answer)


def test_a_certificate_for_another_name_is_refused(authority: Authority) -> None:
    server = authority.server_context("elsewhere.example", "127.0.0.1")
    result = result_of(server, authority.client_context, "localhost")
    assert code_of(result) == "tls.wrong-name"
    assert isinstance(result, NetworkFailure)
    assert "localhost" in (result.detail or "")


def test_an_expired_certificate_is_refused(authority: Authority) -> None:
    result = result_of(authority.server_context("127.0.0.1", expired=True), authority.client_context)
    assert result == NetworkFailure("tls.expired", "certificate has expired")


def test_a_certificate_that_nobody_known_vouches_for_is_refused(authority: Authority) -> None:
    result = result_of(authority.server_context("127.0.0.1"), ssl.create_default_context)
    assert result == NetworkFailure("tls.untrusted", "unable to get local issuer certificate")


def test_a_self_signed_certificate_is_refused(authority: Authority) -> None:
    result = result_of(authority.server_context("127.0.0.1", self_signed=True), authority.client_context)
    assert result == NetworkFailure("tls.self-signed", "self-signed certificate")


def test_a_server_is_told_the_name_that_is_wanted(authority: Authority) -> None:
    names: list[str | None] = []
    server = authority.server_context("localhost")
    server.sni_callback = lambda _, name, __: names.append(name)
    assert isinstance(result_of(server, authority.client_context, "localhost"), Answer)
    assert names == ["localhost"]


def test_a_server_that_wants_our_certificate_is_a_tls_failure(authority: Authority) -> None:
    server = authority.server_context("127.0.0.1", asks_for_certificate=True)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def accept_one() -> None:
            # Not asyncio's: that one says nothing to a client it refuses.
            with listening.accept()[0] as connection, contextlib.suppress(ssl.SSLError):
                server.wrap_socket(connection, server_side=True)

        accepting = threading.Thread(target=accept_one)
        accepting.start()

        async def exchange() -> None:
            async with client(authority.client_context) as http:
                result = await http.send(request(listening.getsockname()[1], scheme="https"))
                assert code_of(result) == "tls.client-certificate"

        run(exchange())
        accepting.join()


def test_a_server_that_speaks_no_tls_is_a_tls_failure() -> None:
    async def exchange() -> None:
        async def plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()

        server = await asyncio.start_server(plain, "127.0.0.1", 0)
        async with client() as http:
            port = server.sockets[0].getsockname()[1]
            assert code_of(await http.send(request(port, scheme="https"))) == "tls.failed"
        server.close()

    run(exchange())


def test_a_server_that_drops_the_handshake_is_a_tls_failure() -> None:
    async def exchange() -> None:
        async def dropping(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(100)
            writer.transport.abort()

        server = await asyncio.start_server(dropping, "127.0.0.1", 0)
        async with client() as http:
            port = server.sockets[0].getsockname()[1]
            assert code_of(await http.send(request(port, scheme="https"))) == "tls.failed"
        server.close()

    run(exchange())


def test_a_handshake_that_never_ends_is_a_connection_not_made_in_time() -> None:
    async def exchange() -> None:
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        async with client() as http:
            at = request(server.sockets[0].getsockname()[1], scheme="https", timeout_seconds=0.6)
            assert await http.send(at) == NetworkFailure("connect.timeout")
        server.close()

    run(exchange())


def test_a_connection_is_used_again(authority: Authority) -> None:
    async def exchange() -> None:
        server = authority.server_context("127.0.0.1")
        async with receiver(answers(OK), server) as at, client(authority.client_context) as http:
            for _ in range(5):
                assert isinstance(await http.send(request(at.port, scheme="https")), Answer)
            assert at.connections == 1

    run(exchange())


@pytest.mark.parametrize(
    "raw", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc"], ids=["at once", "in the body"]
)
@pytest.mark.parametrize("politely", [True, False])
def test_a_connection_that_ends_before_the_answer_is_closed_and_no_tls_failure(
    authority: Authority, raw: bytes, politely: bool
) -> None:
    async def script(writer: asyncio.StreamWriter) -> None:
        writer.write(raw)
        await writer.drain()
        if politely:
            writer.close()
        else:
            writer.transport.abort()

    async def exchange() -> None:
        server = authority.server_context("127.0.0.1")
        async with receiver(script, server) as at, client(authority.client_context) as http:
            assert await http.send(request(at.port, scheme="https")) == NetworkFailure("connection.closed")

    run(exchange())


def test_a_large_body_arrives_and_an_endless_answer_is_cut(authority: Authority) -> None:
    async def exchange() -> None:
        server = authority.server_context("127.0.0.1")
        endless = repeated(b"HTTP/1.1 200 OK\r\n\r\n", b"a" * 4096)
        async with receiver(endless, server) as at, client(authority.client_context) as http:
            body = bytes(range(256)) * 1024
            result = await http.send(request(at.port, scheme="https", body=body))
            assert isinstance(result, Answer)
            assert result.truncated
            assert at.requests[0].endswith(body)

    run(exchange())
