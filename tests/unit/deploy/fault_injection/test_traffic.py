"""The events of a trial, and what each must trigger."""

from __future__ import annotations

from deploy.local.fault_injection.core.traffic import DEAD, KINDS, configuration, event, probe
from deploy.local.receivers.core.behaviour import Behaviour
from shared.core.resources import Kind, read_spec

URLS = dict.fromkeys([*Behaviour, DEAD], "http://127.0.0.1:1")


def test_every_resource_of_the_trial_is_valid_and_every_reference_is_there() -> None:
    resources = [*configuration(URLS), *probe(0)[0]]
    for each in resources:
        read_spec(Kind(each["kind"]), each["spec"])
    declared = {(each["kind"], each["id"]) for each in resources}
    for each in resources:
        if each["kind"] == "integration":
            assert {("notification-rule", each["spec"]["rule"]), ("webhook", each["spec"]["webhook"])} <= declared


def test_a_round_of_events_meets_every_integration_and_every_behaviour() -> None:
    round_of = sum(kind.share for kind in KINDS)
    met = {link for number in range(round_of) for link in event(number).integrations}
    assert met == {link.id for kind in KINDS for link in kind.links}
    assert {link.receiver for kind in KINDS for link in kind.links} == {*Behaviour, DEAD}


def test_some_events_match_nothing_and_ids_do_not_repeat() -> None:
    events = [event(number) for number in range(100)]
    assert any(not each.integrations for each in events)
    assert len({each.id for each in events}) == 100
