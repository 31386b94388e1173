"""Runs that wait together travel together: delivery requests of one key, bound for one retry tier, in one record.

A tier is a queue whose records all wait equally long, so what goes in within a second comes out within a second. Where
thousands of runs wait for one receiver, a record a run and hop would be a burst of records at every hop; a bundle makes
it a burst of runs in few records. Each run keeps its own headers, due time and value, byte for byte: a bundle is taken
apart wherever its hop is over, and each run goes its own way from there.

**Framing.** The value is one run after another: the number of its headers, name and value of each, and its value.
Numbers are four bytes, big-endian; each name and value has its length before it. No JSON, because a body that is moved
must not be rebuilt. The version stands in a header; more runs or another framing are another version.

**No due time** stands beside a bundle, on purpose. A dispatcher that does not know bundles would move one on as if it
were a run, to a stage that can do nothing with it. As it is, it sets the record aside at once, unchanged, and
``hookfleet dead-letters replay`` brings it back once a newer dispatcher runs.

What this module refuses to know: when a run is due, and which topics are tiers.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from struct import Struct
from typing import Final

from shared.core.faults import Fault, InvalidInput
from shared.core.messages.base import ORGANIZATION_HEADER
from shared.core.records import OutRecord, Record

#: Says that a record is a bundle, and of which version.
BUNDLE_HEADER: Final = "bundle"
VERSION: Final = b"1"
#: Runs in one bundle. A hop that is done again after a crash repeats this many at most.
MAX_BUNDLE_RUNS: Final = 100
#: Bytes of a bundle's value, an eighth of what a topic takes; a run that is larger goes alone.
MAX_BUNDLE_BYTES: Final = 256 * 1024

_NUMBER: Final = Struct("!I")
_FIX: Final = "only the dispatcher writes this topic"


@dataclass(frozen=True, slots=True)
class Waiting:
    """One run as it stands in a tier, without its key."""

    headers: tuple[tuple[str, bytes], ...]
    value: bytes


def packed(records: Sequence[OutRecord], tiers: Collection[str]) -> list[OutRecord]:
    """``records`` with those that go to the same one of ``tiers`` under the same key in bundles, their order kept.

    One that has no company stays as it is. Bundles come after all that goes elsewhere.
    """
    out: list[OutRecord] = []
    waiting: dict[tuple[str, bytes], list[OutRecord]] = {}
    for record in records:
        if record.topic in tiers and record.value is not None:
            waiting.setdefault((record.topic, record.key), []).append(record)
        else:
            out.append(record)
    for together in waiting.values():
        out += _bundles(together)
    return out


def is_bundle(headers: Mapping[str, bytes]) -> bool:
    """Whether a record with these headers is a bundle. Raises InvalidInput for one of a version not known here."""
    version = headers.get(BUNDLE_HEADER)
    if version is None:
        return False
    if version != VERSION:
        fix = "replay the dead letter once all dispatchers are of the newer version"
        raise InvalidInput([Fault(f"header {BUNDLE_HEADER}", "a version that is not known here", fix)])
    return True


def unpacked(record: Record) -> list[Waiting]:
    """The runs in a record of a tier; one that is no bundle is its own only run. Raises InvalidInput.

    What a bundle got beside its own headers, such as the mark of a replayed dead letter, goes to each of its runs.
    """
    headers = record.headers
    if record.value is None:
        raise InvalidInput([Fault("(value)", "missing", _FIX)])
    if not is_bundle(headers):
        return [Waiting(record.header_list, record.value)]
    gained = tuple(each for each in record.header_list if each[0] not in (BUNDLE_HEADER, ORGANIZATION_HEADER))
    reader = _Reader(record.value)
    runs: list[Waiting] = []
    while not reader.is_at_end:
        if len(runs) == MAX_BUNDLE_RUNS:
            raise _malformed(f"more than {MAX_BUNDLE_RUNS} runs")
        own = tuple((reader.text(), reader.sized()) for _ in range(reader.number()))
        runs.append(Waiting(own + gained, reader.sized()))
    if not runs:
        raise _malformed("no runs")
    return runs


def _bundles(records: Sequence[OutRecord]) -> Iterator[OutRecord]:
    """``records``, all of one topic and key, in as few as may be."""
    together: list[OutRecord] = []
    frames: list[bytes] = []
    size = 0
    for record in records:
        frame = _frame(record)
        if together and (len(together) == MAX_BUNDLE_RUNS or size + len(frame) > MAX_BUNDLE_BYTES):
            yield _bundle(together, frames)
            together, frames, size = [], [], 0
        together.append(record)
        frames.append(frame)
        size += len(frame)
    yield _bundle(together, frames)


def _bundle(records: Sequence[OutRecord], frames: Sequence[bytes]) -> OutRecord:
    first = records[0]
    if len(records) == 1:
        return first
    organization = [each for each in first.headers if each[0] == ORGANIZATION_HEADER]
    return OutRecord(first.topic, first.key, b"".join(frames), [*organization, (BUNDLE_HEADER, VERSION)])


def _frame(record: OutRecord) -> bytes:
    parts = [_NUMBER.pack(len(record.headers))]
    for name, raw in record.headers:
        said = name.encode()
        parts += (_NUMBER.pack(len(said)), said, _NUMBER.pack(len(raw)), raw)
    value = record.value or b""
    parts += (_NUMBER.pack(len(value)), value)
    return b"".join(parts)


class _Reader:
    """Takes a bundle's value apart, from its beginning. Raises InvalidInput where it does not hold what it says."""

    def __init__(self, raw: bytes) -> None:
        self._raw = raw
        self._place = 0

    @property
    def is_at_end(self) -> bool:
        return self._place == len(self._raw)

    def number(self) -> int:
        (number,) = _NUMBER.unpack(self._next(_NUMBER.size))
        return int(number)

    def sized(self) -> bytes:
        return self._next(self.number())

    def text(self) -> str:
        try:
            return self.sized().decode()
        except UnicodeDecodeError:
            raise _malformed("a header's name is not UTF-8") from None

    def _next(self, count: int) -> bytes:
        begin, self._place = self._place, self._place + count
        if self._place > len(self._raw):
            raise _malformed("it ends within a run")
        return self._raw[begin : self._place]


def _malformed(what: str) -> InvalidInput:
    return InvalidInput([Fault("(value)", f"no bundle of waiting runs: {what}", _FIX)])
