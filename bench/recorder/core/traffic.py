"""The records of many runs, made fast: each kind is encoded once by the fleet's own models, then only what differs
between runs is put in.

A run is four records, as it is for most: the system event with a body of about 1 KB, what it matched, one attempt with
the exchange, and the outcome. One run in ten fails, so that errors, alerts and their listings have something to show.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from shared.core.cloud_events import CONTENT_TYPE
from shared.core.identifiers import event_id_of_run
from shared.core.messages.base import EventRef
from shared.core.messages.delivery import AttemptSummary, Trigger
from shared.core.messages.integration_events import (
    PERFORM_ERROR,
    RUN_COMPLETED,
    CodeOrigin,
    Entity,
    ErrorDetail,
    IntegrationEvent,
    RunOutcome,
    RunStatus,
)
from shared.core.messages.run_log import (
    AttemptRecord,
    Body,
    Exchange,
    HttpRequestRecord,
    HttpResponseRecord,
    MatchRecord,
    PlannedRun,
    RunFacts,
    Stage,
    StageName,
)
from shared.core.records import OutRecord
from shared.core.resources import Integration, Kind, Resource
from shared.core.topics import Topics, config_key, integration_key, match_key, run_key, system_event_key

ORGANIZATION: Final = "bench"
SOURCE: Final = "/bench"
EVENT_TYPE: Final = "billing.bill.created"
INTEGRATIONS: Final = 50
SUBJECTS: Final = 10_000
RECORDS_A_RUN: Final = 4
#: One run in so many fails.
FAILS_ONE_IN: Final = 10
#: Records are spread over this time before now, so that listings by time have something to choose from. It is less than
#: any record is kept.
SPREAD_MS: Final = 6 * 86_400_000

# What stands in the encoded records where runs differ. Times are thirteen digits, as those put in are.
_EVENT, _RUN, _OUTCOME = "event--here", "run--here", "outcome--here"
_INTEGRATION, _RULE, _SUBJECT = "integration--here", "rule--here", "subject--here"
_ACCEPTED, _STARTED, _ENDED = 1_111_111_111_111, 1_222_222_222_222, 1_333_333_333_333
_SLOTS: Final = {
    _EVENT: b"event",
    _RUN: b"run",
    _OUTCOME: b"outcome",
    _INTEGRATION: b"integration",
    _RULE: b"rule",
    _SUBJECT: b"subject",
    str(_ACCEPTED): b"accepted",
    str(_STARTED): b"started",
    str(_ENDED): b"ended",
}
_PADDING: Final = "x" * 880
_ERROR: Final = ErrorDetail(
    code="receiver.error",
    origin=CodeOrigin.RECEIVER,
    cause="The receiver answered 500.",
    remedy="Look at the receiver's log.",
)


@dataclass(frozen=True, slots=True)
class Span:
    """Runs ``first`` up to, but not with, ``end`` of a point, accepted ``step_ms`` apart from ``begin_ms`` on."""

    point: int
    first: int
    end: int
    begin_ms: int
    step_ms: float

    def __len__(self) -> int:
        return self.end - self.first


def run_id(point: int, number: int) -> str:
    """Of run ``number``; ids of different points differ."""
    return f"{point:08x}-0000-5000-8000-{number:012x}"


def event_id(point: int, number: int) -> str:
    """Of the event of run ``number``."""
    return f"{point:08x}{number:012x}"


def integration_id(number: int) -> str:
    """The one that run ``number`` went through."""
    return f"integration-{number % INTEGRATIONS}"


class Traffic:
    """Makes the records of runs for ``topics``."""

    def __init__(self, topics: Topics) -> None:
        self._topics = topics
        self._event = _template(_system_event())
        self._match = _template(_match())
        self._attempts = {succeeds: _template(_attempt(succeeds)) for succeeds in (True, False)}
        self._outcomes = {succeeds: _template(_outcome(succeeds).encode()) for succeeds in (True, False)}
        self._outcome_headers = {succeeds: _outcome(succeeds).headers() for succeeds in (True, False)}

    def configuration(self, now_ms: int) -> Iterator[OutRecord]:
        """The integrations that runs go through, by which listings by integration find them."""
        for number in range(INTEGRATIONS):
            name = integration_id(number)
            spec = Integration(name=name, rule=f"rule-{number}", webhook="receiver")
            resource = Resource(
                kind=Kind.INTEGRATION,
                organization=ORGANIZATION,
                id=name,
                spec=spec,
                created_ms=now_ms,
                updated_ms=now_ms,
            )
            key = config_key(Kind.INTEGRATION, ORGANIZATION, name)
            yield OutRecord(self._topics.config.name, key, resource.encode())

    def records(self, span: Span) -> Iterator[OutRecord]:
        """Four a run, in the order of runs."""
        content_type = [("content-type", CONTENT_TYPE.encode())]
        topics = self._topics
        for number in range(span.first, span.end):
            run, event, integration = run_id(span.point, number), event_id(span.point, number), integration_id(number)
            succeeds = (number + number // INTEGRATIONS) % FAILS_ONE_IN != 0  # failures of every integration
            accepted_ms = int(span.begin_ms + (number - span.first) * span.step_ms)
            subject = f"bill/{number % SUBJECTS}"
            facts = {
                b"event": event.encode(),
                b"run": run.encode(),
                b"outcome": event_id_of_run(run, RUN_COMPLETED if succeeds else PERFORM_ERROR).encode(),
                b"integration": integration.encode(),
                b"rule": f"rule-{number % INTEGRATIONS}".encode(),
                b"subject": subject.encode(),
                b"accepted": b"%d" % accepted_ms,
                b"started": b"%d" % (accepted_ms + 30),
                b"ended": b"%d" % (accepted_ms + 80 + number % 400),
            }
            key = system_event_key(ORGANIZATION, subject, event)
            yield OutRecord(topics.system_events.name, key, self._event % facts, content_type)
            yield OutRecord(topics.run_log.name, match_key(ORGANIZATION, event), self._match % facts)
            yield OutRecord(topics.run_log.name, run_key(ORGANIZATION, run), self._attempts[succeeds] % facts)
            headers = [
                (name, value.replace(_RUN.encode(), facts[b"run"])) for name, value in self._outcome_headers[succeeds]
            ]
            key = integration_key(ORGANIZATION, integration)
            yield OutRecord(topics.integration_events.name, key, self._outcomes[succeeds] % facts, headers)


def _template(encoded: bytes) -> bytes:
    text = encoded.replace(b"%", b"%%")
    for place, name in _SLOTS.items():
        text = text.replace(place.encode(), b"%(" + name + b")b")
    return text


def _reference() -> EventRef:
    return EventRef(source=SOURCE, id=_EVENT, type=EVENT_TYPE, subject=_SUBJECT)


def _body() -> str:
    return f'{{"id":"{_EVENT}","type":"{EVENT_TYPE}","data":{{"amount":120,"note":"{_PADDING}"}}}}'


def _system_event() -> bytes:
    return (
        f'{{"specversion":"1.0","id":"{_EVENT}","source":"{SOURCE}","type":"{EVENT_TYPE}","subject":"{_SUBJECT}",'
        f'"organization":"{ORGANIZATION}","datacontenttype":"application/json",'
        f'"data":{{"amount":120,"note":"{_PADDING}"}}}}'
    ).encode()


def _match() -> bytes:
    planned = PlannedRun(run_id=_RUN, integration_id=_INTEGRATION, rule_id=_RULE, webhook_id=_RUN)
    return MatchRecord(
        organization=ORGANIZATION,
        event=_reference(),
        accepted_ms=_ACCEPTED,
        matched_ms=_STARTED,
        config_offset=7,
        runs=(planned,),
    ).encode()


def _attempt(succeeds: bool) -> bytes:
    body, answer = _body(), '{"done":true}'
    headers = (
        ("content-type", "application/json"),
        ("webhook-id", _RUN),
        ("webhook-timestamp", "1800000000"),
        ("webhook-signature", "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4="),
        ("user-agent", "hookfleet"),
    )
    exchange = Exchange(
        request=HttpRequestRecord(
            method="POST", url="https://receiver.example/hooks/bills", headers=headers, body=Body(text=body, size=1_000)
        ),
        response=HttpResponseRecord(
            status=200 if succeeds else 500,
            headers=(("content-type", "application/json"), ("content-length", "13")),
            body=Body(text=answer, size=len(answer)),
        ),
        duration_ms=39,
    )
    return AttemptRecord(
        run=RunFacts(
            organization=ORGANIZATION,
            run_id=_RUN,
            webhook_id=_RUN,
            integration_id=_INTEGRATION,
            rule_id=_RULE,
            trigger=Trigger.EVENT,
            event=_reference(),
            accepted_ms=_ACCEPTED,
            created_ms=_STARTED,
        ),
        number=1,
        step=0,
        started_ms=_STARTED,
        duration_ms=40,
        stages=(Stage(name=StageName.PERFORM, started_ms=_STARTED, duration_ms=39, ok=succeeds),),
        exchange=exchange,
        succeeded=succeeds,
        error=None if succeeds else _ERROR,
    ).encode()


def _outcome(succeeds: bool) -> IntegrationEvent:
    data = RunOutcome(
        run_id=_RUN,
        webhook_id=_RUN,
        integration_id=_INTEGRATION,
        rule_id=_RULE,
        event=_reference(),
        status=RunStatus.COMPLETED if succeeds else RunStatus.FAILED,
        step=0,
        attempts=(AttemptSummary(number=1, started_ms=_STARTED, duration_ms=40, code="200" if succeeds else "500"),),
        accepted_ms=_ACCEPTED,
        created_ms=_STARTED,
        ended_ms=_ENDED,
        epoch=0,
        failure_limit=20,
        message="Delivered." if succeeds else "Failed for good.",
        error=None if succeeds else _ERROR,
        entity=Entity(type="bill", id=_SUBJECT),
    )
    return IntegrationEvent(
        id=_OUTCOME,
        source="hookfleet/dispatcher",
        type=RUN_COMPLETED if succeeds else PERFORM_ERROR,
        organization=ORGANIZATION,
        time="2026-11-22T12:00:00Z",
        data=data,
    )
