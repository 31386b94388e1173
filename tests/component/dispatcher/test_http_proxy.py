"""Through a CONNECT proxy: what it sees, what it may do wrong, and what is still judged."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Request
from services.dispatcher.http_proxy import Proxy
from tests.component.dispatcher.loopback import OK, answers, client, receiver, request, run
from tests.component.dispatcher.loopback_certificates import Authority


@dataclass
class LoopbackProxy:
    """Connects every tunnel to one port of the loopback interface, or answers with ``instead``."""

    receiver_port: int = 0
    instead: bytes | None = None
    asked: list[bytes] = field(default_factory=list)
    seen: bytearray = field(default_factory=bytearray)
    at: Proxy = field(default_factory=lambda: Proxy("127.0.0.1", 0))

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.asked.append(await reader.readuntil(b"\r\n\r\n"))
        if self.instead is not None:
            writer.write(self.instead)
            writer.close()
            return
        onward_reader, onward = await asyncio.open_connection("127.0.0.1", self.receiver_port)
        writer.write(b"HTTP/1.1 200 Connection established\r\nX-Proxy: a\r\n\r\n")
        with contextlib.suppress(ConnectionError):
            await asyncio.gather(self._pass(reader, onward), self._pass(onward_reader, writer))

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            self.seen += data
            writer.write(data)
        writer.close()


@contextlib.asynccontextmanager
async def proxying(receiver_port: int = 0, instead: bytes | None = None) -> AsyncIterator[LoopbackProxy]:
    proxy = LoopbackProxy(receiver_port, instead)
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    proxy.at = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()


async def no_look_up(host: str) -> tuple[str, ...]:
    raise AssertionError(f"{host} was looked up")


def test_https_goes_through_a_tunnel_and_the_proxy_sees_a_name_and_a_port_alone(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def exchange() -> None:
        server = authority.server_context("hooks.example")
        async with (
            receiver(answers(OK), server) as at,
            proxying(at.port) as proxy,
            client(authority.client_context, no_look_up, proxy=proxy.at) as http,
        ):
            for _ in range(3):
                wanted = Request("https://hooks.example/path", [("x-a", "secret")], b"secret", 5.0)
                assert isinstance(await http.send(wanted), Answer)
            assert proxy.asked == [b"CONNECT hooks.example:443 HTTP/1.1\r\nhost: hooks.example:443\r\n\r\n"]
            assert len(at.requests) == 3
            assert b"secret" not in proxy.seen

    run(exchange())


def test_http_goes_through_a_tunnel_too() -> None:
    async def exchange() -> None:
        async with (
            receiver(answers(OK)) as at,
            proxying(at.port) as proxy,
            client(look_up=no_look_up, proxy=proxy.at) as http,
        ):
            for _ in range(2):
                assert isinstance(await http.send(Request("http://hooks.example/", [], b"{}", 5.0)), Answer)
            assert [each.split()[1] for each in proxy.asked] == [b"hooks.example:80"]
            assert at.requests[0].startswith(b"POST / HTTP/1.1\r\nhost: hooks.example\r\n")

    run(exchange())


def test_a_certificate_is_checked_for_the_name_behind_the_proxy(tmp_path: Path) -> None:
    authority = Authority(tmp_path)

    async def exchange() -> None:
        server = authority.server_context("elsewhere.example")
        async with (
            receiver(answers(OK), server) as at,
            proxying(at.port) as proxy,
            client(authority.client_context, no_look_up, proxy=proxy.at) as http,
        ):
            result = await http.send(Request("https://hooks.example/", [], b"{}", 5.0))
            assert getattr(result, "code", result) == "tls.wrong-name"
            assert at.requests == []

    run(exchange())


@pytest.mark.parametrize("status", [301, 403, 407, 502])
def test_a_proxy_that_answers_otherwise_has_refused(status: int) -> None:
    async def exchange() -> None:
        raw = b"HTTP/1.1 %d No\r\nContent-Length: 2\r\n\r\nno" % status
        async with proxying(instead=raw) as proxy, client(proxy=proxy.at) as http:
            result = await http.send(Request("https://hooks.example/", [], b"{}", 5.0))
            assert result == NetworkFailure("proxy.refused", f"it answered {status} to CONNECT hooks.example:443")

    run(exchange())


@pytest.mark.parametrize(
    "raw",
    [b"", b"HTTP/1.1 200", b"garbage\r\n\r\n", b"a" * 40_000, b"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n",
     b"HTTP/1.1 200 OK\r\nX: " + b"a" * 40_000],
    ids=["nothing", "half", "garbage", "endless", "an answer of its own", "endless head"],
)  # fmt: skip
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_speaks_otherwise_has_failed(scheme: str, raw: bytes) -> None:
    async def exchange() -> None:
        async with proxying(instead=raw) as proxy, client(proxy=proxy.at) as http:
            result = await http.send(Request(f"{scheme}://hooks.example/", [], b"{}", 5.0))
            assert getattr(result, "code", result) == "proxy.failed"

    run(exchange())


def test_a_proxy_that_is_away_or_silent_has_failed() -> None:
    async def exchange() -> None:
        async with proxying() as proxy:
            pass
        async with client(proxy=proxy.at) as http:
            result = await http.send(Request("https://hooks.example/", [], b"{}", 5.0))
            assert result == NetworkFailure("proxy.failed", "it cannot be reached")

        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read(10_000)
            await reader.read()
            writer.close()

        server = await asyncio.start_server(silent, "127.0.0.1", 0)
        at = Proxy("127.0.0.1", server.sockets[0].getsockname()[1])
        async with client(proxy=at) as http:
            result = await http.send(Request("https://hooks.example/", [], b"{}", 0.4))
            assert result == NetworkFailure("proxy.failed", "it did not answer in time")
        server.close()

    run(exchange())


@pytest.mark.parametrize(
    "host", ["10.0.0.1", "[::1]", "169.254.169.254", "0x7f.1", "localhost", "LOCALHOST.", "a.localhost"]
)
def test_a_host_that_is_an_address_is_judged_and_the_proxy_not_asked(host: str) -> None:
    async def exchange() -> None:
        async with proxying() as proxy, client(proxy=proxy.at, allowed="192.0.2.0/24") as http:
            result = await http.send(request(80, host=host))
            assert isinstance(result, CannotSend)
            assert result.code == "address.refused"
            assert proxy.asked == []

    run(exchange())
