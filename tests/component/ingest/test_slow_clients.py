"""Slow clients on real connections: each is given up in time, and the others are told to come back meanwhile."""

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI, Response

from services.ingest.http_api import problems
from services.ingest.http_api.request_bodies import RequestBodies
from services.ingest.http_api.request_limit import RequestLimit
from services.ingest.http_server import HttpServer
from shared.core.problem_documents import MEDIA_TYPE
from tests.waiting import wait_for


@contextmanager
def serving(*, requests: int = 10, seconds: float = 60, silent_seconds: float = 60) -> Iterator[HttpServer]:
    app = FastAPI()
    problems.install(app)
    app.add_middleware(RequestLimit, at_once=requests)
    bodies = RequestBodies(at_once=1_000_000, seconds=seconds)

    @app.post("/refuse")
    async def refuse() -> Response:
        return Response("no", 403)

    @app.post("/")
    async def length(raw: Annotated[bytes, Depends(bodies.up_to(1_000_000))]) -> Response:
        return Response(str(len(raw)))

    server = HttpServer(app, "127.0.0.1", 0, drain_seconds=1, silent_seconds=silent_seconds)
    stop = threading.Event()
    thread = threading.Thread(target=server.run, args=(stop,))
    thread.start()
    try:
        yield server
    finally:
        stop.set()
        thread.join()


def begin(server: HttpServer) -> socket.socket:
    """A connection whose request has begun and whose body does not come."""
    client = socket.create_connection(("127.0.0.1", server.port), timeout=10)
    client.sendall(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx")
    return client


def everything(client: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    said = b""
    while chunk := client.recv(10_000):
        said += chunk
    return said


def test_a_client_whose_body_does_not_come_is_told_so_and_its_connection_ends() -> None:
    with serving(seconds=0.1) as server, begin(server) as slow:
        said = everything(slow)
    assert said.startswith(b"HTTP/1.1 408 ")
    assert MEDIA_TYPE.encode() in said


def test_when_slow_clients_have_taken_every_place_others_are_told_to_come_back_and_then_served() -> None:
    with serving(requests=3, seconds=1) as server:
        slow = [begin(server) for _ in range(3)]
        base_url = f"http://127.0.0.1:{server.port}"
        with httpx.Client(base_url=base_url, trust_env=False, timeout=10) as http:
            answers: list[httpx.Response] = []

            def answered(status: int) -> bool:
                answers.append(http.post("/", content=b"quick"))
                return answers[-1].status_code == status

            wait_for(lambda: answered(503), "every place is taken")
            assert answers[-1].headers["retry-after"] == "1"
            assert answers[-1].headers["content-type"] == MEDIA_TYPE
            wait_for(lambda: answered(200), "there is room again")
        for client in slow:
            assert everything(client).startswith(b"HTTP/1.1 408 ")
            client.close()


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Le",
        # Answered at once, and then the body does not come.
        b"POST /refuse HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nx",
    ],
)
def test_a_connection_on_which_nothing_is_asked_is_ended(sent: bytes) -> None:
    with (
        serving(silent_seconds=0.2) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
    ):
        client.sendall(sent)
        with suppress(ConnectionResetError):
            everything(client)
        # It has ended, and not for one side only.
        with pytest.raises((ConnectionResetError, BrokenPipeError)):  # noqa: PT012 - the first bytes may still leave
            while True:
                client.sendall(b"x")


def test_a_body_may_take_longer_than_a_connection_may_be_silent() -> None:
    with serving(seconds=60, silent_seconds=0.1) as server:
        began = time.monotonic()

        def body() -> Iterator[bytes]:
            while time.monotonic() - began < 0.5:
                yield b"x"

        with httpx.Client(trust_env=False, timeout=10) as http:
            assert http.post(f"http://127.0.0.1:{server.port}/", content=body()).status_code == 200


def test_requests_sent_ahead_are_all_answered() -> None:
    request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"
    with (
        serving(silent_seconds=0.5) as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=10) as client,
    ):
        client.sendall(request * 5)
        assert everything(client).count(b"HTTP/1.1 200 ") == 5
