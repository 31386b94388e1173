"""Which events fire which rules, and what the trace says about it."""

from typing import Any

from shared.adapters.kafka_clients import producer
from shared.core.cloud_events import check_event
from shared.core.topics import system_event_key
from tests.flow.conftest import Case
from tests.waiting import wait_for


def trace_of(case: Case, event_id: str) -> dict[str, Any]:
    """Wait until the event's trace tells what became of it."""

    def matched() -> dict[str, Any] | None:
        response = case.http.get(f"/v1/events/{event_id}/trace")
        if response.status_code == 404:
            return None
        document: dict[str, Any] = response.json()
        return document if document["outcome"] != "not matched yet" else None

    return wait_for(matched, f"the trace of {event_id}") or {}


def test_what_apply_acknowledged_applies_to_the_very_next_event(case: Case) -> None:
    """Without a wait in between, many times over: a table that lags would miss some."""
    case.apply(case.credential(), case.webhook())
    sent = []
    for number in range(20):
        name = f"{case.name}-{number}"
        rule = {"kind": "notification-rule", "id": name, "spec": {"name": name, "event_type": name}}
        link = {"kind": "integration", "id": name, "spec": {"name": name, "rule": name, "webhook": case.name}}
        case.apply(rule, link)
        sent.append(case.send(type=name))
    received = wait_for(lambda: len(case.requests()) >= len(sent) and case.requests(), "a request per event")
    assert len({request.webhook_id for request in received or []}) == len(sent)


def test_what_apply_acknowledged_applies_to_direct_producers_too(case: Case) -> None:
    topics = case.fleet.settings.topics()
    client = producer(case.fleet.settings)
    case.set_up()
    event = check_event(case.event(organization=case.fleet.plan.organization))
    client.send(
        topics.system_events.name,
        key=system_event_key(event.organization, None, event.id),
        value=event.encode(),
    ).get(timeout=10)
    client.close()
    trace = trace_of(case, event.id)
    assert [fired["integration_id"] for fired in trace["fired"]] == [case.name]


def test_an_event_that_matches_nothing_says_so(case: Case) -> None:
    trace = trace_of(case, case.send())
    assert trace["outcome"] == "matched nothing"
    assert trace["runs"] == []


def test_a_condition_decides_over_payload_new_and_old(case: Case) -> None:
    condition = "new.total > old.total * 1.1 && event.subject == 'bill-1'"
    case.apply(case.credential(), case.webhook(), case.rule(condition=condition), case.integration())
    fires = case.send({"new": {"total": 12}, "old": {"total": 10}}, subject="bill-1")
    quiet = case.send({"new": {"total": 10}, "old": {"total": 10}}, subject="bill-1")
    assert trace_of(case, fires)["outcome"] == "matched"
    assert trace_of(case, quiet)["outcome"] == "matched nothing"


def test_a_condition_without_an_answer_does_not_fire_and_the_trace_says_why(case: Case) -> None:
    case.apply(case.credential(), case.webhook(), case.rule(condition="data.amount > 5"), case.integration())
    trace = trace_of(case, case.send({"other": 1}))
    assert trace["outcome"] == "matched nothing"
    (unevaluable,) = trace["unevaluable"]
    assert unevaluable["rule_id"] == case.name
    assert "amount" in unevaluable["reason"]


def test_one_event_reaches_every_integration_of_exact_and_wildcard_rules(case: Case) -> None:
    case.set_up()
    wide = f"{case.name}-wide"
    case.apply(
        {"kind": "notification-rule", "id": wide, "spec": {"name": wide, "event_type": f"{case.name}.*"}},
        {"kind": "integration", "id": wide, "spec": {"name": wide, "rule": wide, "webhook": case.name}},
    )
    trace = trace_of(case, case.send())
    assert {fired["integration_id"] for fired in trace["fired"]} == {case.name, wide}
    wait_for(lambda: len(case.requests()) == 2, "a request per integration")


def test_an_inactive_rule_and_an_inactive_webhook_do_not_fire(case: Case) -> None:
    case.apply(case.credential(), case.webhook(), case.rule(active=False), case.integration())
    assert trace_of(case, case.send())["outcome"] == "matched nothing"
    case.apply(case.rule(active=True), case.webhook(active=False))
    assert trace_of(case, case.send())["outcome"] == "matched nothing"
    case.apply(case.webhook(active=True))
    assert trace_of(case, case.send())["outcome"] == "matched"
