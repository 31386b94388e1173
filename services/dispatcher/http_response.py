"""Reads one answer out of the bytes of a connection; knows no socket.

A new reader for each answer: nothing of one can reach the next. What a receiver sends is bounded in every part. A head
may take ``MAX_HEAD_BYTES``, informational answers before it included; a body is kept to its bound and cut off there;
what frames a body (chunk sizes, extensions, trailers) may take a fixed multiple of that. Whatever comes after the end
of the answer is not read, and its connection not used again.

The parser (llhttp, in its strict mode) refuses what two readers could understand differently, such as two lengths.
It cannot be told that the connection has ended, so an answer that ends with its connection is recognised here.
"""

import httptools

from services.dispatcher.core.exchange import MAX_RESPONSE_BYTES, Answer, Header

#: Of a head: four times what common servers accept of a request's (Node.js 16 KiB).
MAX_HEAD_BYTES = 64 * 1024
#: Of a whole answer: room for a body in chunks of one byte, which take six each, and for its head.
MAX_ANSWER_BYTES = MAX_HEAD_BYTES + 8 * MAX_RESPONSE_BYTES


class InvalidResponse(Exception):
    """What came is no HTTP/1 answer, or its head is too large."""


class ResponseReader:
    """Feed it until it is whole. ``began``: anything at all has come."""

    __slots__ = (
        "_body",
        "_body_bytes",
        "_head_bytes",
        "_headers",
        "_keep_alive",
        "_parser",
        "_received",
        "_status",
        "_surplus",
        "_truncated",
        "_until_end",
        "_whole",
    )

    def __init__(self) -> None:
        self._parser: httptools.HttpResponseParser | None = httptools.HttpResponseParser(self)
        self._status = 0
        self._headers: list[Header] = []
        self._body: list[bytes] = []
        self._body_bytes = self._head_bytes = self._received = 0
        self._whole = self._truncated = self._keep_alive = self._surplus = False
        self._until_end = True

    @property
    def began(self) -> bool:
        return self._received > 0

    @property
    def is_last(self) -> bool:
        """Whether its connection cannot carry another answer."""
        return self._surplus or self._truncated or not self._keep_alive

    def feed(self, data: bytes) -> bool:
        """Take what came; whether the answer is whole. Raises InvalidResponse."""
        parser = self._parser
        if parser is None:
            raise InvalidResponse("read after its end")
        self._received += len(data)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            if not self._whole:
                raise InvalidResponse(str(error)) from None
            self._surplus = True
        if not self._whole and self._received > MAX_HEAD_BYTES:
            if not self._status:
                raise InvalidResponse("the head is too large")
            if self._received > MAX_ANSWER_BYTES:
                self._whole = self._truncated = True
        return self._whole

    def end(self) -> bool:
        """The connection has ended; whether the answer is whole."""
        self._keep_alive = False
        return self._whole or (self._status > 0 and self._until_end)

    def release(self) -> None:
        """Done with it. Parser and reader know each other, and would wait for the garbage collector."""
        self._parser = None

    def answer(self) -> Answer:
        """What was read, once it is whole."""
        body = b"".join(self._body)
        return Answer(self._status, self._headers, body[:MAX_RESPONSE_BYTES], self._truncated)

    # What the parser calls.

    def on_message_begin(self) -> None:
        self._surplus = self._whole

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._status or self._whole:
            return  # a trailer, or what came after the end
        self._head_bytes += len(name) + len(value)
        if self._head_bytes > MAX_HEAD_BYTES:
            raise InvalidResponse("the head is too large")
        name = name.lower()
        if name == b"content-length" or (name == b"transfer-encoding" and b"chunked" in value.lower()):
            self._until_end = False
        self._headers.append((name.decode("latin-1"), _text(value)))

    def on_headers_complete(self) -> None:
        if self._whole or self._parser is None:
            return
        status = self._parser.get_status_code()
        if status < 100 or self._parser.get_http_version() not in ("1.1", "1.0"):
            raise InvalidResponse("no status or version that HTTP/1 knows")
        if status < 200:
            self._headers.clear()  # an informational answer: the one that counts follows
            return
        self._status = status
        self._keep_alive = self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        if self._whole:
            return
        self._body.append(data)
        self._body_bytes += len(data)
        if self._body_bytes > MAX_RESPONSE_BYTES:
            self._whole = self._truncated = True

    def on_message_complete(self) -> None:
        if self._status:
            self._whole = True


def _text(value: bytes) -> str:
    """A header's value as people wrote it; HTTP itself says no more than that it is bytes."""
    value = value.strip(b" \t")
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
