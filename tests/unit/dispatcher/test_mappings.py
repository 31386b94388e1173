"""Mappings as sending finds them: one answer to one question, whatever the history that led to it."""

import pickle

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.configuration import Configuration
from services.dispatcher.core.mappings import Mappings
from services.dispatcher.tables import apply_config
from shared.core.faults import InvalidInput
from shared.core.identifiers import mapping_id
from shared.core.records import Record
from shared.core.resources import Kind, Mapping, NotificationRule, Resource
from shared.core.topics import config_key

QUESTIONS = [("bill", f"b-{number}", "ledger", "invoices") for number in range(3)]
DERIVED = [mapping_id(*question) for question in QUESTIONS]


def raw(question: tuple[str, str, str, str], external_id: str, resource_id: str = "m") -> bytes:
    entity_type, entity_id, external_system, external_table = question
    return Resource(
        kind=Kind.MAPPING,
        organization="acme",
        id=resource_id,
        spec=Mapping(
            entity_type=entity_type,
            entity_id=entity_id,
            external_system=external_system,
            external_table=external_table,
            external_id=external_id,
        ),
        created_ms=1,
        updated_ms=2,
    ).encode()


def test_an_answer_is_found_by_all_four_parts_of_the_question() -> None:
    mappings = Mappings()
    mappings.apply("acme", "m", raw(QUESTIONS[0], "Ünï 7"))
    assert mappings.find("acme", *QUESTIONS[0]) == "Ünï 7"
    for place in range(4):
        other = [*QUESTIONS[0]]
        other[place] += "x"
        assert mappings.find("acme", *other) is None
    assert mappings.find("other", *QUESTIONS[0]) is None


@pytest.mark.parametrize("resource_id", ["chosen", DERIVED[0], DERIVED[1], DERIVED[0].replace("-", "")])
def test_a_mapping_may_be_edited_moved_and_deleted_whatever_its_id(resource_id: str) -> None:
    mappings = Mappings()
    mappings.apply("acme", resource_id, raw(QUESTIONS[0], "old"))
    mappings.apply("acme", resource_id, raw(QUESTIONS[0], "new"))
    assert mappings.find("acme", *QUESTIONS[0]) == "new"
    mappings.apply("acme", resource_id, raw(QUESTIONS[1], "moved"))
    assert mappings.find("acme", *QUESTIONS[0]) is None
    assert mappings.find("acme", *QUESTIONS[1]) == "moved"
    mappings.apply("acme", resource_id, None)
    assert mappings.find("acme", *QUESTIONS[1]) is None


def test_two_that_trade_questions_keep_both_answers() -> None:
    mappings = Mappings()
    mappings.apply("acme", "a", raw(QUESTIONS[0], "A"))
    mappings.apply("acme", "b", raw(QUESTIONS[1], "B"))
    mappings.apply("acme", "a", raw(QUESTIONS[1], "A"))
    mappings.apply("acme", "b", raw(QUESTIONS[0], "B"))
    assert [mappings.find("acme", *question) for question in QUESTIONS] == ["B", "A", None]


def test_a_deletion_of_what_was_never_there_takes_no_answer_away() -> None:
    """A compacted topic keeps the tombstone of a record that it no longer holds."""
    mappings = Mappings()
    mappings.apply("acme", DERIVED[0], raw(QUESTIONS[0], "kept"))
    mappings.apply("acme", "chosen", raw(QUESTIONS[1], "kept too"))
    for gone in ("gone", DERIVED[0].replace("-", ""), DERIVED[1], "x"):
        mappings.apply("acme", gone, None)
        mappings.apply("nobody", gone, None)
    assert [mappings.find("acme", *question) for question in QUESTIONS] == ["kept", "kept too", None]


