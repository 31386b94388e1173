"""The gateway between real sockets: what passes through, and what it says when a service is away."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest

from deploy.local.broker.ports import draw_port
from deploy.local.fleet import probe
from deploy.local.fleet.python_child import start_module
from tests.waiting import wait_for


class Upstream:
    """A service that says what it was asked, or, when ``broken``, takes a request and hangs up."""

    def __init__(self) -> None:
        upstream = self
        self.asked: list[tuple[str, str, str | None, bytes]] = []
        self.broken = False

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle_one_request(self) -> None:
                self.raw_requestline = self.rfile.readline()
                if not self.raw_requestline or not self.parse_request():
                    self.close_connection = True
                    return
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                upstream.asked.append((self.command, self.path, self.headers.get("Authorization"), body))
                if upstream.broken:
                    self.close_connection = True
                    return
                self.send_response(207)
                self.send_header("ETag", '"7"')
                self.send_header("Content-Length", "3")
                self.end_headers()
                self.wfile.write(b"yes")

            def log_message(self, format: str, *args: object) -> None:
                """Quiet."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def ingest() -> Iterator[Upstream]:
    upstream = Upstream()
    yield upstream
    upstream.close()


@pytest.fixture
def gateway(ingest: Upstream, tmp_path: Path) -> Iterator[httpx.Client]:
    """Two ingests of which one is dead, and an event_recorder that is away."""
    port = draw_port()
    env = {
        **os.environ,
        "HOOKFLEET_LISTEN_PORT": str(port),
        "HOOKFLEET_INGEST_URLS": f"http://127.0.0.1:{draw_port()},{ingest.url}",
        "HOOKFLEET_EVENT_RECORDER_URLS": f"http://127.0.0.1:{draw_port()}",
    }
    process = start_module("deploy.local.gateway", env=env, output=tmp_path / "gateway.log")
    try:
        wait_for(lambda: probe.is_ready(port), "the gateway", 20.0)
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            yield client
    finally:
        process.kill()
        process.wait()


def test_a_request_and_its_answer_pass_through_whole_and_a_dead_process_is_skipped(
    gateway: httpx.Client, ingest: Upstream
) -> None:
    for _ in range(4):
        answer = gateway.put("/v1/webhooks/a%2Fb?x=1&y=%20", content=b"{}", headers={"Authorization": "Bearer k"})
        assert (answer.status_code, answer.headers["etag"], answer.content) == (207, '"7"', b"yes")
    assert ingest.asked == [("PUT", "/v1/webhooks/a%2Fb?x=1&y=%20", "Bearer k", b"{}")] * 4


def test_a_service_that_is_away_is_a_problem_that_invites_to_try_again(gateway: httpx.Client) -> None:
    answer = gateway.get("/v1/runs")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
    assert answer.headers["content-type"] == "application/problem+json"
    assert "event_recorder is not running" in answer.json()["detail"]


def test_a_request_whose_answer_was_lost_is_not_sent_twice(gateway: httpx.Client, ingest: Upstream) -> None:
    ingest.broken = True
    answers = [gateway.post("/v1/events", content=b"{}") for _ in range(4)]
    assert {answer.status_code for answer in answers} == {502}
    assert len(ingest.asked) == 4


def test_a_path_of_nobody_is_a_problem_and_the_front_page_says_what_there_is(gateway: httpx.Client) -> None:
    assert gateway.get("/nothing/here").json()["status"] == 404
    page = gateway.get("/")
    assert page.headers["content-type"].startswith("text/html")
    assert "/v1/events" in page.text


def test_a_body_beyond_the_limit_is_refused_before_a_service_sees_it(gateway: httpx.Client, ingest: Upstream) -> None:
    answer = gateway.post("/v1/events", content=b"x" * (9 * 1024 * 1024 + 1))
    assert answer.status_code == 413
    assert ingest.asked == []
