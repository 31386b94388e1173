"""A replay on its way: it sends the body that its receiver once got, and keeps it over everything that may happen."""

from __future__ import annotations

from collections.abc import Sequence

import orjson
import pytest

from services.dispatcher.core.deferral import put_off
from services.dispatcher.core.exchange import Answer
from services.dispatcher.core.gate import Defer
from services.dispatcher.core.run_records import Retry, waiting
from services.dispatcher.delay_handler import DelayHandler
from services.dispatcher.delivery_records import read_request
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.messages.delivery import DeliveryRequest, StoredBody, Trigger
from shared.core.messages.integration_events import RunStatus
from shared.core.messages.run_log import AttemptRecord, decode_run_log
from shared.core.messages.state import IntegrationState
from shared.core.ordered_metadata import Held
from shared.core.records import OutRecord, Record
from shared.core.resources import Integration
from shared.core.topics import topics
from tests.unit.dispatcher import samples
from tests.unit.dispatcher.test_preparation import EVENT, done, failed, native, prepare, stages
from tests.unit.dispatcher.test_send_handler import Sent, configuration

TOPICS = topics("", 6)
STORED = StoredBody(b'{"customer":"C-1","as it":"was"}', "application/vnd.ledger+json")


def replay(stored: StoredBody | None = STORED, **changes: object) -> DeliveryRequest:
    return samples.request(trigger=Trigger.REPLAY, origin_run_id="run-0", stored=stored, **changes)


def read(out: OutRecord) -> DeliveryRequest:
    return read_request(Record(out.topic, 0, 0, out.key, out.value, tuple(out.headers), 0))


@pytest.mark.parametrize("stored", [STORED, StoredBody(b"\xff\x00", None), StoredBody(b"", None), None])
def test_a_record_carries_the_body_as_it_is(stored: StoredBody | None) -> None:
    request = replay(stored)
    assert read(OutRecord("t", b"k", EVENT, request.headers())) == request


def test_the_body_stands_beside_the_document_not_in_it() -> None:
    assert replay().encode() == replay(None).encode()


def test_only_a_replay_may_carry_one() -> None:
    headers = [*samples.request().headers(), ("replay-body", b"x")]
    assert read(OutRecord("t", b"k", EVENT, headers)).stored is None


def test_a_retry_a_deferral_a_hop_and_a_wait_in_order_keep_it() -> None:
    request = replay()
    sent = Sent(Answer(500, (), b"", False), request=request)
    (retry,) = [each for each in sent.records if each.topic.startswith("deliveries-retry-")]
    assert read(retry).stored == STORED

    later = put_off(request, Defer(1_000, by_receiver=False), ())
    assert later is not None
    assert read(waiting(later, EVENT, 2_000, 1_000, TOPICS)).stored == STORED

    moved: list[OutRecord] = []

    class Moved:
        def wait(self) -> None:
            """Nothing to wait for."""

    def publish(records: Sequence[OutRecord]) -> Moved:
        moved.extend(records)
        return Moved()

    delay = DelayHandler(
        topics=TOPICS, publish=publish, dead_letters=DeadLetterBox("dead", "test"), clock=lambda: 10**15
    )
    delay([Record(retry.topic, 0, 0, retry.key, retry.value, tuple(retry.headers), 0)])
    assert [read(each).stored for each in moved] == [STORED]

    following = Retry(read(retry), 5_000, 1_000)
    held = Held.of(request, following.request, following.due_ms)
    assert held.applied_to(request).stored == STORED


@pytest.mark.parametrize("integration", [samples.integration(), native()], ids=["plain", "native"])
def test_the_receiver_gets_the_stored_body_with_its_content_type(integration: Integration) -> None:
    request = done(prepare(integration, trigger=Trigger.REPLAY, stored=STORED)).request
    assert request.body == STORED.content
    assert dict(request.headers)["content-type"] == STORED.content_type


def test_a_template_that_changed_since_changes_the_rest_and_not_the_body() -> None:
    changed = native(
        request={"method": "PUT", "path": '["bills", mapping.external_id]', "body": "data.no_such_field_any_more"}
    )
    request = done(prepare(changed, trigger=Trigger.REPLAY, stored=STORED)).request
    assert (request.method, request.url) == ("PUT", "https://example.com/hooks/bills/C-9")
    assert request.body == STORED.content


def test_without_a_stored_body_a_replay_is_rendered_anew() -> None:
    request = done(prepare(native(), trigger=Trigger.REPLAY)).request
    assert orjson.loads(request.body) == {"customer": "C-9", "total": 5}


def test_what_the_rest_of_a_request_needs_may_be_missing_and_says_so() -> None:
    refused = failed(
        prepare(native(request={"path": "[data.gone]", "body": "data"}), trigger=Trigger.REPLAY, stored=STORED)
    )
    assert refused.failure.code == "expression.failed"
    assert "MATCH" not in [name for name, _ in stages(refused)], "nothing was matched: somebody asked for it"


def disabled(epoch: int) -> IntegrationState:
    return IntegrationState(
        organization="acme", integration_id="bills-to-chat", enabled=False, epoch=epoch, since_ms=1, reason="x"
    )


def test_a_worker_that_has_not_heard_of_the_enabling_waits_for_it() -> None:
    heard = [disabled(0), disabled(0), disabled(0).model_copy(update={"enabled": True, "epoch": 1})]
    sent = Sent(request=replay(enabled_epoch=1), states=lambda: heard.pop(0) if len(heard) > 1 else heard[0])
    assert [each.body for each in sent.client.requests] == [STORED.content]
    assert sent.outcome.epoch == 1


def test_a_replay_of_an_integration_that_was_disabled_again_ends_at_once() -> None:
    sent = Sent(request=replay(enabled_epoch=1), state=disabled(1))
    assert sent.outcome.status is RunStatus.DISABLED


def test_the_run_log_tells_what_was_sent_and_which_run_it_came_from() -> None:
    sent = Sent(request=replay(), using=configuration())
    (raw,) = [each.value for each in sent.records if each.topic == TOPICS.run_log.name]
    record = decode_run_log(raw or b"")
    assert isinstance(record, AttemptRecord)
    assert record.exchange is not None
    assert record.exchange.request.body.text == STORED.content.decode()
    assert (record.run.trigger, record.run.origin_run_id) == (Trigger.REPLAY, "run-0")
    assert (sent.outcome.trigger, sent.outcome.origin_run_id) == (Trigger.REPLAY, "run-0")
    assert dict(sent.client.requests[0].headers)["webhook-id"] == "webhook-1"
