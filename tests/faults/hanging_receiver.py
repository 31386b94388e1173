"""A real receiver that hangs on purpose and sees when the sender gives up."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class HangingReceiver:
    """Answers all but the first request for number three of each subject; that one until its sender hangs up.

    ``seen`` holds in one order what came and which senders hung up: (what, subject, number).
    """

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, int]] = []
        lock = threading.Lock()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                event = json.loads(self.rfile.read(int(self.headers["content-length"])))
                came = ("came", event["subject"], event["data"]["number"])
                with lock:
                    receiver.seen.append(came)
                    hangs = came[2] == 3 and receiver.seen.count(came) == 1
                if hangs:
                    assert self.connection.recv(1) == b""
                    with lock:
                        receiver.seen.append(("gone", *came[1:]))
                    self.close_connection = True
                    return
                self.send_response(200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def of(self, subject: str) -> list[tuple[str, int]]:
        return [(what, number) for what, each, number in self.seen if each == subject]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
