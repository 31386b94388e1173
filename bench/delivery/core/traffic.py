"""What is configured and what is sent: targets, events of exactly one kilobyte, and the run ids they lead to.

Each event has the type of one target and so leads to one delivery. A point's events carry its name in their ids, so
that its deliveries are told apart from every other point's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from shared.core.cloud_events import CONTENT_TYPE
from shared.core.identifiers import run_id_of_event
from shared.core.messages.base import ORGANIZATION_HEADER
from shared.core.records import OutRecord
from shared.core.topics import system_event_key

ORGANIZATION: Final = "bench"
SOURCE: Final = "/bench"
EVENT_BYTES: Final = 1_024
CREDENTIAL: Final = "bench-signature"
_TIME: Final = "2030-01-31T12:00:00.000Z"


@dataclass(frozen=True, slots=True)
class Target:
    """One integration with a rule and a webhook of its own. ``settings`` are further fields of the integration;
    ``active`` is the webhook's."""

    id: str
    url: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    active: bool = True

    @property
    def event_type(self) -> str:
        return f"bench.{self.id}"


def targets(group: str, urls: Sequence[str], settings: Mapping[str, Any] | None = None) -> list[Target]:
    """A target for each URL, named ``group-0`` and so on."""
    return [Target(f"{group}-{index}", f"{url}/hooks", settings or {}) for index, url in enumerate(urls)]


def resources(wanted: Sequence[Target]) -> list[dict[str, Any]]:
    """What to apply: one credential for all, and three resources a target. Integrations are never disabled."""
    documents: list[dict[str, Any]] = [
        {"kind": "credential", "id": CREDENTIAL, "spec": {"kind": "hmac", "name": "Signs every request"}}
    ]
    for each in wanted:
        webhook = {"name": each.id, "url": each.url, "credentials": [CREDENTIAL], "active": each.active}
        integration = {"name": each.id, "rule": each.id, "webhook": each.id, "disable": {"failed_runs": 1000}}
        documents += [
            {"kind": "notification-rule", "id": each.id, "spec": {"name": each.id, "event_type": each.event_type}},
            {"kind": "webhook", "id": each.id, "spec": webhook},
            {"kind": "integration", "id": each.id, "spec": {**integration, **each.settings}},
        ]
    return documents


@dataclass(frozen=True, slots=True)
class Traffic:
    """``count`` events of one point, dealt out to its targets in turn."""

    point: str
    targets: Sequence[Target]
    count: int

    def target(self, number: int) -> Target:
        return self.targets[number % len(self.targets)]

    def event_id(self, number: int) -> str:
        return f"{self.point}-{number:09d}"

    def event(self, number: int) -> bytes:
        """A structured CloudEvent of `EVENT_BYTES`."""
        head = (
            f'{{"specversion":"1.0","id":"{self.event_id(number)}","source":"{SOURCE}",'
            f'"type":"{self.target(number).event_type}","time":"{_TIME}","organization":"{ORGANIZATION}",'
            f'"data":{{"number":{number},"text":"'
        )
        return (head + _filler(number, EVENT_BYTES - len(head) - 3) + '"}}').encode()

    def records(self, topic: str) -> Iterator[OutRecord]:
        """The events as ingest puts them onto ``topic``."""
        for number in range(self.count):
            yield OutRecord(
                topic,
                system_event_key(ORGANIZATION, None, self.event_id(number)),
                self.event(number),
                [(ORGANIZATION_HEADER, ORGANIZATION.encode()), ("content-type", CONTENT_TYPE.encode())],
            )

    def run_ids(self) -> dict[str, int]:
        """The number of the event behind each webhook-id that must arrive."""
        return {
            run_id_of_event(ORGANIZATION, SOURCE, self.event_id(number), self.target(number).id): number
            for number in range(self.count)
        }


def _filler(number: int, length: int) -> str:
    """Text that differs from event to event, as data does, so that records do not compress to nothing."""
    words = "".join(f"{(number * 2_654_435_761 + place * 40_503_511) % 4_294_967_296:08x} " for place in range(114))
    return words[:length]
