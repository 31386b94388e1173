"""Records set aside: nothing of them is lost, and no topic refuses them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, ValidationError

from shared.adapters.dead_letter_box import DeadLetterBox
from shared.core.dead_letters import (
    CUT_BYTES,
    MAX_DETAIL_CHARS,
    DeadLetter,
    Reason,
    Replay,
    read_dead_letter,
    read_entry,
)
from shared.core.faults import Fault, InfrastructureError, InvalidInput
from shared.core.records import OutRecord, Record
from shared.core.topics import MAX_RECORD_BYTES

_HEADERS = st.lists(st.tuples(st.text(st.characters(codec="utf-8"), max_size=20), st.binary(max_size=20)), max_size=5)


def record(
    value: bytes | None = b"bytes", headers: tuple[tuple[str, bytes], ...] = (), key: bytes | None = b"k"
) -> Record:
    return Record("deliveries", 3, 17, key, value, headers, 0)


@given(st.none() | st.binary(), st.none() | st.binary(), _HEADERS, st.text())
def test_a_dead_letter_survives_the_topic(
    key: bytes | None, value: bytes | None, headers: list[tuple[str, bytes]], detail: str
) -> None:
    clean = detail.encode("utf-8", "replace").decode()
    letter = DeadLetter("t", 3, 17, "dispatcher", Reason.INVALID, clean, key, value, tuple(headers))
    assert read_dead_letter(letter.headers(), value) == letter


def test_headers_that_look_like_ours_come_back_as_the_senders() -> None:
    original = (("dead-letter-topic", b"forged"), ("original-x", b"1"), ("x", b"2"), ("x", b"3"))
    letter = DeadLetter("t", 0, 0, "s", Reason.INVALID, "d", None, None, original)
    assert read_dead_letter(letter.headers(), None) == letter


@pytest.mark.parametrize("corrected", [True, False])
def test_a_replay_survives_the_topic_beside_the_dead_letter_it_is_about(corrected: bool) -> None:
    letter = DeadLetter("t", 3, 17, "s", Reason.INVALID, "d", None, None, (("dead-letter-replayed-offset", b"9"),))
    replay = Replay("t", 3, 17, 0, 20, corrected)
    assert read_entry(replay.headers(), None) == replay
    assert read_entry(letter.headers(), None) == letter
    assert replay.record_key() == letter.record_key(), "so that it stands behind it"


def test_of_a_long_detail_the_end_is_kept() -> None:
    letter = DeadLetter("t", 0, 0, "s", Reason.INTERNAL, "x" * MAX_DETAIL_CHARS + "the end", None, None, ())
    kept = read_dead_letter(letter.headers(), None).detail
    assert len(kept) == MAX_DETAIL_CHARS
    assert kept.endswith("the end")


def size(out: OutRecord) -> int:
    return out.size


@pytest.mark.parametrize(
    "too_large",
    [
        record(value=b"x" * MAX_RECORD_BYTES),
        record(value=b"x" * (50 * 1024 * 1024)),
        record(key=b"k" * MAX_RECORD_BYTES),
        record(headers=tuple((f"{number}", b"") for number in range(300_000))),
    ],
    ids=["as-large-as-topics-take", "larger-uncompressed", "key", "headers"],
)
def test_a_record_too_large_for_its_dead_letter_is_cut_and_says_so(too_large: Record) -> None:
    out = DeadLetterBox("dead-letters", "dispatcher").letter(too_large, InvalidInput([]))
    assert size(out) <= MAX_RECORD_BYTES
    letter = read_dead_letter(out.headers, out.value)
    assert "too large to keep" in letter.detail
    assert letter.cut
    assert (letter.topic, letter.partition, letter.offset) == ("deliveries", 3, 17)
    assert letter.value == (too_large.value or b"")[:CUT_BYTES]


def test_a_record_with_room_to_spare_is_kept_whole() -> None:
    whole = record(value=b"x" * (MAX_RECORD_BYTES - 100 * 1024), headers=(("a", b"b"),))
    out = DeadLetterBox("dead-letters", "dispatcher").letter(whole, ValueError("x" * 100_000))
    assert size(out) <= MAX_RECORD_BYTES
    letter = read_dead_letter(out.headers, out.value)
    assert (letter.value, letter.original_headers) == (whole.value, whole.header_list)


class _Model(BaseModel):
    amount: int


def _validation_error() -> ValidationError:
    with pytest.raises(ValidationError) as caught:
        _Model.model_validate({"amount": "s3cret"})
    return caught.value


@pytest.mark.parametrize(
    ("error", "reason", "detail"),
    [
        (InvalidInput([Fault("a.b", "is wrong", "mend it")]), Reason.INVALID, "a.b: is wrong; mend it"),
        (_validation_error(), Reason.INVALID, "amount: "),
        (ZeroDivisionError("ours"), Reason.INTERNAL, "ZeroDivisionError: ours"),
    ],
)
def test_what_was_raised_decides_whose_fault_it_is(error: Exception, reason: Reason, detail: str) -> None:
    out = DeadLetterBox("dead-letters", "dispatcher").letter(record(headers=(("h", b"1"),)), error)
    letter = read_dead_letter(out.headers, out.value)
    assert (out.topic, out.key) == ("dead-letters", b"deliveries")
    assert (letter.service, letter.reason, letter.key, letter.value) == ("dispatcher", reason, b"k", b"bytes")
    assert letter.original_headers == (("h", b"1"),)
    assert detail in letter.detail
    assert "s3cret" not in letter.detail


def test_a_guard_sets_a_bad_record_aside_and_goes_on() -> None:
    box = DeadLetterBox("dead-letters", "dispatcher")
    aside: list[OutRecord] = []
    with box.guard(record(), aside.append):
        int("no number")
    with box.guard(record(), aside.append):
        pass
    assert len(aside) == 1


def test_a_guard_lets_a_failure_of_the_infrastructure_through() -> None:
    aside: list[OutRecord] = []
    with (
        pytest.raises(InfrastructureError),
        DeadLetterBox("dead-letters", "dispatcher").guard(record(), aside.append),
    ):
        raise InfrastructureError("the broker is away")
    assert aside == []
