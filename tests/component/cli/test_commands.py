"""The commands as people use them, against a running fleet: what they print, and what they exit with."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.receivers.core.behaviour import Behaviour
from deploy.local.receivers.receiver_process import ReceiverProcess
from tests.component.cli.shop import CONFIGURATION, Shop


def test_a_secret_is_shown_once_and_applying_again_changes_nothing(shop: Shop) -> None:
    first, second = shop.apply(), shop.apply()
    assert (first.exit_code, second.exit_code) == (0, 0)
    assert "4 created" in first.output
    assert "4 unchanged" in second.output
    assert first.output.count("whsec_") == 1
    assert "whsec_" not in second.output


def test_an_event_is_delivered_signed_and_its_trace_shows_the_attempt(shop: Shop) -> None:
    applied = shop.apply().output
    secret = next(word for word in applied.split() if word.startswith("whsec_"))
    log = shop.folder / "requests.jsonl"
    receiver = ReceiverProcess(Behaviour.HEALTHY, shop.port, log, dict(os.environ), secret)
    try:
        receiver.wait_until_ready()
        event_id = shop.send('{"amount": 120}')
        trace = shop.run("events", "trace", event_id, "--watch")
    finally:
        receiver.stop()
    assert trace.exit_code == 0
    for said in (shop.event_type, f"rule {shop.name} fired", "COMPLETED", "attempt 1", "HTTP 200"):
        assert said in trace.output


def test_a_trace_says_why_a_rule_did_not_fire(shop: Shop) -> None:
    shop.apply()
    event_id = shop.send('{"sum": 120}')
    trace = shop.run("events", "trace", event_id, "--watch")
    assert "matched nothing" in trace.output
    assert f"rule {shop.name} could not be evaluated" in trace.output
    assert "amount" in trace.output


def test_a_fault_that_only_the_server_sees_names_file_document_and_field(shop: Shop) -> None:
    refused = shop.apply(CONFIGURATION.replace("data.amount > 100", "data.amount >"))
    assert refused.exit_code == 1
    assert f"shop.yaml, document 3 (notification-rule {shop.name}): spec.condition" in refused.stderr
    missing = shop.apply(CONFIGURATION.replace("webhook: {name}}}", "webhook: nowhere}}"))
    assert missing.exit_code == 1
    assert f"shop.yaml, document 4 (integration {shop.name}): spec.webhook" in missing.stderr


def test_of_many_events_the_good_ones_are_accepted_and_the_bad_one_is_named(shop: Shop) -> None:
    events = [{"type": shop.event_type, "data": {"amount": 1}} for _ in range(450)]
    events[333] = {"type": "no type", "id": "the-bad-one"}
    lines = "\n".join(json.dumps(event) for event in events)
    sent = shop.run("events", "send", "--file", "-", "--json", stdin=lines)
    document = json.loads(sent.stdout)
    assert sent.exit_code == 1
    assert (document["accepted"], document["refused"]) == (449, 1)
    [bad] = [event for event in document["events"] if event["status"] == "refused"]
    assert bad["id"] == "the-bad-one"
    assert [error["field"] for error in bad["errors"]] == ["type"]


def test_when_every_event_is_refused_each_has_its_own_faults(shop: Shop) -> None:
    lines = '{"type": "no type", "id": "a"}\n{"type": "fine", "id": ""}'
    sent = shop.run("events", "send", "--file", "-", "--json", stdin=lines)
    fields = [[error["field"] for error in event["errors"]] for event in json.loads(sent.stdout)["events"]]
    assert (sent.exit_code, fields) == (1, [["type"], ["id"]])


def test_enabling_tells_the_state_and_an_unknown_integration_is_refused(shop: Shop) -> None:
    shop.apply()
    enabled = shop.run("integrations", "enable", shop.name)
    assert (enabled.exit_code, f"{shop.name} is enabled" in enabled.output) == (0, True)
    unknown = shop.run("integrations", "enable", "nobody")
    assert (unknown.exit_code, "(404)" in unknown.stderr) == (1, True)


def test_a_secret_is_rotated_verified_by_the_snippet_and_retired(shop: Shop) -> None:
    shop.apply()
    credential = f"{shop.name}-signature"
    rotated = shop.run("credentials", "rotate", credential)
    assert (rotated.exit_code, rotated.output.count("whsec_")) == (0, 1)
    assert f"2 secrets sign now. When every receiver has the new one: hookfleet credentials retire {credential}" in (
        rotated.output
    )
    for language, begins in (("python", "def verify(secret"), ("javascript", "export function verify(secret")):
        assert begins in shop.run("credentials", "snippet", credential, "--language", language).stdout
    assert "use python or javascript" in shop.run("credentials", "snippet", credential, "-l", "cobol").stderr
    assert shop.run("credentials", "retire", credential).exit_code == 0
    sealed = json.loads(shop.run("credentials", "reseal", "--json").stdout)
    assert (sealed["sealed_anew"], sealed["unopenable"]) == (0, [])
    unknown = shop.run("credentials", "rotate", "nobody")
    assert (unknown.exit_code, "(404)" in unknown.stderr) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--api-key", "some other key"), "(401)"),
        (("--api-key", ""), "no API key"),
        (("--url", "http://127.0.0.1:1"), "does not answer"),
        (("--url", "nonsense"), "does not answer"),
    ],
)
def test_what_stands_in_the_way_is_said_in_words(shop: Shop, arguments: tuple[str, ...], said: str) -> None:
    asked = shop.run("events", "trace", "any", *arguments)
    assert asked.exit_code == 1
    assert said in asked.stderr


def test_a_cluster_that_is_not_there_is_named_and_nothing_is_left_behind(tmp_path: Path) -> None:
    env = {**os.environ, "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1", "TMPDIR": str(tmp_path)}
    command = [sys.executable, "-c", "from deploy.cli.main import app; app()", "demo"]
    demo = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
    assert demo.returncode == 1
    assert "no broker of KAFKA_BOOTSTRAP_SERVERS takes a connection (127.0.0.1:1:" in demo.stderr
    assert "Traceback" not in demo.stderr
    assert list(tmp_path.iterdir()) == []
