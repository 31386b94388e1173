"""ingest as a process: how it refuses to start and how it ends."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.component.ingest.conftest import CHECKOUT, StartIngest

EVENT = {"specversion": "1.0", "source": "/s", "type": "a.b"}


def test_bad_settings_end_it_with_every_fault_in_one_list(tmp_path: Path) -> None:
    keys = tmp_path / "keys"
    keys.write_text("k1:not-a-key")
    ended = subprocess.run(
        [sys.executable, "-m", "services.ingest"],
        cwd=CHECKOUT,
        env={
            "PATH": os.environ["PATH"],
            "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
            "HOOKFLEET_API_KEY": "too-short",
            "HOOKFLEET_ORGANIZATION": "Not One",
            "HOOKFLEET_SEALING_KEY_FILE": str(keys),
            "HOOKFLEET_QUOTA_BURST_EVENTS": "100",
        },
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2
    assert ended.stderr.startswith("4 fault(s)")
    for variable in ("API_KEY", "ORGANIZATION", "SEALING_KEY_FILE", "QUOTA_BURST_EVENTS"):
        assert f"HOOKFLEET_{variable} (" in ended.stderr
    assert "too-short" not in ended.stderr
    assert "not-a-key" not in ended.stderr


def test_requests_under_way_are_answered_before_it_ends(
    start_ingest: StartIngest, kafka_bootstrap: str, topic_prefix: str
) -> None:
    with start_ingest(kafka_bootstrap, topic_prefix) as ingest, ThreadPoolExecutor(8) as pool:
        batch = [{**EVENT, "id": str(number), "data": "x" * 4_000} for number in range(500)]
        asked = [pool.submit(ingest.http.post, "/v1/events", json=batch) for _ in range(8)]
        asked[0].result()
        ingest.process.terminate()
        statuses = [each.result().status_code for each in asked if each.exception() is None]
        assert set(statuses) == {202}
        assert ingest.process.wait(timeout=10) == 0
