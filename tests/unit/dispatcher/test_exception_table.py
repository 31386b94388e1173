"""Every exception the HTTP, TLS, DNS and socket layers know becomes a code of the table, found by walking their class
trees, so that an upgrade that brings a new one is noticed."""

import socket
import ssl
from collections.abc import Iterator

import aiohttp
import httpx
import pytest

from services.dispatcher.core.classification import LOCAL_FAILURES, NETWORK_FAILURES
from services.dispatcher.core.exchange import CannotSend, NetworkFailure
from services.dispatcher.http_client import result_of_failure

EXPECTED: dict[str, set[type[BaseException]]] = {
    "dns.failed": {aiohttp.ClientConnectorDNSError, socket.gaierror},
    "connect.refused": {ConnectionRefusedError},
    "connect.timeout": {aiohttp.ConnectionTimeoutError, httpx.ConnectTimeout, httpx.PoolTimeout},
    "connect.failed": {
        aiohttp.ClientConnectorError,
        aiohttp.ClientProxyConnectionError,
        aiohttp.client_exceptions.UnixClientConnectorError,
        httpx.ConnectError,
        httpx.ProxyError,
    },
    "tls.failed": {
        aiohttp.ClientSSLError,
        aiohttp.ClientConnectorSSLError,
        aiohttp.ClientConnectorCertificateError,
        aiohttp.ServerFingerprintMismatch,
        ssl.SSLError,
        ssl.SSLCertVerificationError,
        ssl.SSLEOFError,
        ssl.SSLSyscallError,
        ssl.SSLZeroReturnError,
    },
    "read.timeout": {
        aiohttp.ServerTimeoutError,
        aiohttp.SocketTimeoutError,
        TimeoutError,
        httpx.TimeoutException,
        httpx.ReadTimeout,
        httpx.WriteTimeout,
    },
    "connection.closed": {
        aiohttp.ClientConnectionError,
        aiohttp.ClientConnectionResetError,
        aiohttp.ClientOSError,
        aiohttp.ServerConnectionError,
        aiohttp.ServerDisconnectedError,
        aiohttp.ClientPayloadError,
        BrokenPipeError,
        ConnectionError,
        ConnectionAbortedError,
        ConnectionResetError,
        httpx.NetworkError,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
    },
    "protocol.invalid": {
        aiohttp.ClientResponseError,
        aiohttp.ContentTypeError,
        aiohttp.ClientHttpProxyError,
        aiohttp.TooManyRedirects,
        aiohttp.WSServerHandshakeError,
        httpx.RemoteProtocolError,
    },
    "request.invalid": {
        aiohttp.InvalidURL,
        aiohttp.InvalidUrlClientError,
        aiohttp.InvalidUrlRedirectClientError,
        aiohttp.NonHttpUrlClientError,
        aiohttp.NonHttpUrlRedirectClientError,
        httpx.InvalidURL,
        httpx.LocalProtocolError,
        httpx.UnsupportedProtocol,
    },
}
NEVER_RAISED = {
    # bases that nothing raises itself
    "aiohttp.ClientError",
    "aiohttp.RedirectClientError",
    "httpx.HTTPError",
    "httpx.RequestError",
    "httpx.TransportError",
    "httpx.ProtocolError",
    "builtins.OSError",
    # redirects are not followed, bodies not decoded, statuses not raised, uploads not streamed
    "httpx.TooManyRedirects",
    "httpx.DecodingError",
    "httpx.HTTPStatusError",
    "aiohttp.UploadAbortedError",
    # asyncio keeps these to itself
    "ssl.SSLWantReadError",
    "ssl.SSLWantWriteError",
    "builtins.BlockingIOError",
    "builtins.InterruptedError",
    "socket.herror",
    # files and processes, not sockets
    "builtins.ChildProcessError",
    "builtins.FileExistsError",
    "builtins.FileNotFoundError",
    "builtins.IsADirectoryError",
    "builtins.NotADirectoryError",
    "builtins.PermissionError",
    "builtins.ProcessLookupError",
}
LIBRARIES = {"aiohttp", "httpx", "ssl", "socket", "builtins"}


def tree(base: type[BaseException]) -> Iterator[type[BaseException]]:
    yield base
    for child in base.__subclasses__():
        yield from tree(child)


def name(kind: type[BaseException]) -> str:
    return f"{kind.__module__.split('.')[0]}.{kind.__qualname__}"


KNOWN = {kind for base in (aiohttp.ClientError, httpx.HTTPError, httpx.InvalidURL, OSError) for kind in tree(base)}
CODE_OF = {kind: code for code, kinds in EXPECTED.items() for kind in kinds}


def test_every_class_of_the_libraries_is_expected_or_never_raised() -> None:
    found = {name(kind): kind for kind in KNOWN if name(kind).split(".")[0] in LIBRARIES}
    unknown = {each for each, kind in found.items() if kind not in CODE_OF} - NEVER_RAISED
    assert unknown == set()


def test_nothing_is_both_expected_and_never_raised() -> None:
    assert {name(kind) for kind in CODE_OF} & NEVER_RAISED == set()


def _made(kind: type[BaseException]) -> BaseException:
    """One of its kind, whatever its constructor wants."""
    error: BaseException = kind.__new__(kind)
    if isinstance(error, aiohttp.ClientConnectorError):
        error._os_error = OSError(113, "no route to host")
    return error


@pytest.mark.parametrize("kind", CODE_OF, ids=name)
def test_each_becomes_its_code(kind: type[BaseException]) -> None:
    code = CODE_OF[kind]
    expected = CannotSend(code) if code in LOCAL_FAILURES else NetworkFailure(code)
    assert result_of_failure(_made(kind)) == expected


@pytest.mark.parametrize("kind", CODE_OF, ids=name)
def test_each_becomes_its_code_when_the_transport_has_wrapped_it(kind: type[BaseException]) -> None:
    error = httpx.ConnectTimeout("wrapped")
    error.__cause__ = _made(kind)
    result = result_of_failure(error)
    if not issubclass(kind, httpx.HTTPError):
        assert result == result_of_failure(_made(kind))


def test_a_wrapped_timeout_of_connecting_is_not_one_of_reading() -> None:
    error = aiohttp.ConnectionTimeoutError("slow")
    error.__cause__ = TimeoutError()
    wrapped = httpx.TimeoutException("slow")
    wrapped.__cause__ = error
    assert result_of_failure(wrapped) == NetworkFailure("connect.timeout")


def test_every_code_of_the_table_is_reached() -> None:
    assert set(EXPECTED) == NETWORK_FAILURES.keys() | {"request.invalid"}


def test_what_cannot_be_built_is_final() -> None:
    assert result_of_failure(ValueError("no such port")) == CannotSend("request.invalid")
