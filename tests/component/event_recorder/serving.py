"""The query API listening on a free port, as the process serves it."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from fastapi import APIRouter

from services.event_recorder.database import reading_engine
from services.event_recorder.http_api.application import create_app
from services.event_recorder.http_listener import HttpListener
from services.event_recorder.queries.reader import Reader
from shared.adapters.health import Health
from tests.component.event_recorder.described import check_answer
from tests.unit.event_recorder.records import ORGANIZATION, START_MS
from tests.waiting import wait_for

API_KEY = "a-key-of-sixteen-characters"
#: When requests are answered: an hour after everything in `records`.
NOW_MS = START_MS + 3_600_000


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def answers(port: int) -> bool:
    with socket.socket() as asking:
        return asking.connect_ex(("127.0.0.1", port)) == 0


@contextmanager
def serving(database_url: str, acts: Callable[[Reader], Iterable[APIRouter]] = lambda _: ()) -> Iterator[httpx.Client]:
    """A client with the key of an API over the database; ``acts`` gives the routes that change something."""
    engine, port, stop = reading_engine(database_url), free_port(), threading.Event()
    health = Health()
    health.add("database", lambda: None)
    reader = Reader(engine, ORGANIZATION)
    app = create_app(reader, health, API_KEY, lambda: NOW_MS, acts(reader))
    listener = HttpListener(app, "127.0.0.1", port, grace_seconds=1.0)
    thread = threading.Thread(target=listener.run, args=(stop,))
    thread.start()
    try:
        wait_for(lambda: answers(port), "the API listens")
        headers = {"Authorization": f"Bearer {API_KEY}"}
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as client:
            yield client
    finally:
        stop.set()
        thread.join()
        engine.dispose()


def got(api: httpx.Client, path: str, **parameters: object) -> Any:
    """The document at ``path``, which is as the OpenAPI document says."""
    answer = api.get(path, params={name: str(value) for name, value in parameters.items()})
    assert answer.status_code == 200, answer.text
    check_answer(answer)
    return answer.json()


def refused(api: httpx.Client, path: str, status: int) -> Any:
    """The problem document at ``path``, which is as the OpenAPI document says."""
    answer = api.get(path)
    assert answer.status_code == status, answer.text
    check_answer(answer)
    problem = answer.json()
    assert problem["status"] == status
    return problem
