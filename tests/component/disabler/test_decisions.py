"""What a running disabler decides, on a real broker."""

from services.disabler.core.streak import Streak
from shared.core.dead_letters import Reason
from shared.core.identifiers import event_id_of_decision
from shared.core.messages.integration_events import (
    DISABLED_ERROR,
    ENABLED,
    IntegrationDisabled,
    IntegrationEnabled,
    IntegrationEvent,
    RunStatus,
)
from shared.core.records import OutRecord
from shared.core.topics import integration_key
from tests.component.disabler.processes import Fleet
from tests.header_names import NotUtf8
from tests.unit.disabler.outcomes import ORGANIZATION, disable_request, enable_request, outcome


def failures(integration_id: str, count: int, *, first: int = 0, epoch: int = 0) -> list[IntegrationEvent]:
    return [
        outcome(f"{integration_id}-{epoch}-{number}", integration_id=integration_id, epoch=epoch)
        for number in range(first, first + count)
    ]


def test_an_integration_is_disabled_on_the_twentieth_successive_failed_run_and_not_the_nineteenth(
    shared_fleet: Fleet,
) -> None:
    runs = failures("twenty", 20)
    shared_fleet.send(runs[:19])
    shared_fleet.wait_handled()
    assert shared_fleet.announced("twenty") == []
    assert "twenty" not in shared_fleet.states()

    shared_fleet.send(runs[19:])
    shared_fleet.wait_handled()
    [event] = shared_fleet.announced("twenty")
    assert event.type == DISABLED_ERROR
    assert event.id == event_id_of_decision(ORGANIZATION, "twenty", DISABLED_ERROR, 0)
    assert isinstance(event.data, IntegrationDisabled)
    assert event.data.failed_runs == tuple(f"twenty-0-{number}" for number in range(20))
    state = shared_fleet.states()["twenty"]
    assert (state.enabled, state.epoch, state.since_ms) == (False, 0, event.data.since_ms)


def test_a_success_in_between_resets_the_count(shared_fleet: Fleet) -> None:
    success = outcome("reset-success", RunStatus.COMPLETED, integration_id="reset")
    shared_fleet.send([*failures("reset", 19), success, *failures("reset", 19, first=19)])
    shared_fleet.wait_handled()
    assert shared_fleet.announced("reset") == []
    streak = shared_fleet.streak("reset")
    assert streak is not None
    assert streak.failed_runs == tuple(f"reset-0-{number}" for number in range(19, 38))


def test_a_success_on_an_empty_streak_writes_nothing(shared_fleet: Fleet) -> None:
    shared_fleet.send([outcome("healthy-1", RunStatus.COMPLETED, integration_id="healthy")])
    shared_fleet.wait_handled()
    assert shared_fleet.streak("healthy") is None


def test_enabling_begins_an_epoch_in_which_outcomes_of_the_one_before_are_ignored(shared_fleet: Fleet) -> None:
    shared_fleet.send([*failures("epochs", 20), enable_request("epochs")])
    shared_fleet.send(failures("epochs", 20, first=20))
    shared_fleet.wait_handled()
    assert [event.type for event in shared_fleet.announced("epochs")] == [DISABLED_ERROR, ENABLED]
    state = shared_fleet.states()["epochs"]
    assert (state.enabled, state.epoch, state.reason) == (True, 1, "receiver corrected")

    shared_fleet.send(failures("epochs", 20, epoch=1))
    shared_fleet.wait_handled()
    first, _, second = shared_fleet.announced("epochs")
    assert isinstance(second.data, IntegrationDisabled)
    assert (second.type, second.data.epoch) == (DISABLED_ERROR, 1)
    assert second.id != first.id


def test_disabling_by_hand_keeps_the_reason_given(shared_fleet: Fleet) -> None:
    shared_fleet.send([disable_request("by-hand", reason="moving house")])
    shared_fleet.wait_handled()
    state = shared_fleet.states()["by-hand"]
    assert (state.enabled, state.reason) == (False, "moving house")
    [event] = shared_fleet.announced("by-hand")
    assert isinstance(event.data, IntegrationDisabled)
    assert event.data.reason == "moving house"


def test_enabling_what_is_enabled_is_answered_and_keeps_the_streak(shared_fleet: Fleet) -> None:
    shared_fleet.send([*failures("again", 19), enable_request("again"), *failures("again", 1, first=19)])
    shared_fleet.wait_handled()
    answer, disabled = shared_fleet.announced("again")
    assert isinstance(answer.data, IntegrationEnabled)
    assert answer.data.epoch == 0
    assert isinstance(disabled.data, IntegrationDisabled)
    assert len(disabled.data.failed_runs) == 20


