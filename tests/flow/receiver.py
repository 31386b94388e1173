"""A real HTTP receiver whose answers a test decides, path by path."""

import ssl
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True, slots=True)
class Received:
    """One request as it came in; ``at`` is in seconds since 1970, ``client`` the name in a client certificate."""

    at: float
    path: str
    headers: dict[str, str]
    body: bytes
    client: str | None = None

    @property
    def webhook_id(self) -> str:
        return self.headers["webhook-id"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What the receiver answers, and how long it takes."""

    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b"ok"
    after_seconds: float = 0.0


#: Decides the answer from all requests for the same path and webhook-id so far, this one last.
Behaviour = Callable[[list[Received]], Reply]


class Receiver:
    """Listens on a free port of the loopback interface, with TLS where it is given some."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self._scheme = "http" if tls is None else "https"
        self._lock = threading.Lock()
        self._received: list[Received] = []
        self._behaviours: dict[str, Behaviour | Reply] = {}
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                client = _common_name(self.connection) if isinstance(self.connection, ssl.SSLSocket) else None
                reply = receiver._take(Received(time.time(), self.path, headers, body, client))
                if reply.after_seconds:
                    receiver._closing.wait(reply.after_seconds)
                self.send_response(reply.status)
                for name, value in (*reply.headers, ("Content-Length", str(len(reply.body)))):
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(reply.body)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        class Server(ThreadingHTTPServer):
            request_queue_size = 512
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """A killed sender closes its connections; that is what some tests are about."""

        self._closing = threading.Event()
        self._server = Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            # Shaken hands on in the connection's own thread: one that hangs holds up nobody.
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    def answer(self, path: str, behaviour: Behaviour | Reply) -> None:
        """Set what ``path``, whatever its query, answers from now on; without this it is 200."""
        with self._lock:
            self._behaviours[path] = behaviour

    def requests(self, path: str) -> list[Received]:
        with self._lock:
            return [each for each in self._received if each.path == path]

    def _take(self, request: Received) -> Reply:
        with self._lock:
            self._received.append(request)
            same = [
                each
                for each in self._received
                if each.path == request.path and each.headers.get("webhook-id") == request.headers.get("webhook-id")
            ]
            behaviour = self._behaviours.get(request.path.partition("?")[0], Reply())
        return behaviour if isinstance(behaviour, Reply) else behaviour(same)

    def close(self) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


def _common_name(connection: ssl.SSLSocket) -> str | None:
    certificate: Any = connection.getpeercert() or {}
    names = [value for part in certificate.get("subject", ()) for name, value in part if name == "commonName"]
    return next(iter(names), None)