def test_a_deleted_mapping_leaves_nothing_behind() -> None:
    def size_after(ids: list[str]) -> int:
        mappings = Mappings()
        for resource_id in ids:
            mappings.apply("acme", resource_id, raw(QUESTIONS[0], "x"))
            mappings.apply("acme", resource_id, None)
        return len(pickle.dumps(mappings))

    assert size_after([*DERIVED, "x", "y", "z"]) == size_after(["x"])


@pytest.mark.parametrize(
    "value",
    [b"", b"[]", b"{}", b'{"spec": 7}', b'{"spec": {}}', raw(QUESTIONS[0], "x").replace(b'"x"', b"7")],
)
def test_what_is_no_mapping_changes_nothing(value: bytes) -> None:
    mappings = Mappings()
    mappings.apply("acme", "m", raw(QUESTIONS[0], "kept"))
    with pytest.raises(InvalidInput):
        mappings.apply("acme", "m", value)
    assert mappings.find("acme", *QUESTIONS[0]) == "kept"


def test_a_newer_writers_fields_are_skipped() -> None:
    mappings = Mappings()
    document = orjson.loads(raw(QUESTIONS[0], "found"))
    document["spec"]["colour"] = 7
    mappings.apply("acme", "m", orjson.dumps(document))
    assert mappings.find("acme", *QUESTIONS[0]) == "found"


def test_the_config_table_feeds_mappings_and_remembers_what_matches() -> None:
    """An import of very many must not make every event's rules be worked out again."""
    configuration = Configuration()
    rule = Resource(
        kind=Kind.NOTIFICATION_RULE,
        organization="acme",
        id="r",
        spec=NotificationRule(name="R", event_type="bill.created"),
        created_ms=1,
        updated_ms=1,
    )
    key = config_key(Kind.NOTIFICATION_RULE.value, "acme", "r")
    apply_config(configuration, Record("config", 0, 0, key, rule.encode(), (), 0))
    remembered = configuration.rules_for("acme", "bill.created")
    key = config_key(Kind.MAPPING.value, "acme", "m")
    apply_config(configuration, Record("config", 0, 1, key, raw(QUESTIONS[0], "found"), (), 0))
    assert configuration.mappings.find("acme", *QUESTIONS[0]) == "found"
    assert configuration.rules_for("acme", "bill.created") is remembered


IDS = st.sampled_from([*DERIVED, "x", "y"])
#: A transaction: what each of some mappings answers from then on; None deletes it.
TRANSACTIONS = st.lists(
    st.dictionaries(IDS, st.none() | st.sampled_from(range(len(QUESTIONS))), max_size=4), max_size=12
)


@given(TRANSACTIONS, st.integers(0, 60))
def test_every_history_that_ingest_admits_ends_in_the_same_answers(
    transactions: list[dict[str, int | None]], compacted: int
) -> None:
    """Read from the first record, or later from a topic whose head was compacted."""
    standing: dict[str, tuple[int, str]] = {}
    history: list[tuple[str, bytes | None]] = []
    for transaction in transactions:
        after = dict(standing)
        records = []
        for resource_id, asked in transaction.items():
            answer = f"{resource_id}@{len(history)}"
            after.pop(resource_id, None)
            if asked is not None:
                after[resource_id] = (asked, answer)
            records.append((resource_id, None if asked is None else raw(QUESTIONS[asked], answer, resource_id)))
        if len({asked for asked, _ in after.values()}) == len(after):
            standing = after
            history += records
    head, tail = history[:compacted], history[compacted:]
    last = {resource_id: place for place, (resource_id, _) in enumerate(head)}
    kept = [record for place, record in enumerate(head) if last[record[0]] == place]
    expected: list[str | None] = [None] * len(QUESTIONS)
    for asked, answer in standing.values():
        expected[asked] = answer
    for records in (history, kept + tail):
        mappings = Mappings()
        for resource_id, value in records:
            mappings.apply("acme", resource_id, value)
        assert [mappings.find("acme", *question) for question in QUESTIONS] == expected
