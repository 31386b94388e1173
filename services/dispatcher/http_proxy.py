"""The way out through a CONNECT proxy, for clusters that have no other.

The proxy is asked for a tunnel to the receiver (RFC 9110, section 9.3.6), for https and http alike: so TLS is ours from
end to end, and the proxy sees a host and a port, never a request or its secrets. What the receiver speaks begins after
the proxy's answer; a peer that sends more than that answer is none we understand.

**What can be judged.** With a proxy in between it is the proxy that looks names up, and no address that we would look
up for ourselves says where it will connect. So a host that is an address is judged as ever, and ``localhost``, which is
an address by definition; any other name goes to the proxy as it is, and which networks may be reached by name is the
proxy's configuration. The proxy's own address comes from the operator and is not judged.
"""

import asyncio
import re
import ssl
from collections.abc import Callable
from typing import NamedTuple, cast

from services.dispatcher.http_connection import Connection
from services.dispatcher.http_request import Origin

#: The longest answer to CONNECT that is read, in bytes; proxies explain a refusal in a page, which is not needed.
_MAX_ANSWER_BYTES = 16 * 1024
_STATUS = re.compile(rb"HTTP/1\.[01] ([1-5][0-9]{2})[ \r]")


class Proxy(NamedTuple):
    """Where it listens."""

    host: str
    port: int


def proxy_at(url: str | None) -> Proxy | None:
    """The proxy at ``url``, as the setting has it.

    >>> proxy_at("http://[fd00::1]:3128")
    Proxy(host='fd00::1', port=3128)
    """
    if url is None:
        return None
    host, _, port = url.removeprefix("http://").rpartition(":")
    return Proxy(host.strip("[]"), int(port))


class NoTunnel(Exception):
    """``code`` and ``detail`` are those of `services.dispatcher.core.exchange.NetworkFailure`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code)
        self.code = code
        self.detail = detail


class _Asking(asyncio.Protocol):
    """Asks for one tunnel."""

    def __init__(self, target: str) -> None:
        self._ask = f"CONNECT {target} HTTP/1.1\r\nhost: {target}\r\n\r\n".encode("ascii")
        self._answer = bytearray()
        self.status: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        cast(asyncio.Transport, transport).write(self._ask)

    def data_received(self, data: bytes) -> None:
        self._answer += data
        if self.status.done():
            return
        head, end, more = bytes(self._answer).partition(b"\r\n\r\n")
        status = _STATUS.match(head)
        if status is None and (end or len(head) > _MAX_ANSWER_BYTES):
            self._fail("the proxy's answer to CONNECT was not HTTP")
        elif status is not None and status[1][:1] != b"2":
            self.status.set_result(int(status[1]))
        elif end and more:
            self._fail("the proxy sent more than its answer to CONNECT")
        elif status is not None and end:
            self.status.set_result(int(status[1]))
        elif len(head) > _MAX_ANSWER_BYTES:
            self._fail("the proxy's answer to CONNECT has no end")

    def connection_lost(self, error: Exception | None) -> None:
        if not self.status.done():
            self._fail("the proxy closed the connection before it had answered")

    def _fail(self, detail: str) -> None:
        self.status.set_exception(NoTunnel("proxy.failed", detail))


async def connect_through(
    proxy: Proxy,
    origin: Origin,
    tls: ssl.SSLContext | None,
    until: float,
    make: Callable[[], Connection],
) -> Connection:
    """A connection to ``origin`` by a tunnel, ready ``until`` then, in the loop's time.

    Raises NoTunnel for what the proxy does, OSError for what goes wrong behind it.
    """
    transport = await _tunnel(proxy, origin, until)
    connection = make()
    through: asyncio.BaseTransport | None = transport
    try:
        if tls is None:
            transport.set_protocol(connection)
        else:
            name = origin.host.removesuffix(".")
            async with asyncio.timeout_at(until):
                through = await asyncio.get_running_loop().start_tls(transport, connection, tls, server_hostname=name)
        if through is None or through.is_closing():
            raise ConnectionResetError
    except BaseException:
        transport.abort()
        raise
    connection.connection_made(through)
    return connection


async def _tunnel(proxy: Proxy, origin: Origin, until: float) -> asyncio.Transport:
    host = f"[{origin.host}]" if ":" in origin.host else origin.host
    target = f"{host}:{origin.port}"
    transport: asyncio.Transport | None = None
    try:
        async with asyncio.timeout_at(until):
            transport, asking = await asyncio.get_running_loop().create_connection(lambda: _Asking(target), *proxy)
            status = await asking.status
        if not 200 <= status < 300:
            raise NoTunnel("proxy.refused", f"it answered {status} to CONNECT {target}")
    except BaseException as failure:
        if transport is not None:
            transport.abort()
        if isinstance(failure, TimeoutError):
            raise NoTunnel("proxy.failed", "it did not answer in time") from None
        if isinstance(failure, OSError):
            raise NoTunnel("proxy.failed", "it cannot be reached") from None
        raise
    return transport
