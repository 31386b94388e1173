"""What error events say of the event behind them, and what no record of an attempt may say."""

import base64
from urllib.parse import quote

import orjson
import pytest

from services.dispatcher.core.classification import classify
from services.dispatcher.core.deferral import OUT_OF_TIME
from services.dispatcher.core.exchange import Answer, CannotSend, NetworkFailure, Request, Result
from services.dispatcher.core.redaction import REDACTED
from services.dispatcher.core.retry_policy import GiveUp
from services.dispatcher.core.run_records import Attempted, Terms, records_of_attempt, records_of_skip
from shared.core.messages.integration_events import (
    MISSING_MAPPING_ERROR,
    CallerContext,
    Entity,
    ErrorDetail,
    IntegrationEvent,
    RunOutcome,
    RunStatus,
    decode_integration_event,
)
from shared.core.messages.run_log import AttemptRecord, Exchange, Stage, StageName, decode_run_log
from shared.core.records import OutRecord
from shared.core.topics import topics
from tests.unit.dispatcher import samples

TOPICS = topics("", 6)
TERMS = Terms(epoch=3, failure_limit=20, minimum_failing_ms=60_000)
TIME = "2030-01-31T12:00:00.000Z"
OK = Answer(200, (), b"thanks", False)
BUSY = Answer(503, (), b"", False)
TOKEN = "tok/en+f0r=the~receiver"
ACTED = {"user": {"id": 7, "email": "a@example.com"}, "company": {"id": "c-1", "name": "ACME"}, "application": "app"}
EVENT = orjson.dumps({"type": "billing.bill.created", "subject": "bill/42", "data": ACTED})


def authorised(
    result: Result, *, body: bytes = EVENT, url: str = "https://example.com/hooks", entity: Entity | None = None
) -> Attempted:
    """An attempt, its last, that used `TOKEN` in a header that is named unlike a secret."""
    sent = Request(url, [("x-acme-proof", f"Key {TOKEN}")], body, 15.0)
    stage = Stage(name=StageName.PERFORM, started_ms=1, duration_ms=1, ok=False, reason=f"it said {TOKEN}")
    verdict = classify(result)
    return Attempted(sent, result, verdict, GiveUp(), (stage,), 10_000, 10_250, secrets=(TOKEN,), entity=entity)


def written(attempted: Attempted, event: bytes = EVENT) -> list[OutRecord]:
    return records_of_attempt(samples.request(), event, attempted, TERMS, TOPICS, TIME).records


def ended(records: list[OutRecord]) -> tuple[IntegrationEvent, RunOutcome]:
    (record,) = [each for each in records if each.topic == TOPICS.integration_events.name]
    event = decode_integration_event(record.value or b"")
    assert isinstance(event.data, RunOutcome)
    return event, event.data


def error_of(outcome: RunOutcome) -> ErrorDetail:
    assert outcome.error is not None
    return outcome.error


def exchange_of(records: list[OutRecord]) -> Exchange:
    (record,) = [each for each in records if each.topic == TOPICS.run_log.name]
    said = decode_run_log(record.value or b"")
    assert isinstance(said, AttemptRecord)
    assert said.exchange is not None
    return said.exchange


def test_an_error_event_says_whom_it_is_about_and_who_acted() -> None:
    _, outcome = ended(written(authorised(BUSY)))
    assert outcome.entity == Entity(type="bill", id="42")
    assert outcome.context == CallerContext(
        user_id="7", user_email="a@example.com", company_id="c-1", company_name="ACME", application_id="app"
    )


def test_the_entity_that_a_mapping_asked_for_comes_before_the_events_own() -> None:
    account = Entity(type="account", id="4711")
    failure = CannotSend("mapping.missing", "account 4711 in erp, customers")
    event, outcome = ended(written(authorised(failure, entity=account)))
    assert event.type == MISSING_MAPPING_ERROR
    assert outcome.entity == account
    assert "account 4711 in erp, customers" in outcome.message
    assert error_of(outcome).detail == "account 4711 in erp, customers"


def test_a_success_carries_no_context_and_never_reads_the_event() -> None:
    _, outcome = ended(written(authorised(OK), b"\xff no event at all"))
    assert (outcome.entity, outcome.context) == (None, None)


def test_a_run_that_is_out_of_time_without_an_attempt_says_who_acted_too() -> None:
    records = records_of_skip(samples.request(), EVENT, RunStatus.TIMED_OUT, "r", 5, TERMS, TOPICS, TIME, OUT_OF_TIME)
    _, outcome = ended(records)
    assert outcome.entity == Entity(type="bill", id="42")
    assert outcome.context is not None


@pytest.mark.parametrize(
    "result",
    [
        Answer(500, (("x-echo", TOKEN),), f"you sent {TOKEN}".encode(), False),
        Answer(200, (), base64.b64encode(f"Key {TOKEN}".encode()), False),
        Answer(500, (), quote(TOKEN, safe="").encode(), True),
        Answer(500, (), b"x" * 16_370 + TOKEN.encode()[:14], True),
        NetworkFailure("connection.closed", f"after {TOKEN}"),
        CannotSend("expression.failed", f"no such key: {TOKEN}"),
    ],
)
@pytest.mark.parametrize("body", [EVENT, f'{{"made": "{TOKEN}"}}'.encode()])
def test_a_secret_stands_in_no_record_wherever_it_was_put_or_echoed(result: Result, body: bytes) -> None:
    url = f"https://example.com/hooks?proof={quote(TOKEN, safe='')}"
    everything = b"".join(each.value or b"" for each in written(authorised(result, body=body, url=url)))
    forms = (TOKEN, quote(TOKEN, safe=""), base64.b64encode(f"Key {TOKEN}".encode()).decode()[8:-4], TOKEN[:12])
    assert [form for form in forms if form.encode() in everything] == []
    assert REDACTED.encode() in everything


def test_a_body_that_is_the_event_itself_is_kept_as_its_producer_wrote_it() -> None:
    event = orjson.dumps({"data": TOKEN})
    assert exchange_of(written(authorised(OK, body=event), event)).request.body.text == event.decode()


def test_what_was_taken_out_of_a_body_still_counts_in_its_size() -> None:
    body = f"you sent {TOKEN}".encode()
    response = exchange_of(written(authorised(Answer(500, (), body, False)))).response
    assert response is not None
    assert (response.body.text, response.body.size) == (f"you sent {REDACTED}", len(body))


def test_a_long_detail_is_cut() -> None:
    _, outcome = ended(written(authorised(CannotSend("expression.failed", "x" * 10_000))))
    assert error_of(outcome).detail == "x" * 500
