"""A broker that is away: clients are told to come back, nothing is lost, and it goes on when the broker does."""

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx

from deploy.local.broker import start_broker
from tests.component.ingest.conftest import StartIngest
from tests.waiting import wait_for

EVENT = {"specversion": "1.0", "id": "1", "source": "/s", "type": "a.b"}
WEBHOOK = {"name": "W", "url": "https://example.com/"}


def send(http: httpx.Client) -> httpx.Response:
    return http.post("/v1/events", json=EVENT)


def configure(http: httpx.Client, name: str) -> httpx.Response:
    return http.put(f"/v1/webhooks/{name}", json=WEBHOOK)


def test_clients_are_told_to_come_back_while_the_broker_is_away(start_ingest: StartIngest, tmp_path: Path) -> None:
    with start_broker(tmp_path) as broker, start_ingest(broker.bootstrap, "outage.") as ingest:
        http = ingest.http
        assert send(http).status_code == 202
        assert configure(http, "before").status_code == 201

        os.kill(broker.pid, signal.SIGSTOP)
        try:
            with ThreadPoolExecutor(3) as pool:
                asked = [pool.submit(send, http), pool.submit(configure, http, "during")]
                refused = [each.result() for each in asked]
            not_ready = http.get("/readyz")
            healthy = http.get("/healthz")
        finally:
            os.kill(broker.pid, signal.SIGCONT)

        for response in refused:
            assert response.status_code == 503, response.text
            assert int(response.headers["retry-after"]) > 0
            assert response.headers["content-type"] == "application/problem+json"
            assert response.elapsed.total_seconds() < 8
        assert not_ready.status_code == 503
        assert "brokers" in not_ready.json()["waiting"]
        assert healthy.status_code == 200

        wait_for(lambda: send(http).status_code == 202, "events are accepted again")
        wait_for(lambda: configure(http, "after").status_code in (200, 201), "configuration is written again")
        assert http.get("/readyz").status_code == 200
        assert ingest.process.poll() is None
        ingest.process.terminate()
        assert ingest.process.wait(timeout=10) == 0
