"""Reading an answer: whole whatever pieces it comes in, bounded in every part, and never more than one."""

import httptools
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.exchange import MAX_RESPONSE_BYTES, Answer
from services.dispatcher.http_response import MAX_ANSWER_BYTES, MAX_HEAD_BYTES, InvalidResponse, ResponseReader

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def read(raw: bytes, *, piece: int = 1 << 20, then_end: bool = False) -> tuple[Answer | None, bool]:
    """The answer, if it is whole, and whether its connection may carry another."""
    reader = ResponseReader()
    for start in range(0, len(raw), piece):
        if reader.feed(raw[start : start + piece]):
            return reader.answer(), not reader.is_last
    if then_end and reader.end():
        return reader.answer(), not reader.is_last
    return None, False


@pytest.mark.parametrize("piece", [1, 2, 7, 1000])
@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (OK, Answer(200, [("content-length", "2")], b"ok", False)),
        (
            CHUNKED + b"1\r\no\r\n1;x=y\r\nk\r\n0\r\nX-Trailer: t\r\n\r\n",
            Answer(200, [("transfer-encoding", "chunked")], b"ok", False),
        ),
        (
            b"HTTP/1.1 100 Continue\r\nX-A: b\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: c\r\n\r\n" + OK,
            Answer(200, [("content-length", "2")], b"ok", False),
        ),
        (b"HTTP/1.1 204 No Content\r\nX-A:\r\nX-B: \r\n\r\n", Answer(204, [("x-a", ""), ("x-b", "")], b"", False)),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n", Answer(304, [("content-length", "9")], b"", False)),
        (
            "HTTP/1.1 200 OK\r\nX-A:  ü \r\nContent-Length: 0\r\n\r\n".encode(),
            Answer(200, [("x-a", "ü"), ("content-length", "0")], b"", False),
        ),
        (
            b"HTTP/1.1 200 caf\xe9\r\nX-A: caf\xe9\r\nContent-Length: 0\r\n\r\n",
            Answer(200, [("x-a", "café"), ("content-length", "0")], b"", False),
        ),
    ],
    ids=["length", "chunked", "informational first", "no content", "not modified", "UTF-8", "Latin-1"],
)
def test_an_answer_is_read_whole_in_pieces_of_any_size(raw: bytes, expected: Answer, piece: int) -> None:
    assert read(raw, piece=piece) == (expected, True)


@pytest.mark.parametrize(
    "raw",
    [
        b"hello\r\n",
        b"SSH-2.0-x\r\n",
        b"HTTP/2.0 200 OK\r\n\r\n",
        b"HTTP/1.1 99 Low\r\n\r\n",
        b"HTTP/1.1 099 Low\r\n\r\n",
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
        b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\na",
        b"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: b\r\n folded\r\n\r\n",
        CHUNKED + b"zz\r\n",
        b"HTTP/1.1 200 OK\r\nX-A: " + b"a" * MAX_HEAD_BYTES + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-A: b\r\n" * MAX_HEAD_BYTES,
        b"HTTP/1.1 100 Continue\r\n\r\n" * MAX_HEAD_BYTES,
        b"HTTP/1.1 200 " + b"a" * (MAX_HEAD_BYTES + 1),
    ],
)
@pytest.mark.parametrize("piece", [1000, 1 << 24])
def test_what_is_no_answer_is_refused(raw: bytes, piece: int) -> None:
    with pytest.raises(InvalidResponse):
        read(raw, piece=piece)


@pytest.mark.parametrize(
    ("raw", "whole"),
    [
        (b"HTTP/1.1 200 OK\r\n\r\nabc", True),
        (b"HTTP/1.0 200 OK\r\n\r\nabc", True),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\nabc", True),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 4\r\n\r\nabc", False),
        (CHUNKED + b"3\r\nabc\r\n", False),
        (b"HTTP/1.1 200 OK\r\n", False),
        (b"HTTP/1.1 100 Continue\r\n\r\n", False),
        (b"", False),
    ],
)
def test_an_answer_ends_with_its_connection_only_where_nothing_else_says_its_end(raw: bytes, whole: bool) -> None:
    answer, reusable = read(raw, then_end=True)
    assert (answer is not None, reusable) == (whole, False)
    assert answer is None or answer.body == b"abc"


@pytest.mark.parametrize("size", [MAX_RESPONSE_BYTES, MAX_RESPONSE_BYTES + 1, 10 * MAX_RESPONSE_BYTES])
@pytest.mark.parametrize("piece", [100, 1 << 24])
def test_a_body_is_kept_to_its_bound_and_beyond_it_the_connection_is_done(size: int, piece: int) -> None:
    raw = b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % size + b"a" * size
    answer, reusable = read(raw, piece=piece)
    assert answer is not None
    fits = size <= MAX_RESPONSE_BYTES
    assert (len(answer.body), answer.truncated, reusable) == (min(size, MAX_RESPONSE_BYTES), not fits, fits)


@pytest.mark.parametrize(
    ("before", "part"),
    [
        (CHUNKED + b"1;", b"x" * 1000),
        (CHUNKED + b"0\r\n", b"X-Trailer: t\r\n" * 100),
        (CHUNKED + b"0\r\nX-Trailer: ", b"t" * 1000),
    ],
    ids=["chunk extension", "trailers", "one trailer"],
)
def test_framing_without_end_is_cut_off(before: bytes, part: bytes) -> None:
    answer, reusable = read(before + part * (MAX_ANSWER_BYTES // len(part) + 1), piece=10_000)
    assert answer is not None
    assert (answer.truncated, reusable) == (True, False)


@pytest.mark.parametrize(
    "surplus",
    [b"H", b"garbage\r\n", OK, b"\0", b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"],
)
def test_what_follows_an_answer_is_not_read_and_ends_the_connection(surplus: bytes) -> None:
    answer, reusable = read(OK + surplus)
    assert (answer, reusable) == (Answer(200, [("content-length", "2")], b"ok", False), False)


@given(st.binary(max_size=300), st.integers(1, 50))
def test_whatever_comes_is_an_answer_or_refused_or_not_yet_whole(noise: bytes, piece: int) -> None:
    for raw in (noise, OK[:17] + noise, CHUNKED + noise):
        try:
            answer, _ = read(raw, piece=piece, then_end=True)
        except InvalidResponse:
            continue
        assert answer is None or 200 <= answer.status <= 999


def test_the_parser_is_strict_unless_told_otherwise() -> None:
    """A lenient one would let two readers see two different answers."""
    with pytest.raises(httptools.HttpParserError):
        httptools.HttpResponseParser(object()).feed_data(b"HTTP/1.1 200 OK\nContent-Length: 0\n\n")
