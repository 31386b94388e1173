"""Which runs one event leads to."""

from typing import Any

from services.dispatcher.conditions import Conditions
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.match_documents import match_record, request_headers
from services.dispatcher.core.matching import Match, NoAnswer, Triggered, match
from shared.core.cloud_events import CloudEvent
from shared.core.identifiers import run_id_of_event
from shared.core.messages.delivery import DELIVERY_HEADER, DeliveryRequest
from shared.core.messages.run_log import MatchRecord, decode_run_log
from tests.unit.dispatcher import samples

evaluator = Conditions().evaluator


def matched(configuration: Configuration, event: CloudEvent, answer: bool | NoAnswer | None = None) -> Match:
    """With ``answer`` every condition gives it; without, conditions are evaluated."""
    evaluate = evaluator(event) if answer is None else lambda _: answer
    return match(event, configuration, evaluate, config_offset=7, accepted_ms=100, now_ms=110)


def linked(**changes: Any) -> Configuration:
    return samples.configured(rule=samples.rule(**changes), hook=samples.webhook(), link=samples.integration())


def request_of(result: Match, run: Triggered) -> DeliveryRequest:
    """The request that goes out for a run, read as the send stage reads it."""
    headers = request_headers(result, run)
    request = DeliveryRequest.model_validate_json(dict(headers)[DELIVERY_HEADER])
    assert request.headers() == headers, "the model would write the same"
    return request


def test_one_request_says_everything_that_sending_needs_to_know() -> None:
    event = samples.event(subject="bill-7", time="2030-01-31T12:00:00Z")
    result = matched(linked(), event)
    (run,) = result.runs
    request = request_of(result, run)
    assert request.run_id == request.webhook_id == run_id_of_event("acme", "billing", "e1", "link")
    assert (request.organization, request.integration_id, request.rule_id) == ("acme", "link", "rule")
    assert (request.config_offset, request.accepted_ms, request.created_ms) == (7, 100, 110)
    assert (request.event.source, request.event.id, request.event.type) == ("billing", "e1", "billing.bill.created")
    assert (request.event.subject, request.event.time) == ("bill-7", "2030-01-31T12:00:00Z")
    assert (request.step, request.attempts, request.epoch) == (0, (), None)


def test_a_chain_travels_with_the_request() -> None:
    event = samples.event()
    result = match(event, linked(), evaluator(event), chain=("a", "b"), config_offset=1, accepted_ms=1, now_ms=1)
    assert [request_of(result, run).chain for run in result.runs] == [("a", "b")]


def test_the_match_record_says_what_was_triggered_and_what_could_not_be_evaluated() -> None:
    configuration = samples.configured(
        broken=samples.rule(condition="data.missing == 1"),
        rule=samples.rule(),
        hook=samples.webhook(),
        link=samples.integration(),
    )
    for event in (samples.event(data={}), samples.event(data={}, subject="s/ü", time="2030-01-31T12:00:00Z")):
        raw = match_record(matched(configuration, event))
        record = decode_run_log(raw)
        assert isinstance(record, MatchRecord)
        assert record.encode() == raw, "the model would write the same"
        assert [(run.rule_id, run.integration_id, run.webhook_id) for run in record.runs] == [("rule", "link", "hook")]
        assert [each.rule_id for each in record.unevaluable] == ["broken"]
        assert (record.event.subject, record.event.time) == (event.subject, event.time)


def test_matching_again_plans_the_same_runs_whenever_that_is() -> None:
    configuration, event = linked(), samples.event()
    first = match(event, configuration, evaluator(event), config_offset=1, accepted_ms=1, now_ms=1)
    later = match(event, configuration, evaluator(event), config_offset=9, accepted_ms=1, now_ms=99)
    assert [each.run_id for each in first.runs] == [each.run_id for each in later.runs]


def test_each_integration_of_each_firing_rule_is_one_run() -> None:
    configuration = samples.configured(
        one=samples.rule("billing.*"),
        two=samples.rule("billing.bill.created"),
        hook=samples.webhook(),
        other=samples.webhook(),
        a=samples.integration("one", "hook"),
        b=samples.integration("one", "other"),
        c=samples.integration("two", "hook"),
    )
    result = matched(configuration, samples.event())
    assert [(run.rule_id, run.integration_id, run.webhook_id) for run in result.runs] == [
        ("one", "a", "hook"),
        ("one", "b", "other"),
        ("two", "c", "hook"),
    ]
    assert len({run.run_id for run in result.runs}) == 3


def test_an_event_that_matches_nothing_is_recorded_all_the_same() -> None:
    result = matched(linked(), samples.event("shipping.sent"))
    assert (result.runs, result.unevaluable, result.event.id) == ((), (), "e1")


def test_an_inactive_rule_does_not_fire() -> None:
    assert matched(linked(active=False), samples.event()).runs == ()


def test_an_inactive_or_missing_webhook_is_not_posted_to() -> None:
    inactive = samples.configured(rule=samples.rule(), hook=samples.webhook(active=False), link=samples.integration())
    missing = samples.configured(rule=samples.rule(), link=samples.integration())
    assert matched(inactive, samples.event()).runs == matched(missing, samples.event()).runs == ()


def test_another_organizations_event_does_not_fire() -> None:
    assert matched(linked(event_type="*"), samples.event(organization="other")).runs == ()


def test_a_rule_fires_when_its_condition_is_true_and_only_then() -> None:
    configuration = linked(condition="data.amount > 10")
    assert len(matched(configuration, samples.event(data={"amount": 10.5})).runs) == 1
    assert matched(configuration, samples.event(data={"amount": 10})).runs == ()


def test_a_condition_without_an_answer_does_not_fire_and_is_reported_with_the_reason() -> None:
    result = matched(linked(condition="data.amount > 10"), samples.event(data={}))
    assert result.runs == ()
    (reported,) = result.unevaluable
    assert reported.rule_id == "rule"
    assert "amount" in reported.reason


def test_one_rule_without_an_answer_does_not_keep_others_from_firing() -> None:
    configuration = samples.configured(
        broken=samples.rule(condition="data.missing == 1"),
        rule=samples.rule(condition="data.amount == 1"),
        hook=samples.webhook(),
        link=samples.integration(),
        never=samples.integration("broken"),
    )
    result = matched(configuration, samples.event(data={"amount": 1}))
    assert [run.integration_id for run in result.runs] == ["link"]
    assert [each.rule_id for each in result.unevaluable] == ["broken"]


def test_a_condition_that_no_longer_compiles_is_reported_and_stops_nothing() -> None:
    (reported,) = matched(linked(condition="nobody == 1"), samples.event()).unevaluable
    assert "does not compile" in reported.reason


def test_a_rule_without_a_condition_asks_nobody() -> None:
    assert len(matched(linked(), samples.event(), answer=False).runs) == 1
