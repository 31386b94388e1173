"""Sending events in requests, and one verdict an event whatever form the answer has.

A request that ingest could not take just now (503) is sent again: an event's source and id make it the same event, so
that sending twice makes nothing twice.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from deploy.cli.api_client import ApiClient, Refused
from deploy.cli.patience import patiently
from shared.core.cloud_events import BATCH_CONTENT_TYPE, CONTENT_TYPE
from shared.core.faults import Fault

_INDEX = re.compile(r"^\[(\d+)\]\.?")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one event: accepted, or refused with faults."""

    source: str
    id: str
    faults: tuple[Fault, ...] = ()

    @property
    def accepted(self) -> bool:
        return not self.faults


def send(client: ApiClient, events: list[dict[str, Any]]) -> list[Verdict]:
    """Send a batch (one event goes as a single one) and return a verdict for each event, in order.

    Raises Refused when the request as a whole was refused (key, size), Unreachable when nobody answers.
    """
    try:
        if len(events) == 1:
            _post(client, events[0], CONTENT_TYPE)
            return [_verdict(events[0])]
        answer = _post(client, events, BATCH_CONTENT_TYPE)
    except Refused as refusal:
        if refusal.status != 422:
            raise
        return [_verdict(event, _faults_at(index, refusal)) for index, event in enumerate(events)]
    faults = {each["index"]: _faults_in(each.get("errors") or ()) for each in answer["events"]}
    return [_verdict(event, faults[index]) for index, event in enumerate(events)]


def _post(client: ApiClient, body: Any, content_type: str) -> Any:
    return patiently(lambda: client.post("/v1/events", body, content_type=content_type))


def _verdict(event: dict[str, Any], faults: tuple[Fault, ...] = ()) -> Verdict:
    return Verdict(str(event["source"]), str(event["id"]), faults)


def _faults_at(index: int, refusal: Refused) -> tuple[Fault, ...]:
    """The faults of one event in the answer to a request whose every event was refused."""
    mine = tuple(
        Fault(_INDEX.sub("", fault.field), fault.message, fault.fix)
        for fault in refusal.faults
        if not (found := _INDEX.match(fault.field)) or int(found[1]) == index
    )
    return mine or (Fault("(event)", refusal.detail or refusal.title, "correct the event"),)


def _faults_in(errors: Any) -> tuple[Fault, ...]:
    return tuple(Fault(_INDEX.sub("", each["field"]), each["message"], each.get("fix", "")) for each in errors)
