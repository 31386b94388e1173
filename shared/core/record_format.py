"""One record of a batch, read from its bytes as Kafka lays them out, whatever the names of its headers are.

The protocol says that a header's name is UTF-8, but brokers only look at its length, and clients that decode names
stop for ever at one that is not. What they are given instead is read here: bytes that are not UTF-8 stand as ``\\xff``
in an `EscapedName`; key, value and everything else are kept byte for byte. Structure and lengths are right, because
brokers check them. The layout is that of Kafka's message format 2.
"""

from dataclasses import dataclass
from typing import Final

from shared.core.faults import Fault

#: What is wrong with a record that has an escaped name.
NOT_UTF8: Final = Fault("(headers)", "a name is not UTF-8", "send names in UTF-8; other bytes stand as \\xNN here")


class EscapedName(str):
    """A header's name that is not what was sent, because that was not UTF-8."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RawRecord:
    """``length`` is in bytes, without the length itself; ``end`` is the position behind the record. Timestamp (ms) and
    offset are counted from those of the batch."""

    length: int
    timestamp_delta: int
    offset_delta: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    end: int


def read_raw_record(buffer: bytearray, position: int) -> RawRecord:
    """The record that begins at ``position`` of a batch's uncompressed records. Raises IndexError where none does."""
    length, start = _varint(buffer, position)
    timestamp_delta, position = _varint(buffer, start + 1)  # behind the attributes, of which there are none yet
    offset_delta, position = _varint(buffer, position)
    key, position = _field(buffer, position)
    value, position = _field(buffer, position)
    count, position = _varint(buffer, position)
    headers = []
    for _ in range(count):
        name, position = _field(buffer, position)
        content, position = _field(buffer, position)
        headers.append((_name(name or b""), content))
    return RawRecord(length, timestamp_delta, offset_delta, key, value, headers, start + length)


def _name(sent: bytes) -> str:
    try:
        return sent.decode()
    except UnicodeDecodeError:
        return EscapedName(sent.decode("utf-8", "backslashreplace"))


def _field(buffer: bytearray, position: int) -> tuple[bytes | None, int]:
    """Bytes with their length before them, and the position behind; a length of -1 means none."""
    length, position = _varint(buffer, position)
    if length < 0:
        return None, position
    return bytes(buffer[position : position + length]), position + length


def _varint(buffer: bytearray, position: int) -> tuple[int, int]:
    """A number in seven bits a byte, the lowest first, its sign in the last bit (zigzag); and the position behind."""
    value = shift = 0
    while True:
        byte = buffer[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return (value >> 1) ^ -(value & 1), position
        shift += 7
