"""A small HTTP server for ``/healthz``, ``/readyz`` and ``/metrics``, for services that serve nothing else.

The standard library's server is enough for a probe and a scrape; services with an API of their own mount the same three
answers there.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson

from shared.adapters import metrics
from shared.adapters.health import Health


class HealthServer:
    """Listens from construction on; serves until :meth:`close`."""

    def __init__(self, host: str, port: int, health: Health) -> None:
        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                content_type = "application/json"
                match self.path:
                    case "/healthz":
                        status, document = health.healthz()
                        body = orjson.dumps(document)
                    case "/readyz":
                        status, document = health.readyz()
                        body = orjson.dumps(document)
                    case "/metrics":
                        status = 200
                        body, content_type = metrics.render(self.headers.get("Accept"))
                    case _:
                        status, body = 404, b'{"title":"Not Found","status":404}'
                self.send_response(status)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: object) -> None:
                """Probes are not worth a log line each."""

        self._server = ThreadingHTTPServer((host, port), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, name="health-server", daemon=True).start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
