"""The stages from poll to commit that can be timed alone, in the order in which a delivery passes them.

Sums and parts stand side by side: what is indented is part of the line above it and not to be added.
"""

import base64
import logging
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any, TypeVar

from bench.stages import delivery
from services.dispatcher.conditions import Conditions
from services.dispatcher.core.classification import Succeeded
from services.dispatcher.core.exchange import Answer, Request
from services.dispatcher.core.match_documents import match_record, request_headers
from services.dispatcher.core.matching import match
from services.dispatcher.core.retry_policy import GiveUp
from services.dispatcher.core.run_records import Attempted, Terms, records_of_attempt
from services.dispatcher.core.signing import signed_headers, signing_key
from services.dispatcher.delivery_records import read_request
from shared.adapters.clock import now_ms, rfc3339
from shared.adapters.json_logs import log
from shared.adapters.kafka_clients import read
from shared.adapters.sealing import Sealer
from shared.core.cloud_events import read_record
from shared.core.messages.run_log import Stage, StageName
from shared.core.offset_tracking import OffsetTracker

T = TypeVar("T")
#: Records a poll brings at most; the match stage works on so many at once.
_BATCH = 500
_CONDITIONS = Conditions()


@dataclass(frozen=True, slots=True)
class Timed:
    """One line of the table: ``call`` does the stage ``times`` over. ``part`` is contained in the line before it."""

    name: str
    call: Callable[[], object]
    part: bool = False
    times: int = 1


def finished(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that waits for nothing."""
    try:
        coroutine.send(None)
    except StopIteration as returned:
        found: T = returned.value
        return found
    raise RuntimeError("it waits for something, which would be timed as well")


def stages() -> list[Timed]:
    """Every stage, ready to be timed."""
    sealer = Sealer({"k1": bytes(32)})
    configuration = delivery.configuration(sealer)
    produced = delivery.Kept()
    handle = delivery.match_handler(configuration, produced)
    event_record = delivery.event_record()
    handle([event_record])
    to_send, matched_record = produced.records
    polled = SimpleNamespace(
        topic=to_send.topic,
        partition=1,
        offset=7,
        key=to_send.key,
        value=to_send.value,
        headers=to_send.headers,
        timestamp=now_ms(),
    )
    request_record = read(polled)
    request = read_request(request_record)
    body = request_record.value or b""
    event = read_record(event_record.headers, event_record.value)
    send = delivery.send_handler(configuration, sealer)
    out, _ = finished(send(request, body))
    matched = match(
        event, configuration, _CONDITIONS.evaluator(event), config_offset=4, accepted_ms=now_ms(), now_ms=now_ms()
    )
    keys = [signing_key("whsec_" + "QUFB" * 8)]
    attempted = _attempted(body, keys)
    terms = Terms(epoch=0, failure_limit=20, minimum_failing_ms=0)
    batch = [event_record] * _BATCH
    return [
        Timed("match stage, an event in a batch of 500", lambda: handle(batch), times=_BATCH),
        Timed("read the event", lambda: read_record(event_record.headers, event_record.value), part=True),
        Timed("match it", lambda: _match(event, configuration), part=True),
        Timed("condition alone", lambda: _CONDITIONS.evaluator(event)("data.new.amount > 100"), part=True),
        Timed("delivery request to headers", lambda: request_headers(matched, matched.runs[0]), part=True),
        Timed("match record to bytes", lambda: match_record(matched), part=True),
        Timed("polled record to ours", lambda: read(polled)),
        Timed("track, finish and commit point, a record in 500", _track, times=_BATCH),
        Timed("read the delivery request", lambda: read_request(request_record)),
        Timed("send stage's work, instant answer", lambda: finished(send(request, body))),
        Timed("sign", lambda: signed_headers(request.webhook_id, 1_769_860_800, body, keys), part=True),
        Timed(
            "attempt record and outcome",
            lambda: records_of_attempt(request, body, attempted, terms, delivery.TOPICS, "2026-01-31T12:00:00.250Z"),
            part=True,
        ),
        Timed("time as RFC 3339", lambda: rfc3339(1_769_860_800_250), part=True),
        Timed("log line", lambda: _log_line(request.run_id)),
        Timed("sizes of the records produced", lambda: [each.size for each in (to_send, matched_record, *out)]),
    ]


def _match(event: Any, configuration: Any) -> object:
    return match(event, configuration, _CONDITIONS.evaluator(event), config_offset=4, accepted_ms=1, now_ms=2)


def _track() -> None:
    tracker = OffsetTracker(0)
    for offset in range(_BATCH):
        tracker.start(offset)
    for offset in range(_BATCH):
        tracker.finish(offset)
    tracker.is_full()
    tracker.commit_point()


def _log_line(run_id: str) -> None:
    log(
        logging.getLogger("hookfleet.send"),
        logging.INFO,
        "delivery",
        organization=delivery.ORGANIZATION,
        run_id=run_id,
        integration_id="bills-to-chat",
        attempt=1,
        step=0,
        led_to=["run-log", "integration-events"],
    )


def _attempted(body: bytes, keys: list[bytes]) -> Attempted:
    started_ms = now_ms()
    request = Request(
        url="http://127.0.0.1:8080/hooks",
        headers=[
            ("X-Team", "billing"),
            ("content-type", "application/cloudevents+json"),
            ("user-agent", "Hookfleet"),
            *signed_headers("0193a2f4-8c1e-7b52-9d0a-3f6b8e2c7a41", started_ms // 1000, body, keys),
        ],
        body=body,
        timeout_seconds=15.0,
    )
    answer = Answer(200, (("content-length", "0"), ("server", "bench")), b"", False)
    stages = (
        Stage(name=StageName.AUTHENTICATE, started_ms=started_ms, duration_ms=0, ok=True),
        Stage(name=StageName.PERFORM, started_ms=started_ms, duration_ms=2, ok=True),
    )
    secrets = tuple(base64.b64encode(key).decode() for key in keys)
    return Attempted(request, answer, Succeeded(), GiveUp(), stages, started_ms, started_ms + 2, secrets)
