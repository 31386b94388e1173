"""The configuration and the events of a fault trial: one integration for each way a receiver can be.

Schedules are short, so that every run ends soon after its last fault. Which integrations an event must trigger stands
beside it and is worked out by nobody but this table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from deploy.local.demo.core.evidence import Accepted
from deploy.local.receivers.core.behaviour import Behaviour

SOURCE = "/fault-trial"
#: Nobody ever listens at the address of this name.
DEAD = "dead"
#: Milliseconds until our side gives up on a receiver: more than the two seconds that a worker has to finish what is
#: under way when its partitions are revoked, so that some requests are cut off by that too.
TIMEOUT_MS = 3_000
CREDENTIAL = "signature"
#: As many things as events are about; no divisor of a round, so that each kind is about all of them.
SUBJECTS = 11


@dataclass(frozen=True, slots=True)
class Link:
    """An integration and the webhook it posts to. ``path`` may end in a status for the refusing receiver."""

    id: str
    receiver: str
    path: str = "/hook"
    delays_seconds: tuple[float, ...] = (1.0,)
    failed_runs: int = 1_000
    """Successive failed runs that disable it."""
    ordering: str = "none"


@dataclass(frozen=True, slots=True)
class EventKind:
    """``share`` is how many of a round of events are of this type."""

    share: int
    type: str
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class TrialEvent:
    """One event, and the ids of the integrations that it must trigger."""

    id: str
    type: str
    subject: str
    integrations: frozenset[str]
    data: dict[str, Any] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The CloudEvent to send."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": SOURCE,
            "type": self.type,
            "subject": self.subject,
            "data": self.data,
        }

    def accepted(self) -> Accepted:
        """What is known once it was answered with 202."""
        return Accepted(SOURCE, self.id, self.integrations)


HEALTHY = Link("orders-to-healthy", Behaviour.HEALTHY)
#: These fail often enough to be disabled, and are enabled again while the trial runs.
REENABLED = (
    Link("payments-to-moody", Behaviour.MOODY, failed_runs=4),
    Link("declines-to-refusing", Behaviour.REFUSING, failed_runs=5),
)

KINDS = (
    EventKind(6, "trial.order.created", (HEALTHY, Link("orders-to-slow", Behaviour.SLOW))),
    EventKind(3, "trial.order.changed", (Link("changes-to-healthy", Behaviour.HEALTHY),)),
    EventKind(
        3,
        "trial.invoice.created",
        (
            Link("invoices-to-flaky", Behaviour.FLAKY, delays_seconds=(1.0, 1.0)),
            Link("invoices-to-endless", Behaviour.ENDLESS),
        ),
    ),
    EventKind(2, "trial.payment.made", (REENABLED[0],)),
    EventKind(1, "trial.payment.declined", (REENABLED[1],)),
    # Asked by one request at a time soon, so that its runs would not end while the trial lasts, were it not disabled.
    EventKind(1, "trial.parcel.lost", (Link("parcels-to-hanging", Behaviour.HANGING, failed_runs=10),)),
    EventKind(1, "trial.parcel.sent", (Link("parcels-to-closing", Behaviour.CLOSING),)),
    EventKind(1, "trial.parcel.returned", (Link("parcels-to-dead", DEAD),)),
    EventKind(1, "trial.step.taken", (Link("steps-to-flaky", Behaviour.FLAKY, ordering="subject"),)),
    # Disabled once and for all.
    EventKind(1, "trial.tax.reported", (Link("reports-to-strict", Behaviour.REFUSING, "/hook/422", (1.0,), 8),)),
    EventKind(1, "trial.page.viewed"),
)
_ROUND = tuple(kind for kind in KINDS for _ in range(kind.share))


def event(number: int) -> TrialEvent:
    """Event ``number`` of the trial."""
    kind = _ROUND[number % len(_ROUND)]
    links = frozenset(link.id for link in kind.links)
    return TrialEvent(f"event-{number}", kind.type, f"subject-{number % SUBJECTS}", links, {"number": number})


def configuration(urls: Mapping[str, str]) -> list[dict[str, Any]]:
    """Resources to apply at the start. ``urls`` are receivers' addresses by name."""
    resources = [_resource("credential", CREDENTIAL, {"kind": "hmac", "name": "Signs every request of the trial"})]
    for kind in KINDS:
        if not kind.links:
            continue
        rule = kind.type.replace(".", "-")
        resources.append(_resource("notification-rule", rule, {"name": kind.type, "event_type": kind.type}))
        for link in kind.links:
            webhook = {"name": link.id, "url": urls[link.receiver] + link.path, "credentials": [CREDENTIAL]}
            resources.append(_resource("webhook", link.id, webhook))
            resources.append(_resource("integration", link.id, _integration(link, rule)))
    return resources


def _integration(link: Link, rule: str) -> dict[str, Any]:
    return {
        "name": link.id,
        "rule": rule,
        "webhook": link.id,
        "timeout_seconds": TIMEOUT_MS / 1000,
        "retry": {"delays_seconds": list(link.delays_seconds)},
        "disable": {"failed_runs": link.failed_runs},
        "ordering": link.ordering,
    }


def probe(number: int) -> tuple[Sequence[dict[str, Any]], TrialEvent]:
    """A rule with its integration, and an event that only this rule fits: sent at once after the rule was accepted."""
    name, event_type = f"probe-{number}", f"trial.probe.n{number}"
    integration = {"name": name, "rule": name, "webhook": HEALTHY.id, "retry": {"delays_seconds": [1.0]}}
    resources = (
        _resource("notification-rule", name, {"name": name, "event_type": event_type}),
        _resource("integration", name, integration),
    )
    return resources, TrialEvent(name, event_type, name, frozenset({name}))


def _resource(kind: str, id_: str, spec: dict[str, Any]) -> dict[str, Any]:
    return {"kind": kind, "id": id_, "spec": spec}
