"""The layers below the HTTP client and beside it whose errors have no class of their own in our table, or none at all:
each is listed whole, so that a new one is noticed."""

import asyncio.exceptions
import errno
import inspect
import socket
import ssl
from types import ModuleType

import httptools.parser.errors
import orjson
import pytest
from cel_expr_python import cel

from services.dispatcher.http_dialing import code_of_connecting
from services.dispatcher.http_response import InvalidResponse, ResponseReader
from shared.adapters.cel_conditions import Activation, Condition, Unevaluable


def exceptions_of(module: ModuleType) -> set[str]:
    return {name for name, each in vars(module).items() if inspect.isclass(each) and issubclass(each, BaseException)}


def test_asyncio_has_no_exception_that_we_do_not_know() -> None:
    used = {"TimeoutError", "CancelledError"}  # an OSError, and never ours to swallow
    # Of streams, locks and futures, of which the client uses none in a way that could raise them.
    of_others = {"InvalidStateError", "SendfileNotAvailableError", "IncompleteReadError", "LimitOverrunError",
                 "BrokenBarrierError"}  # fmt: skip
    assert exceptions_of(asyncio.exceptions) == used | of_others
    assert issubclass(asyncio.TimeoutError, OSError)


def test_the_parser_has_no_exception_that_its_reader_does_not_catch() -> None:
    parser = httptools.parser.errors
    caught = (parser.HttpParserError, parser.HttpParserUpgrade)
    known = {"HttpParserError", "HttpParserCallbackError", "HttpParserInvalidStatusError",
             "HttpParserInvalidMethodError", "HttpParserInvalidURLError", "HttpParserUpgrade"}  # fmt: skip
    assert exceptions_of(parser) == known
    assert [name for name in known if not issubclass(getattr(parser, name), caught)] == []


@pytest.mark.parametrize(
    "sent",
    [
        b"\x00\x01\x02",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 abc\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: h2\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ],
)
def test_what_is_no_answer_is_said_to_be_none(sent: bytes) -> None:
    with pytest.raises(InvalidResponse):
        ResponseReader().feed(sent)


@pytest.mark.parametrize("name", sorted(name for name in dir(socket) if name.startswith("EAI_")))
def test_whatever_the_resolver_says_is_an_oserror_that_dialing_catches(name: str) -> None:
    """Dialing gives all of them one code: for people they are one cause, a name without an address."""
    error = socket.gaierror(getattr(socket, name), "handmade")
    assert isinstance(error, OSError)
    assert not isinstance(error, (ssl.SSLError, TimeoutError, ConnectionError))


@pytest.mark.parametrize("number", sorted(errno.errorcode))
def test_every_error_number_of_the_system_has_a_code(number: int) -> None:
    assert code_of_connecting(OSError(number, "handmade"), tls=False) in {
        "connect.failed",
        "connect.refused",
        "connect.timeout",
    }


def test_the_expression_runtime_has_no_exception_of_its_own() -> None:
    """It raises Python's own, or gives an error as a value; both are caught where expressions are evaluated."""
    assert exceptions_of(cel) == set()


@pytest.mark.parametrize(
    "expression",
    [
        "data.missing > 1",
        "data.text > 1",
        "data.list[7] == 1",
        "1 / data.zero == 1",
        "int(data.text) == 1",
        "data.large + data.large > 0",
        "duration(data.text) > duration('1s')",
        "timestamp(data.text) > timestamp('2030-01-01T00:00:00Z')",
        "data.text.matches('(')",
        "data.none.field == 1",
        "bytes(data.list) == b''",
        "data.list.map(x, x.field)[0]",
        "data",
    ],
)
def test_every_way_for_an_expression_to_fail_is_an_answer_and_no_exception(expression: str) -> None:
    document = {"data": {"text": "a", "list": [1], "zero": 0, "large": 2**62, "none": None}}
    result = Condition(expression).evaluate(Activation(document, orjson.dumps(document)))
    assert isinstance(result, Unevaluable)
    assert result.reason
