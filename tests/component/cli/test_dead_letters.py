"""`hookfleet dead-letters` on a real Kafka: what is listed, shown, replayed, and what keeps it from being twice."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from deploy.cli.main import app
from shared.adapters.dead_letter_box import DeadLetterBox
from shared.adapters.dead_letter_replay import DeadLetterReplay, OthersReplay, Written
from shared.adapters.kafka_clients import admin_client, producer
from shared.adapters.publisher import Publisher
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import ensure_topics
from shared.adapters.topic_reader import TopicReader
from shared.core.dead_letters import REPLAYED_HEADER, DeadLetter, read_dead_letter
from shared.core.faults import Fault, InvalidInput
from shared.core.records import OutRecord, Record
from shared.core.topics import Topics

INVALID = InvalidInput([Fault("data.amount", "not a number", "send a number")])

#: What a replay adds to a record.
MARK = (REPLAYED_HEADER, b"true")


class Desk:
    """An operator's terminal, the fleet's topics, and services that set records aside. One prefix for all tests,
    which keep apart by the ids of their records."""

    def __init__(self, settings: ServiceSettings) -> None:
        self.settings = settings
        self.topics: Topics = settings.topics()
        self._failures: list[BaseException] = []
        self.publisher = Publisher(producer(settings), self._failures.append)
        self._offset = 0

    def run(self, *arguments: str, stdin: str | bytes | None = None) -> Result:
        env = {
            "KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka_bootstrap_servers,
            "HOOKFLEET_TOPIC_PREFIX": self.settings.topic_prefix,
            "COLUMNS": "300",
        }
        result = CliRunner().invoke(app, ["dead-letters", *arguments], env=env, input=stdin)
        assert isinstance(result.exception, SystemExit | None), result.exception
        return result

    def answer(self, *arguments: str) -> dict[str, list[dict[str, object]]]:
        result = self.run(*arguments, "--json")
        assert result.exit_code == 0, result.stderr
        document: dict[str, list[dict[str, object]]] = json.loads(result.stdout)
        return document

    def record(self, topic: str, value: bytes | None, key: bytes | None = b"acme/order-7") -> Record:
        """A record that stood on ``topic``; its place is used by no other test."""
        self._offset += 1
        headers = (("content-type", b"application/json"), ("trace", b"\x00\xff"))
        return Record(topic, 1, self._offset, key, value, headers, 0)

    def set_aside(self, record: Record, *services: str, error: Exception = INVALID) -> str:
        """Its place."""
        topic = self.topics.dead_letters.name
        self.publisher.send([DeadLetterBox(topic, service).letter(record, error) for service in services]).wait()
        return f"{record.topic}/{record.partition}/{record.offset}"

    def on(self, topic: str) -> list[Record]:
        """Everything that stands on a topic."""
        reader = TopicReader(self.settings, [topic])
        records = list(reader.unread())
        reader.close()
        return records

    def close(self) -> None:
        self.publisher.close()
        assert not self._failures


@pytest.fixture
def desk(kafka_bootstrap: str, topic_prefix: str) -> Iterator[Desk]:
    settings = ServiceSettings.model_validate(
        {"KAFKA_BOOTSTRAP_SERVERS": kafka_bootstrap, "topic_prefix": topic_prefix, "partitions": 2}
    )
    admin = admin_client(settings)
    ensure_topics(admin, settings.topics(), 1)
    desk = Desk(settings)
    yield desk
    desk.close()
    admin.delete_topics([topic.name for topic in desk.topics.all()])
    admin.close()


def test_a_record_is_listed_once_with_everybody_who_set_it_aside_and_by_every_option(desk: Desk) -> None:
    events, deliveries = desk.topics.system_events.name, desk.topics.deliveries.name
    twice = desk.set_aside(desk.record(events, b"{"), "dispatcher", "event_recorder", "dispatcher")
    ours = desk.set_aside(desk.record(deliveries, b"{}"), "dispatcher", error=ZeroDivisionError("ours"))
    assert desk.run("list").stdout.count(twice) == 1
    both = {item["place"]: item for item in desk.answer("list")["items"]}
    assert both.keys() == {twice, ours}
    assert both[twice]["services"] == {"dispatcher": 2, "event_recorder": 1}
    assert "ZeroDivisionError: ours" in str(both[ours]["detail"])

    def found(*options: str) -> set[object]:
        return {item["place"] for item in desk.answer("list", *options)["items"]}

    assert found("--topic", "system-events") == {twice}
    assert found("--reason", "internal") == {ours}
    assert found("--service", "event_recorder") == {twice}
    assert found("--since", "1h") == {twice, ours}
    assert found("--since", "2100-01-01") == set()
    assert found("--limit", "1") == {ours}


def test_a_record_is_shown_in_full_and_its_bytes_come_back_as_they_were(desk: Desk, tmp_path: Path) -> None:
    value = b"\x00\x1b[2J" + bytes(range(256))
    place = desk.set_aside(desk.record(desk.topics.run_log.name, value), "event_recorder")
    shown = desk.run("show", place.removeprefix(desk.settings.topic_prefix))
    assert shown.exit_code == 0
    for said in (place, "data.amount: not a number", "event_recorder", "acme/order-7", "\\x00\\xff", "00 1b 5b 32"):
        assert said in shown.stdout
    assert "\x1b" not in shown.stdout
    assert desk.run("show", place, "--raw", "-").stdout_bytes == value
    desk.run("show", place, "--raw", str(tmp_path / "value"))
    assert (tmp_path / "value").read_bytes() == value


def test_a_replayed_record_is_what_it_was_is_marked_and_is_not_replayed_twice(desk: Desk) -> None:
    record = desk.record(desk.topics.system_events.name, b'{"a": 1}')
    place = desk.set_aside(record, "dispatcher", "event_recorder")
    assert desk.run("replay", place, stdin="n\n").exit_code == 1
    assert desk.on(record.topic) == []
    replayed = desk.run("replay", place, stdin="y\n")
    assert replayed.exit_code == 0
    (again,) = desk.on(record.topic)
    assert (again.key, again.value, again.header_list) == (record.key, record.value, (*record.header_list, MARK))
    assert f"{record.topic}/{again.partition}/{again.offset}" in replayed.stdout
    assert "replayed" in desk.run("list").stdout
    assert desk.answer("list", "--open")["items"] == []
    refused = desk.run("replay", place, "--yes")
    assert (refused.exit_code, "replayed before" in refused.stderr) == (1, True)
    assert "nothing to replay" in desk.run("replay", "--all", "--yes").stdout
    assert len(desk.on(record.topic)) == 1
    assert desk.run("replay", place, "--yes", "--again").exit_code == 0
    assert len(desk.on(record.topic)) == 2


def test_records_of_one_key_go_back_in_order_to_the_partition_that_their_key_gives(desk: Desk) -> None:
    topic = desk.topics.deliveries.name
    desk.publisher.send([OutRecord(topic, b"acme/order-7", b"direct")]).wait()
    for number in range(450):
        desk.set_aside(desk.record(topic, b"%d" % number), "dispatcher")
    answer = desk.answer("replay", "--all", "--topic", "deliveries", "--yes")
    assert len(answer["replayed"]) == 450
    records = desk.on(topic)
    assert {record.partition for record in records} == {records[0].partition}
    assert [record.value for record in records] == [b"direct", *(b"%d" % number for number in range(450))]


def test_all_leaves_out_what_does_not_fit_and_what_must_not_be_replayed(desk: Desk) -> None:
    wanted = desk.record(desk.topics.deliveries.name, b"wanted")
    desk.set_aside(wanted, "dispatcher", error=ValueError("ours"))
    desk.set_aside(desk.record(desk.topics.deliveries.name, b"invalid"), "dispatcher")
    desk.set_aside(desk.record(desk.topics.config.name, b"{}"), "event_recorder", error=ValueError("ours"))
    answer = desk.run("replay", "--all", "--reason", "internal", "--yes")
    assert answer.exit_code == 0
    assert "1 left out" in answer.stderr
    assert [record.value for record in desk.on(wanted.topic)] == [b"wanted"]
    assert desk.on(desk.topics.config.name) == []


def test_a_record_can_be_corrected_on_its_way_and_is_marked_so(desk: Desk, tmp_path: Path) -> None:
    record = desk.record(desk.topics.system_events.name, b'{"amount": "x"}')
    place = desk.set_aside(record, "dispatcher")
    fixed = tmp_path / "fixed.json"
    fixed.write_bytes(b'{"amount": 1}')
    assert desk.run("replay", place, "--value", str(fixed), "--yes").exit_code == 0
    (again,) = desk.on(record.topic)
    assert (again.value, again.header_list) == (b'{"amount": 1}', (*record.header_list, MARK))
    assert "corrected" in desk.run("list").stdout
    assert b'"x"' in desk.run("show", place, "--raw", "-").stdout_bytes, "the original stays"


def test_of_two_who_replay_at_once_the_earlier_one_is_stopped_with_no_effect(desk: Desk) -> None:
    record = desk.record(desk.topics.system_events.name, b"{}")
    place = desk.set_aside(record, "dispatcher")
    (on_topic,) = desk.on(desk.topics.dead_letters.name)
    letter = read_dead_letter(list(on_topic.header_list), on_topic.value)
    earlier, later = DeadLetterReplay(desk.settings), DeadLetterReplay(desk.settings)
    earlier.take()
    later.take()
    with pytest.raises(OthersReplay):
        earlier.write([_as_it_was(letter)])
    assert len(later.write([_as_it_was(letter)])) == 1
    earlier.close()
    later.close()
    assert desk.run("replay", place, "--yes").exit_code == 1, "it is marked"
    assert len(desk.on(record.topic)) == 1


def test_a_replay_that_dies_before_its_commit_has_written_nothing(desk: Desk) -> None:
    """The transaction is abandoned with the record and its mark acknowledged and uncommitted."""
    record = desk.record(desk.topics.system_events.name, b"{}")
    place = desk.set_aside(record, "dispatcher")
    (on_topic,) = desk.on(desk.topics.dead_letters.name)
    letter = read_dead_letter(list(on_topic.header_list), on_topic.value)
    dying = producer(desk.settings, f"{desk.settings.topic_prefix}hookfleet-dead-letter-replay")
    dying.init_transactions()
    dying.begin_transaction()
    dying.send(letter.topic, key=letter.key, value=letter.value).get(timeout=10)
    dying.send(desk.topics.dead_letters.name, key=b"k", value=b"mark").get(timeout=10)
    assert desk.on(record.topic) == []
    assert desk.run("replay", place, "--yes").exit_code == 0
    dying.close(timeout=0)
    assert [each.value for each in desk.on(record.topic)] == [b"{}"]
    assert [item["replayed"] is not None for item in desk.answer("list")["items"]] == [True]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "system-events/0/99"), "no dead letter of"),
        (("show", "here"), "TOPIC/PARTITION/OFFSET"),
        (("replay",), "give --all"),
        (("replay", "a/0/0", "--all"), "give --all"),
        (("replay", "a/0/0", "b/0/0", "--value", "x"), "exactly one"),
        (("replay", "a/0/0", "--value", "-"), "give --yes"),
        (("replay", "a/0/0", "--value", "/nowhere", "--yes"), "cannot read"),
        (("list", "--since", "soon"), "no time"),
    ],
)
def test_what_stands_in_the_way_is_said_in_words(desk: Desk, arguments: tuple[str, ...], said: str) -> None:
    asked = desk.run(*arguments)
    assert asked.exit_code == 1
    assert said in asked.stderr


@pytest.mark.parametrize(
    ("brokers", "prefix", "said"),
    [
        (lambda _: "", "", "set KAFKA_BOOTSTRAP_SERVERS"),
        (lambda _: "127.0.0.1:1", "", "no broker of KAFKA_BOOTSTRAP_SERVERS takes a connection"),
        (lambda real: real, "nobody-starts-topics-so.", "there is no topic nobody-"),
    ],
)
def test_a_fleet_that_is_not_there_is_said_in_words(
    kafka_bootstrap: str, brokers: Callable[[str], str], prefix: str, said: str
) -> None:
    env = {"KAFKA_BOOTSTRAP_SERVERS": brokers(kafka_bootstrap), "HOOKFLEET_TOPIC_PREFIX": prefix}
    asked = CliRunner().invoke(app, ["dead-letters", "list"], env=env)
    assert asked.exit_code == 1
    assert said in asked.stderr


def _as_it_was(letter: DeadLetter) -> Written:
    return Written(letter, letter.value)
