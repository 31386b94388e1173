"""Requests handed to an HTTP API as fast as it takes them, over a fixed number of connections kept open.

The standard library's client in threads: feeding costs this process CPU that is nobody's figure, and both APIs are fed
by the same code. What an API cannot take just now (429, 503) is offered again, since being slow is not being wrong.
"""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

_BUSY = (429, 503)
_BUSY_WAIT_SECONDS = 0.05
_TIMEOUT_SECONDS = 30.0
_GIVE_UP_SECONDS = 60.0


class Refused(Exception):
    """The API refused a request for good."""


def post_all(port: int, path: str, headers: Mapping[str, str], bodies: Sequence[bytes], *, connections: int) -> None:
    """POST every body to a port of the loopback interface. Returns when all are accepted.

    Raises Refused when one is not, or when the API has been busy for a minute.
    """
    left = iter(bodies)
    taking = threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_TIMEOUT_SECONDS)
        try:
            while True:
                with taking:
                    body = next(left, None)
                if body is None:
                    return
                _post(connection, path, headers, body)
        finally:
            connection.close()

    with ThreadPoolExecutor(max_workers=connections, thread_name_prefix="feeder") as pool:
        for future in [pool.submit(work) for _ in range(connections)]:
            future.result()


def _post(connection: http.client.HTTPConnection, path: str, headers: Mapping[str, str], body: bytes) -> None:
    deadline = time.monotonic() + _GIVE_UP_SECONDS
    while True:
        connection.request("POST", path, body, dict(headers))
        response = connection.getresponse()
        said = response.read()
        if response.status < 300:
            return
        if response.status not in _BUSY or time.monotonic() > deadline:
            raise Refused(f"{path} answered {response.status}: {said[:300]!r}")
        time.sleep(_BUSY_WAIT_SECONDS)
