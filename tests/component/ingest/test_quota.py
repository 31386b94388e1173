"""An ingest with a quota: what its clients are told, and what then stands on the topic."""

import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from shared.adapters.kafka_clients import partitions_of, table_consumer
from shared.adapters.settings import ServiceSettings
from tests.component.ingest.api_calls import BATCH, event, post, problem
from tests.component.ingest.conftest import API_KEY, IngestProcess, StartIngest
from tests.waiting import wait_for

PER_SECOND, BURST = 20, 10


@pytest.fixture
def limited(start_ingest: StartIngest, settings: ServiceSettings) -> Iterator[IngestProcess]:
    with start_ingest(
        settings.kafka_bootstrap_servers,
        settings.topic_prefix,
        HOOKFLEET_QUOTA_EVENTS_PER_SECOND=str(PER_SECOND),
        HOOKFLEET_QUOTA_BURST_EVENTS=str(BURST),
    ) as running:
        yield running


def batch(size: int) -> list[dict[str, object]]:
    return [event(str(number)) for number in range(size)]


def standing(settings: ServiceSettings) -> int:
    """How many events stand on the topic."""
    topic = settings.topics().system_events
    consumer = table_consumer(settings)
    ends = consumer.end_offsets(partitions_of(topic.name, topic.partitions))
    consumer.close()
    return sum(ends.values())


def refusals(http: httpx.Client) -> float:
    (line,) = [
        line for line in http.get("/metrics").text.splitlines() if line.startswith("hookfleet_quota_refusals_total ")
    ]
    return float(line.split()[1])


def test_beyond_the_quota_a_sender_is_told_when_to_come_back_and_nothing_is_produced(
    limited: IngestProcess, settings: ServiceSettings
) -> None:
    # Larger than the burst: taken whole, and 100 - 10 events of debt are 4.5 s.
    assert post(limited.http, batch(100), BATCH).status_code == 202
    response = post(limited.http, event("next"))
    assert problem(response, 429) == ["(request)"]
    assert 1 <= int(response.headers["retry-after"]) <= 5
    document = response.json()
    assert document["type"] == "urn:hookfleet:problem:over-quota"
    assert "20 events per second" in document["detail"]
    assert "HOOKFLEET_QUOTA_EVENTS_PER_SECOND" in document["errors"][0]["fix"]
    assert refusals(limited.http) == 1
    assert standing(settings) == 100

    wait_for(lambda: post(limited.http, event("next")).status_code == 202, "the debt is paid")
    assert standing(settings) == 101


def test_whatever_is_sent_no_more_than_the_quota_stands_on_the_topic(
    limited: IngestProcess, settings: ServiceSettings
) -> None:
    largest = 7
    began = time.monotonic()
    accepted = refused = 0
    while accepted < 100:
        size = 1 + (accepted + refused) % largest
        match post(limited.http, batch(size), BATCH).status_code:
            case 202:
                accepted += size
            case status:
                assert status == 429
                refused += 1
    assert accepted <= PER_SECOND * (time.monotonic() - began) + BURST + largest
    assert refusals(limited.http) == refused > 0
    assert standing(settings) == accepted


def test_an_upload_beyond_the_quota_is_refused_before_its_body_is_read(limited: IngestProcess) -> None:
    assert post(limited.http, batch(200), BATCH).status_code == 202
    with socket.create_connection((limited.http.base_url.host, limited.http.base_url.port or 80), timeout=5) as client:
        head = f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {API_KEY}\r\n"
        client.sendall(f"{head}Content-Type: {BATCH}\r\nContent-Length: 8000000\r\n\r\n".encode())
        assert client.recv(100).startswith(b"HTTP/1.1 429 ")


def test_configuration_has_no_part_in_the_quota_of_events(limited: IngestProcess, name: str) -> None:
    assert post(limited.http, batch(200), BATCH).status_code == 202
    webhook = {"name": "W", "url": "https://example.com/"}
    assert limited.http.put(f"/v1/webhooks/{name}", json=webhook).status_code == 201
    assert post(limited.http, event("next")).status_code == 429
