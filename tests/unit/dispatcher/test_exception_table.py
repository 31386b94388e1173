"""Every exception that httpx and the TLS, DNS and socket layers know becomes a code of the table, found by walking
their class trees, so that an upgrade that brings a new one is noticed."""

import socket
import ssl
from collections.abc import Iterator

import httpx
import pytest

from services.dispatcher.core.classification import Failed, classify
from services.dispatcher.core.exchange import CannotSend, NetworkFailure
from services.dispatcher.http_dialing import code_of_connecting
from services.dispatcher.http_over_httpx import result_of_failure

#: What a transport of httpx may raise, or what may be its cause.
EXPECTED: dict[str, set[type[BaseException]]] = {
    "dns.failed": {socket.gaierror},
    "connect.refused": {ConnectionRefusedError},
    "connect.timeout": {httpx.ConnectTimeout, httpx.PoolTimeout},
    "connect.failed": {httpx.ConnectError, httpx.ProxyError},
    "tls.failed": {
        ssl.SSLError,
        ssl.SSLCertVerificationError,
        ssl.SSLEOFError,
        ssl.SSLSyscallError,
        ssl.SSLZeroReturnError,
    },
    "read.timeout": {TimeoutError, httpx.TimeoutException, httpx.ReadTimeout, httpx.WriteTimeout},
    "connection.closed": {
        BrokenPipeError,
        ConnectionError,
        ConnectionAbortedError,
        ConnectionResetError,
        httpx.NetworkError,
        httpx.ReadError,
        httpx.WriteError,
        httpx.CloseError,
    },
    "protocol.invalid": {httpx.RemoteProtocolError},
    "request.invalid": {httpx.InvalidURL, httpx.LocalProtocolError, httpx.UnsupportedProtocol},
}
#: What connecting may raise without httpx.
CONNECTING: dict[tuple[type[OSError], bool], str] = {
    (ssl.SSLError, True): "tls.failed",
    (ssl.SSLCertVerificationError, True): "tls.failed",
    (ssl.SSLEOFError, True): "tls.failed",
    (ssl.SSLSyscallError, True): "tls.failed",
    (ssl.SSLZeroReturnError, True): "tls.failed",
    (ConnectionResetError, True): "tls.failed",
    (ConnectionAbortedError, True): "tls.failed",
    (BrokenPipeError, True): "tls.failed",
    (ConnectionError, True): "tls.failed",
    (TimeoutError, True): "connect.timeout",
    (TimeoutError, False): "connect.timeout",
    (ConnectionRefusedError, True): "connect.refused",
    (ConnectionRefusedError, False): "connect.refused",
    (ConnectionResetError, False): "connect.failed",
    (OSError, True): "connect.failed",
    (OSError, False): "connect.failed",
}
NEVER_RAISED = {
    # bases that nothing raises itself
    "httpx.HTTPError",
    "httpx.RequestError",
    "httpx.TransportError",
    "httpx.ProtocolError",
    "builtins.OSError",
    # redirects are not followed, bodies not decoded, statuses not raised
    "httpx.TooManyRedirects",
    "httpx.DecodingError",
    "httpx.HTTPStatusError",
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
LIBRARIES = {"httpx", "ssl", "socket", "builtins"}


def tree(base: type[BaseException]) -> Iterator[type[BaseException]]:
    yield base
    for child in base.__subclasses__():
        yield from tree(child)


def name(kind: type[BaseException]) -> str:
    return f"{kind.__module__.split('.')[0]}.{kind.__qualname__}"


KNOWN = {kind for base in (httpx.HTTPError, httpx.InvalidURL, OSError) for kind in tree(base)}
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
    return error


#: In one order, so that every process that shares the tests names them alike.
NAMED: list[type[BaseException]] = sorted(CODE_OF, key=name)


@pytest.mark.parametrize("kind", NAMED, ids=name)
def test_each_becomes_its_code(kind: type[BaseException]) -> None:
    code = CODE_OF[kind]
    expected = CannotSend(code) if code == "request.invalid" else NetworkFailure(code)
    assert result_of_failure(_made(kind)) == expected


@pytest.mark.parametrize(
    ("kind", "cause", "code"),
    [
        (httpx.ConnectError, socket.gaierror, "dns.failed"),
        (httpx.ConnectError, ssl.SSLCertVerificationError, "tls.failed"),
        (httpx.ConnectError, ConnectionRefusedError, "connect.refused"),
        (httpx.ConnectError, OSError, "connect.failed"),
        (httpx.ConnectTimeout, TimeoutError, "connect.timeout"),
        (httpx.ReadTimeout, TimeoutError, "read.timeout"),
        (httpx.ReadError, ConnectionResetError, "connection.closed"),
    ],
)
def test_a_cause_says_more_than_what_wraps_it_and_not_less(
    kind: type[httpx.TransportError], cause: type[OSError], code: str
) -> None:
    error = kind("wrapped")
    error.__cause__ = cause.__new__(cause)
    assert result_of_failure(error) == NetworkFailure(code)


@pytest.mark.parametrize(("kind", "tls"), CONNECTING, ids=str)
def test_what_connecting_raises_becomes_its_code(kind: type[OSError], tls: bool) -> None:
    assert code_of_connecting(kind.__new__(kind), tls=tls) == CONNECTING[kind, tls]


def test_connecting_knows_every_class_of_tls() -> None:
    known = {kind for kind, _ in CONNECTING}
    assert {kind for kind in tree(ssl.SSLError) if name(kind) not in NEVER_RAISED and kind.__module__ == "ssl"} <= known


@pytest.mark.parametrize("code", EXPECTED)
def test_every_code_is_explained(code: str) -> None:
    verdict = classify(CannotSend(code) if code == "request.invalid" else NetworkFailure(code))
    assert isinstance(verdict, Failed)
    assert verdict.error.code == code
    assert verdict.error.cause
    assert verdict.final is (code == "request.invalid")


def test_what_cannot_be_built_is_final() -> None:
    assert result_of_failure(ValueError("no such port")) == CannotSend("request.invalid")