def test_what_cannot_be_read_becomes_a_dead_letter_and_stops_nothing(shared_fleet: Fleet) -> None:
    key = integration_key(ORGANIZATION, "poison")
    bad_status = outcome("poison-run", RunStatus.IN_PROGRESS, integration_id="poison")
    shared_fleet.send_raw(key, b"\xff not json")
    shared_fleet.send_raw(key, bad_status.encode())
    shared_fleet.send_raw(integration_key(ORGANIZATION, "another"), outcome("x", integration_id="poison").encode())
    shared_fleet.send(failures("poison", 20))
    shared_fleet.wait_handled()
    letters = [
        letter
        for letter in shared_fleet.dead_letters()
        if letter.key in (key, integration_key(ORGANIZATION, "another"))
    ]
    assert {letter.value for letter in letters} >= {b"\xff not json", bad_status.encode()}
    assert {letter.reason for letter in letters} == {Reason.INVALID}
    assert {letter.service for letter in letters} == {"disabler"}
    assert sorted(letter.detail.split(":")[0] for letter in letters) == ["(key)", "(value)", "data.status"]
    assert not shared_fleet.states()["poison"].enabled


def test_a_header_name_that_is_not_utf8_is_a_dead_letter_and_what_travels_with_it_counts(shared_fleet: Fleet) -> None:
    name = shared_fleet.topics.integration_events.name
    good = [OutRecord(name, run.key, run.encode(), run.headers()) for run in failures("escaped", 20)]
    bad = outcome("unreadable", integration_id="escaped")
    sent = OutRecord(name, bad.key, bad.encode(), [(NotUtf8(), b"\x00\xff"), *bad.headers()])
    shared_fleet.send_records([*good[:7], sent, *good[7:14], sent, *good[14:]])
    shared_fleet.wait_handled()
    [event] = shared_fleet.announced("escaped")
    assert isinstance(event.data, IntegrationDisabled)
    assert event.data.failed_runs == tuple(f"escaped-0-{number}" for number in range(20))
    letters = [letter for letter in shared_fleet.dead_letters() if letter.key == bad.key]
    read = [r for r in shared_fleet.records(shared_fleet.topics.integration_events) if r.key == bad.key]
    assert [(letter.partition, letter.offset) for letter in letters] == [
        (r.partition, r.offset) for r in read if r.fault
    ]
    assert len(letters) == 2
    assert all(
        (letter.topic, letter.value, letter.reason) == (name, bad.encode(), Reason.INVALID)
        and letter.detail.startswith("(headers): a name is not UTF-8")
        and letter.original_headers == (("trace-\\xff\\xfe", b"\x00\xff"), *bad.headers())
        for letter in letters
    )


def test_the_state_and_the_changelog_of_a_key_lie_in_the_partition_that_other_clients_give_it(
    shared_fleet: Fleet,
) -> None:
    names = [f"spread-{number}" for number in range(40)]
    shared_fleet.send(disable_request(name) for name in names)
    shared_fleet.wait_handled()
    topics = shared_fleet.topics
    keys = {integration_key(ORGANIZATION, name) for name in names}

    def homes(records_of: str) -> dict[bytes, int]:
        topic = getattr(topics, records_of)
        return {r.key: r.partition for r in shared_fleet.records(topic) if r.key is not None and r.key in keys}

    sent = homes("integration_events")
    assert sent.keys() == keys
    assert len(set(sent.values())) == shared_fleet.settings.partitions
    assert homes("integration_state") == sent
    assert homes("disabler_streaks") == sent
    # Our own events come back on the topic of the requests: a key with two homes would show here.
    assert all(
        len({r.partition for r in shared_fleet.records(topics.integration_events) if r.key == k}) == 1 for k in keys
    )


def test_the_table_value_names_the_record_it_stands_at(shared_fleet: Fleet) -> None:
    shared_fleet.send([outcome("stands-1", integration_id="stands")])
    shared_fleet.wait_handled()
    key = integration_key(ORGANIZATION, "stands")
    [record] = [r for r in shared_fleet.records(shared_fleet.topics.integration_events) if r.key == key]
    assert shared_fleet.streak("stands") == Streak(
        last_offset=record.offset,
        epoch=0,
        enabled=True,
        since_ms=record.timestamp_ms,
        failed_runs=("stands-1",),
        first_failed_ms=record.timestamp_ms,
    )
