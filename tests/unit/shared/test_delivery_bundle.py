"""Bundles of waiting runs: what goes together, and that it comes apart byte for byte."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.faults import InvalidInput
from shared.core.messages.delivery_bundle import (
    BUNDLE_HEADER,
    MAX_BUNDLE_BYTES,
    MAX_BUNDLE_RUNS,
    VERSION,
    Waiting,
    packed,
    unpacked,
)
from shared.core.records import OutRecord, Record

TIERS = {"1s", "4s"}
ORGANIZATION = ("organization", b"acme")
#: Bytes that a frame adds to a value where a run has no headers: how many headers, and how long the value is.
FRAMING = 8


def run(number: int, topic: str = "1s", key: bytes = b"acme/link/0", value: bytes | None = None) -> OutRecord:
    headers = [ORGANIZATION, ("due-ms", b"%d" % number)]
    return OutRecord(topic, key, b"%d" % number if value is None else value, headers)


def sized(size: int) -> OutRecord:
    """A run whose frame has ``size`` bytes."""
    return OutRecord("1s", b"k", b"x" * (size - FRAMING))


def read(record: OutRecord, *more: tuple[str, bytes]) -> Record:
    """As it is read from its topic."""
    return Record(record.topic, 0, 0, record.key, record.value, (*record.headers, *more), 0)


def runs_in(record: OutRecord) -> list[OutRecord]:
    return [OutRecord(record.topic, record.key, each.value, list(each.headers)) for each in unpacked(read(record))]


headers = st.lists(
    st.tuples(st.sampled_from(["organization", "due-ms", "x", "", "ü"]), st.binary(max_size=20)), max_size=5
)
runs = st.builds(
    OutRecord, st.sampled_from(["1s", "4s", "run-log"]), st.sampled_from([b"a", b"b"]), st.binary(max_size=40), headers
)


@given(st.lists(runs, max_size=30))
def test_what_is_packed_comes_apart_byte_for_byte_and_in_its_order(records: list[OutRecord]) -> None:
    out = packed(records, TIERS)
    assert [each for each in out if each.topic == "run-log"] == [each for each in records if each.topic == "run-log"]
    for place in {(each.topic, each.key) for each in records if each.topic in TIERS}:
        written = [each for each in out if (each.topic, each.key) == place]
        assert len(written) == 1
        assert runs_in(written[0]) == [each for each in records if (each.topic, each.key) == place]


def test_a_run_without_company_and_what_goes_to_no_tier_stay_as_they_are() -> None:
    alone = [run(1), run(2, topic="4s"), run(3, key=b"acme/other/0"), run(4, topic="run-log"), run(5, topic="run-log")]
    assert sorted(packed(alone, TIERS), key=lambda each: each.value or b"") == alone


def test_a_bundle_says_that_it_is_one_and_whose_and_not_when_it_is_due() -> None:
    (bundle,) = packed([run(1), run(2)], TIERS)
    assert (bundle.topic, bundle.key) == ("1s", b"acme/link/0")
    assert bundle.headers == [ORGANIZATION, (BUNDLE_HEADER, VERSION)]


def test_a_bundle_holds_so_many_runs_at_most() -> None:
    records = [run(number) for number in range(2 * MAX_BUNDLE_RUNS + 1)]
    out = packed(records, TIERS)
    assert [len(runs_in(each)) for each in out] == [MAX_BUNDLE_RUNS, MAX_BUNDLE_RUNS, 1]
    assert out[-1] == records[-1]
    assert [each for bundle in out for each in runs_in(bundle)] == records


def test_a_bundle_holds_so_many_bytes_at_most_and_a_larger_run_goes_alone() -> None:
    half = MAX_BUNDLE_BYTES // 2
    (full,) = packed([sized(half), sized(half)], TIERS)
    assert len(full.value or b"") == MAX_BUNDLE_BYTES
    assert packed([sized(half), sized(half + 1)], TIERS) == [sized(half), sized(half + 1)]
    large = sized(2 * MAX_BUNDLE_BYTES)
    out = packed([run(1, key=b"k"), run(2, key=b"k"), large, run(3, key=b"k"), run(4, key=b"k")], TIERS)
    assert [len(runs_in(each)) for each in out] == [2, 1, 2]
    assert out[1] == large


def test_what_has_no_value_is_in_no_bundle() -> None:
    tombstone = OutRecord("1s", b"k", None)
    assert tombstone in packed([tombstone, run(1, key=b"k"), run(2, key=b"k")], TIERS)


def test_a_header_that_a_bundle_gained_goes_to_each_of_its_runs() -> None:
    (bundle,) = packed([run(1), run(2)], TIERS)
    mark = ("dead-letter-replayed", b"true")
    assert unpacked(read(bundle, mark)) == [
        Waiting((*each.headers, mark), each.value or b"") for each in (run(1), run(2))
    ]


def bundle_of(value: bytes | None, version: bytes = VERSION) -> Record:
    return Record("1s", 0, 0, b"k", value, ((BUNDLE_HEADER, version),), 0)


NAMELESS = b"\x00\x00\x00\x01" + b"\x00\x00\x00\x01\xff" + b"\x00\x00\x00\x00" + b"\x00\x00\x00\x00"
EMPTY = b"\x00" * FRAMING


@pytest.mark.parametrize(
    "malformed",
    [
        bundle_of(None),
        bundle_of(b""),
        bundle_of(b"{}"),
        bundle_of(EMPTY, b"2"),
        bundle_of(EMPTY + b"\x00"),
        bundle_of(b"\xff" * 100),
        bundle_of(NAMELESS),
        bundle_of(EMPTY * (MAX_BUNDLE_RUNS + 1)),
    ],
    ids=["no value", "no runs", "no frames", "version", "rest", "beyond its end", "name not UTF-8", "too many"],
)
def test_a_malformed_bundle_is_invalid(malformed: Record) -> None:
    with pytest.raises(InvalidInput):
        unpacked(malformed)


def test_the_smallest_runs_make_the_largest_number() -> None:
    assert unpacked(bundle_of(EMPTY * MAX_BUNDLE_RUNS)) == [Waiting((), b"")] * MAX_BUNDLE_RUNS


@given(st.integers(1, 10_000))
def test_a_bundle_that_was_cut_off_is_invalid_unless_it_ends_with_a_run(cut: int) -> None:
    (bundle,) = packed([run(1), run(2), run(3)], TIERS)
    value = bundle.value or b""
    ends = [len(value) * kept // 3 for kept in (1, 2)]
    left = value[: -(cut % len(value) or 1)]
    if len(left) in ends:
        assert len(unpacked(bundle_of(left))) == ends.index(len(left)) + 1
    else:
        with pytest.raises(InvalidInput):
            unpacked(bundle_of(left))
