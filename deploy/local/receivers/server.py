"""The receiver as an ASGI application: check the signature, decide, write down, answer."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from deploy.local.receivers.core.behaviour import Answer, Behaviour, Reply, reply
from deploy.local.receivers.core.received_request import ReceivedRequest
from deploy.local.receivers.core.signature import is_signed
from deploy.local.receivers.request_log import RequestLog
from shared.adapters.clock import Clock

_CHUNK = b" " * 8_192

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Receiver:
    """Answers every path alike; ``GET /readyz`` says that it listens."""

    def __init__(self, behaviour: Behaviour, log: RequestLog, clock: Clock, secret: str | None) -> None:
        """``secret`` None takes requests unsigned too."""
        self._behaviour = behaviour
        self._log = log
        self._clock = clock
        self._secret = secret
        self._seen: Counter[str] = Counter()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        body = b""
        more = True
        while more:
            message = await receive()
            body += message.get("body", b"")
            more = bool(message.get("more_body"))
        if scope["method"] == "GET":
            await _respond(send, 200)
            return
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        received_ms = self._clock()
        message_id = headers.get("webhook-id", "")
        if self._secret is None or is_signed(headers, body, self._secret, received_ms / 1000):
            answer = reply(self._behaviour, message_id, self._seen[message_id], scope["path"])
            self._seen[message_id] += 1
        else:
            answer = Reply(401)
        if answer.delay_seconds:
            await asyncio.sleep(answer.delay_seconds)
        logged = ReceivedRequest(received_ms, self._clock(), message_id, scope["path"], answer.logged_status)
        self._log.write(logged)
        match answer.answer:
            case Answer.WHOLE:
                await _respond(send, answer.status)
            case Answer.NONE:
                await receive()  # the next thing to come is the client's giving up
            case Answer.PART:
                await _begin(send, answer.status, (b"content-length", b"1000"))
                await send({"type": "http.response.body", "body": b'{"status":', "more_body": True})
            case Answer.ENDLESS:
                await _begin(send, answer.status)
                gone = asyncio.ensure_future(receive())
                while not gone.done():
                    await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
                    await asyncio.sleep(0)


async def _respond(send: Send, status: int) -> None:
    body = b'{"status":"ok"}' if status == 200 else b'{"status":"refused"}'
    await _begin(send, status, (b"content-length", str(len(body)).encode()))
    await send({"type": "http.response.body", "body": body})


async def _begin(send: Send, status: int, *headers: tuple[bytes, bytes]) -> None:
    content_type = (b"content-type", b"application/json")
    await send({"type": "http.response.start", "status": status, "headers": [content_type, *headers]})
