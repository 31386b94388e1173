"""A record read from its bytes, against what kafka-python writes."""

from hypothesis import given
from hypothesis import strategies as st
from kafka.record.default_records import DefaultRecordBatch, DefaultRecordBatchBuilder

from shared.core.record_format import EscapedName, RawRecord, read_raw_record
from tests.header_names import NotUtf8

Headers = list[tuple[str, bytes | None]]
BYTES = st.none() | st.binary(max_size=300)
NAMES = st.text(st.characters(codec="utf-8"), max_size=40)
RECORDS = st.lists(
    st.tuples(st.integers(0, 2**40), BYTES, BYTES, st.lists(st.tuples(NAMES, BYTES), max_size=4)),
    min_size=1,
    max_size=5,
)


def read_all(records: list[tuple[int, bytes | None, bytes | None, Headers]]) -> list[RawRecord]:
    """Written in one batch by kafka-python, and read by us to the last byte."""
    builder = DefaultRecordBatchBuilder(2, 0, 0, -1, -1, -1, 1_000_000)
    for offset, record in enumerate(records):
        builder.append(offset, *record)
    written = bytearray(builder.build())
    position, found = DefaultRecordBatch.HEADER_STRUCT.size, []
    while position < len(written):
        found.append(read_raw_record(written, position))
        position = found[-1].end
    return found


@given(RECORDS)
def test_what_is_read_is_what_was_written(records: list[tuple[int, bytes | None, bytes | None, Headers]]) -> None:
    found = read_all(records)
    first_timestamp = records[0][0]
    assert [(first_timestamp + r.timestamp_delta, r.key, r.value, r.headers) for r in found] == records
    assert [r.offset_delta for r in found] == list(range(len(records)))
    assert not any(isinstance(name, EscapedName) for r in found for name, _ in r.headers)


def test_a_name_that_is_not_utf8_is_escaped_and_marked_and_nothing_else_is_touched() -> None:
    headers: Headers = [("first", b"1"), (NotUtf8(), b"\x00\xff"), ("last", None)]
    before, bad, after = read_all([(0, b"k", b"v", []), (0, b"k", b"\xff", headers), (0, None, None, [("a", b"")])])
    assert (bad.key, bad.value) == (b"k", b"\xff")
    assert bad.headers == [("first", b"1"), ("trace-\\xff\\xfe", b"\x00\xff"), ("last", None)]
    assert [isinstance(name, EscapedName) for name, _ in bad.headers] == [False, True, False]
    assert (before.headers, after.headers) == ([], [("a", b"")])
