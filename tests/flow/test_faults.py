"""Whatever is stopped, killed or malformed: nothing is lost and nothing else stops."""

import time
from itertools import pairwise
from typing import Any

from deploy.local.fleet.plan import Service
from shared.adapters.kafka_clients import producer
from shared.adapters.topic_reader import TopicReader
from shared.core.dead_letters import read_dead_letter
from tests.flow.conftest import Case
from tests.flow.receiver import Reply
from tests.flow.test_matching import trace_of
from tests.waiting import wait_for


def test_a_fleet_stopped_between_two_attempts_goes_on_where_it_was(case: Case) -> None:
    case.set_up()
    case.receiver.answer(case.path, lambda same: Reply(500 if len(same) < 4 else 200))
    case.send()
    wait_for(case.requests, "the first attempt")
    wait_for(lambda: case.runs() and case.runs()[0]["status"] == "AWAITING_RETRY", "the first attempt's record")
    case.fleet.stop_services()
    assert len(case.requests()) == 1
    case.fleet.start_services()
    (run,) = case.ended_runs(timeout_seconds=60)
    requests = case.requests()
    assert run["status"] == "COMPLETED"
    assert len(requests) == 4, "no second attempt 1, no attempt left out"
    attempts = case.get(f"/v1/runs/{run['run_id']}")["attempts"]
    assert [attempt["number"] for attempt in attempts] == [1, 2, 3, 4]
    gaps = [later.at - earlier.at for earlier, later in pairwise(requests)]
    assert gaps[0] >= 2.0
    assert [4.0 <= gaps[1] < 7.0, 8.0 <= gaps[2] < 12.0] == [True, True], gaps


def test_a_dispatcher_killed_with_requests_in_flight_loses_none(case: Case) -> None:
    case.set_up()
    case.receiver.answer(case.path, Reply(after_seconds=1.0))
    sent = {case.send(subject=str(number)) for number in range(60)}
    wait_for(lambda: in_flight(case, 0) + in_flight(case, 1) >= 20, "20 requests in flight")
    victim = 0 if in_flight(case, 0) >= in_flight(case, 1) else 1
    case.fleet.kill(Service.DISPATCHER, victim)
    case.fleet.start_one(Service.DISPATCHER, victim)
    runs = case.ended_runs(timeout_seconds=60)
    assert {run["status"] for run in runs} == {"COMPLETED"}
    assert {run["event"]["id"] for run in runs} == sent


def in_flight(case: Case, index: int) -> float:
    return case.fleet.gauge(Service.DISPATCHER, index, "hookfleet_requests_in_flight") or 0.0


def test_a_disabler_killed_between_failures_still_counts_every_one(case: Case) -> None:
    case.set_up(delays=[], disable={"failed_runs": 10})
    case.receiver.answer(case.path, Reply(500))
    for _ in range(6):
        case.send()
    case.ended_runs()
    case.fleet.kill(Service.DISABLER, 0)
    for _ in range(4):
        case.send()
    case.ended_runs()
    case.fleet.start_one(Service.DISABLER, 0)
    wait_for(lambda: not case.state()["enabled"], "disabled by the tenth failure", 60)


def test_malformed_bytes_on_every_consumed_topic_become_dead_letters_and_stop_nothing(case: Case) -> None:
    topics = case.fleet.settings.topics()
    client = producer(case.fleet.settings)
    garbage = f"\x00 no JSON {case.name}".encode()
    # The disabler's table is its own; it is read when the disabler starts, not consumed.
    consumed = [topic for topic in topics.all() if topic not in (topics.dead_letters, topics.disabler_streaks)]
    for topic in consumed:
        client.send(topic.name, key=b"k", value=garbage, headers=[("trace", b"kept")])
    client.flush()
    client.close()
    found = wait_for(
        lambda: letters if set(letters := dead_letters(case, garbage)) >= {each.name for each in consumed} else None,
        "a dead letter from every topic",
    )
    for name, letter in (found or {}).items():
        assert letter.topic == name
        assert letter.value == garbage
        assert letter.key == b"k"
        assert ("trace", b"kept") in letter.original_headers
        assert letter.reason == "invalid"
        assert letter.detail
    case.set_up()
    assert trace_of(case, case.send())["outcome"] == "matched"
    (run,) = case.ended_runs()
    assert run["status"] == "COMPLETED"


def dead_letters(case: Case, value: bytes) -> dict[str, Any]:
    """Dead letters with this value, by the topic they came from."""
    reader = TopicReader(case.fleet.settings, [case.fleet.settings.topics().dead_letters.name])
    letters = [read_dead_letter(list(each.header_list), each.value) for each in reader.unread() if each.value == value]
    reader.close()
    return {letter.topic: letter for letter in letters}


def test_a_fleet_stopped_for_longer_than_every_delay_delivers_what_was_due_and_fails_nothing(case: Case) -> None:
    case.set_up(delays=[3.0, 3.0])
    case.receiver.answer(case.path, Reply(503))
    sent = {case.send(subject=str(number)) for number in range(20)}
    wait_for(lambda: len(case.requests()) == len(sent), "every first attempt")
    case.fleet.stop_services()
    assert len(case.requests()) == len(sent), "stopped before any second attempt"
    case.receiver.answer(case.path, Reply(200))
    last = max(request.at for request in case.requests())
    wait_for(lambda: time.time() > last + 6.0, "every due time passes in our absence")
    case.fleet.start_services()
    runs = case.ended_runs(timeout_seconds=60)
    assert {run["event"]["id"] for run in runs} == sent
    assert {run["status"] for run in runs} == {"COMPLETED"}
    assert len(case.requests()) == 2 * len(sent)
