"""A record as handlers see it: what Kafka says about a message, without Kafka."""

from dataclasses import dataclass, field

from shared.core.faults import Fault, InvalidInput


@dataclass(frozen=True, slots=True)
class Record:
    """A record that was read. ``timestamp_ms`` is the producer's time, or the broker's on append-time topics.

    ``fault`` says what in the record itself breaks Kafka's own format, so that it can only be set aside.
    """

    topic: str
    partition: int
    offset: int
    key: bytes | None
    value: bytes | None
    header_list: tuple[tuple[str, bytes], ...]
    timestamp_ms: int
    fault: Fault | None = None

    @property
    def headers(self) -> dict[str, bytes]:
        """Headers by name; of a repeated name the last one counts. Raises InvalidInput when the record has a fault."""
        self.check()
        return dict(self.header_list)

    def check(self) -> None:
        """Raises InvalidInput when the record has a fault; for readers that need no header."""
        if self.fault is not None:
            raise InvalidInput([self.fault])


@dataclass(frozen=True, slots=True)
class OutRecord:
    """A record to be written. No value is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    headers: list[tuple[str, bytes]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Bytes this record holds in memory, roughly."""
        size = len(self.key) + len(self.value or b"")
        for name, raw in self.headers:
            size += len(name) + len(raw)
        return size
