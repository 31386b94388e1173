"""What becomes of events in one request."""

from typing import Any

import orjson
import pytest

from services.ingest.core.event_batch import AcceptedEvent, RefusedEvent, judge_batch, judge_event
from shared.core.cloud_events import read_record
from shared.core.topics import MAX_EVENT_BYTES

RECEIVED = "2030-01-31T12:00:00.000Z"


def event(**changes: Any) -> dict[str, Any]:
    return {"specversion": "1.0", "id": "e1", "source": "/shop", "type": "bill.created", **changes}


def judge(document: Any) -> AcceptedEvent | RefusedEvent:
    return judge_event(document, field="", organization="acme", received=RECEIVED, topic="system-events")


def accepted(document: Any) -> AcceptedEvent:
    verdict = judge(document)
    assert isinstance(verdict, AcceptedEvent), verdict
    return verdict


def refused(document: Any) -> RefusedEvent:
    verdict = judge(document)
    assert isinstance(verdict, RefusedEvent), verdict
    return verdict


def test_the_organization_comes_from_the_key() -> None:
    record = accepted(event()).record
    assert orjson.loads(record.value or b"")["organization"] == "acme"
    assert dict(record.headers)["organization"] == b"acme"


def test_an_event_of_another_organization_is_refused() -> None:
    assert [fault.field for fault in refused(event(organization="other")).faults] == ["organization"]


@pytest.mark.parametrize("absent", [{}, {"time": None}])
def test_an_event_without_a_time_gets_the_time_it_was_received(absent: dict[str, None]) -> None:
    assert orjson.loads(accepted(event(**absent)).record.value or b"")["time"] == RECEIVED


def test_an_event_keeps_its_own_time() -> None:
    time = "2029-01-01T00:00:00Z"
    assert orjson.loads(accepted(event(time=time)).record.value or b"")["time"] == time


def test_events_of_one_subject_share_a_key() -> None:
    assert accepted(event(id="a", subject="bill/1")).record.key == b"acme/bill/1"
    assert accepted(event(id="b", subject="bill/1")).record.key == b"acme/bill/1"


def test_events_without_a_subject_spread_by_id() -> None:
    assert accepted(event(id="a")).record.key == b"acme/a"


def test_what_is_accepted_can_be_read_from_the_topic() -> None:
    record = accepted(event(data={"n": 1})).record
    assert read_record(dict(record.headers), record.value).data == {"n": 1}


def test_every_fault_is_named_at_once() -> None:
    faults = refused({"specversion": "0.3", "id": "", "source": "/s", "time": "noon"}).faults
    assert {fault.field for fault in faults} == {"specversion", "id", "type", "time"}


def test_size_counts_in_structured_form() -> None:
    around = len(accepted(event(data="")).record.value or b"")
    assert len(accepted(event(data="x" * (MAX_EVENT_BYTES - around))).record.value or b"") == MAX_EVENT_BYTES
    verdict = refused(event(data="x" * (MAX_EVENT_BYTES - around + 1)))
    assert verdict.too_large
    assert verdict.id == "e1"


def test_a_bad_event_does_not_hold_up_its_neighbours() -> None:
    verdicts = judge_batch(
        [event(id="a"), {"id": "b"}, 3, event(id="c")], organization="acme", received=RECEIVED, topic="t"
    )
    assert [isinstance(verdict, AcceptedEvent) for verdict in verdicts] == [True, False, False, True]
    assert [verdict.id for verdict in verdicts] == ["a", "b", None, "c"]


def test_faults_in_a_batch_name_the_place() -> None:
    (_, verdict) = judge_batch([event(), event(type="a b")], organization="acme", received=RECEIVED, topic="t")
    assert isinstance(verdict, RefusedEvent)
    assert [fault.field for fault in verdict.faults] == ["[1].type"]


@pytest.mark.parametrize("claimed", [5, ["x"], "x" * 300])
def test_an_id_that_is_none_is_not_repeated(claimed: object) -> None:
    assert refused(event(id=claimed)).id is None
