"""Reading what Kafka keeps about a consumer group: its commits and its rebalances."""

from __future__ import annotations

import struct

import pytest

from deploy.local.fault_injection.core.duplicate_bound import Commit
from deploy.local.fault_injection.core.offset_commits import TOPIC, commits_of
from deploy.local.fault_injection.core.rebalances import rebalances_ms
from shared.core.offset_tracking import encode_finished
from shared.core.records import Record

AT_MS = 1_700_000_000_123
LONG = frozenset(range(12, 400, 2))


def text(said: str) -> bytes:
    return struct.pack(">h", len(said)) + said.encode()


def compact(said: str) -> bytes:
    length = len(said) + 1
    varint = bytes([length]) if length < 0x80 else bytes([length & 0x7F | 0x80, length >> 7])
    return varint + said.encode()


def record(key: bytes | None, value: bytes | None) -> Record:
    return Record(TOPIC, 0, 0, key, value, (), AT_MS)


def key(group: str = "send", version: int = 1) -> bytes:
    return struct.pack(">h", version) + text(group) + text("deliveries") + struct.pack(">i", 3)


def value(version: int, above: frozenset[int]) -> bytes:
    metadata = encode_finished(10, above)
    said = text(metadata) if version < 4 else compact(metadata)
    return struct.pack(">hqi", version, 10, -1) + said + struct.pack(">q", AT_MS)


@pytest.mark.parametrize("version", [3, 4])
@pytest.mark.parametrize("above", [frozenset(), frozenset({12, 13}), LONG])
def test_a_commit_is_read_with_what_it_says_is_finished_above(version: int, above: frozenset[int]) -> None:
    (found,) = commits_of("send", [record(key(), value(version, above))])
    assert found == Commit(AT_MS, ("deliveries", 3), 10, above)


def test_other_groups_other_records_and_tombstones_are_passed_over() -> None:
    others = [record(key("match"), value(4, LONG)), record(key(version=2), b""), record(key(), None), record(None, b"")]
    assert commits_of("send", others) == []


LOG = """\
2026-11-22T12:47:39.388026660Z group-coordinator-3 INFO [GroupCoordinator id=1] Preparing to rebalance group hf-send in
2026-11-22T12:47:39.388026660Z group-coordinator-3 INFO [GroupCoordinator id=1] Stabilized group hf-send generation 1
2026-11-22T12:47:40.001999999Z group-coordinator-2 INFO [GroupCoordinator id=1] Stabilized group hf-match generation 2
2026-11-22T12:47:41.5Z group-coordinator-2 INFO Assignment received from leader for group hf-send for generation 2
2026-11-22T12:47:42.250000001Z group-coordinator-3 INFO [GroupCoordinator id=1] Stabilized group hf-send generation 2
"""


def test_a_rebalance_is_over_when_the_coordinator_calls_the_group_stable() -> None:
    first, second = rebalances_ms(LOG, "hf-send")
    assert first % 1_000 == 388
    assert second - first == 2_862
