"""The documents that the send stage writes, against the models that read them."""

import base64

import pytest

from services.dispatcher.core.classification import classify
from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Request, Result
from services.dispatcher.core.retry_policy import GiveUp, Next, RetryAt, TimeUp
from services.dispatcher.core.run_documents import body_document
from services.dispatcher.core.run_records import Attempted, Terms, records_of_attempt, records_of_skip
from shared.core.messages.delivery import AttemptSummary, DeliveryRequest, Trigger
from shared.core.messages.integration_events import RunStatus, decode_integration_event
from shared.core.messages.run_log import Stage, StageName, decode_run_log
from shared.core.records import OutRecord
from shared.core.topics import topics
from tests.unit.dispatcher import samples

TOPICS = topics("", 6)
TERMS = Terms(epoch=3, failure_limit=20, minimum_failing_ms=60_000)
TIME = "2030-01-31T12:00:00.000Z"
PLAIN = samples.request()
FULL = samples.request(
    event={"source": "b/ü", "id": 'e"1', "type": "a.b", "subject": "bill/7", "time": TIME},
    trigger=Trigger.EVENT,
    origin_run_id="run-0",
    chain=("one", "two"),
    step=4,
    attempts=(AttemptSummary(number=1, started_ms=1, duration_ms=2, code="read.timeout"),),
    first_sent_ms=1,
    waited_ms=5,
    epoch=2,
    traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    tracestate="a=1",
)
STAGES = (
    Stage(name=StageName.AUTHENTICATE, started_ms=1, duration_ms=0, ok=True),
    Stage(name=StageName.PERFORM, started_ms=1, duration_ms=2, ok=False, reason="the receiver answered 500"),
)


def attempted(result: Result, following: Next, body: bytes) -> Attempted:
    sent = Request("https://example.com/hooks", [("authorization", "s3cret"), ("a", "b")], body, 15.0)
    return Attempted(sent, result, classify(result), following, STAGES, 10_000, 10_250)


def check(records: list[OutRecord]) -> None:
    """Each record holds what its model writes of it, byte for byte."""
    for record in records:
        value = record.value or b""
        if record.topic == TOPICS.run_log.name:
            assert decode_run_log(value).encode() == value
        else:
            event = decode_integration_event(value)
            assert (event.encode(), event.headers(), event.key) == (value, record.headers, record.key)


@pytest.mark.parametrize("body", [b'{"id":"e1"}', 'grün "\\'.encode(), b"\xff\x00"])
@pytest.mark.parametrize("request_", [PLAIN, FULL])
@pytest.mark.parametrize("following", [GiveUp(), TimeUp(), RetryAt(14_250)])
@pytest.mark.parametrize(
    "result",
    [
        Answer(200, (("Set-Cookie", "s3cret"), ("x", "y")), b"thanks", False),
        Answer(410, (), b"\xff", True),
        NetworkFailure("read.timeout"),
        CannotSend("request.invalid"),
    ],
)
def test_what_an_attempt_writes_is_what_its_models_would_write(
    result: Result, following: Next, request_: DeliveryRequest, body: bytes
) -> None:
    check(records_of_attempt(request_, body, attempted(result, following, body), TERMS, TOPICS, TIME).records)


@pytest.mark.parametrize("request_", [PLAIN, FULL])
def test_what_a_skip_writes_is_what_its_models_would_write(request_: DeliveryRequest) -> None:
    check(records_of_skip(request_, b"\xff", RunStatus.DISABLED, "The reason.", 5_000, TERMS, TOPICS, TIME))


def test_a_body_is_kept_as_text_where_it_is_text_and_else_as_base64() -> None:
    assert body_document("grün".encode())["text"] == "grün"
    binary = {"base64": base64.b64encode(b"\xff\x00").decode(), "size": 2, "truncated": True}
    assert body_document(b"\xff\x00", truncated=True) == binary
    assert body_document(b"") == {"text": "", "size": 0, "truncated": False}
