"""A stand-in for an accounting system's API: it judges bills as such systems do, and keeps those it books."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

KEY = "ledger-key-for-tests"


class BillingApi:
    """``POST /v1/debtors/{debtor}/invoices``: 201 and ``booked``; 401 without the key, 404 for unknown debtors, 422 for
    incomplete bills, 200 and ``rejected`` for a bill of nothing. ``down`` makes it answer 503."""

    def __init__(self, debtors: set[str]) -> None:
        self.booked: list[dict[str, Any]] = []
        self.requests: list[tuple[str, dict[str, str], bytes]] = []
        self.down = False
        api = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                api.requests.append((self.path, headers, body))
                status, answer = api.judge(debtors, self.path, headers, body)
                encoded = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(encoded)))
                self.end_headers()
                self.wfile.write(encoded)

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/ledger"

    def judge(self, debtors: set[str], path: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, Any]]:
        if self.down:
            return 503, {"error": "down for repairs"}
        if headers.get("authorization") != f"Bearer {KEY}":
            return 401, {"error": "no such key"}
        parts = urlsplit(path)
        match parts.path.split("/"):
            case ["", "ledger", "v1", "debtors", debtor, "invoices"] if debtor in debtors:
                pass
            case _:
                return 404, {"error": "no such debtor"}
        bill = json.loads(body)
        is_complete = headers["content-type"] == "application/json" and bill["number"] and bill["total"]["currency"]
        if not is_complete or not headers.get("idempotency-key"):
            return 422, {"error": "a bill has a number, a total with a currency and an idempotency key"}
        if bill["total"]["value"] == 0:
            return 200, {"status": "rejected", "why": "a bill of nothing"}
        self.booked.append({"debtor": debtor, "query": parts.query, **bill})
        return 201, {"status": "booked"}

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
