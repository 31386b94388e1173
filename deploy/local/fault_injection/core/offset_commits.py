"""What a consumer group committed and when, from the records of ``__consumer_offsets``.

Key and value are Kafka's `OffsetCommitKey` and `OffsetCommitValue`; from version 4 on, strings have variable lengths.
Other records of the topic (group metadata, tombstones, transactions) are passed over.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable

from deploy.local.fault_injection.core.duplicate_bound import Commit
from shared.core.offset_tracking import decode_finished
from shared.core.records import Record

TOPIC = "__consumer_offsets"
_KEY_VERSIONS = (0, 1)
_FIRST_FLEXIBLE_VERSION = 4


def commits_of(group: str, records: Iterable[Record]) -> list[Commit]:
    """Every commit of ``group``, in the order of ``records``."""
    found = []
    for record in records:
        if record.key is None or record.value is None or struct.unpack_from(">h", record.key)[0] not in _KEY_VERSIONS:
            continue
        said, place = _string(record.key, 2)
        topic, place = _string(record.key, place)
        if said == group:
            found.append(_commit((topic, struct.unpack_from(">i", record.key, place)[0]), record.value))
    return found


def _commit(partition: tuple[str, int], value: bytes) -> Commit:
    version, offset, _leader_epoch = struct.unpack_from(">hqi", value)
    read = _string if version < _FIRST_FLEXIBLE_VERSION else _compact_string
    metadata, place = read(value, 14)
    return Commit(struct.unpack_from(">q", value, place)[0], partition, offset, decode_finished(offset, metadata))


def _string(raw: bytes, place: int) -> tuple[str, int]:
    """The string at ``place``, and where it ends."""
    begin = place + 2
    end = begin + struct.unpack_from(">h", raw, place)[0]
    return raw[begin:end].decode(), end


def _compact_string(raw: bytes, place: int) -> tuple[str, int]:
    length = shift = 0
    while raw[place] >= 0x80:
        length |= (raw[place] & 0x7F) << shift
        shift += 7
        place += 1
    length |= raw[place] << shift
    end = place + length  # the number is one more than the length, and the byte read last counts too
    return raw[place + 1 : end].decode(), end
