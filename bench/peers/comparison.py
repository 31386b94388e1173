"""All contenders, one after the other, on one broker and in front of one receiver; each alone on the machine.

A contender that cannot take part is told with the reason and the others go on. Whatever happens, everything that was
started is stopped: each contender is a context manager inside the broker's and the receiver's.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from bench.peers.contest import Running, measured_round, warm_up
from bench.peers.core.figures import Figures, Road, Round
from bench.peers.feeding import Refused
from bench.peers.own_fleet import FleetFromApi, FleetFromTopic
from bench.peers.sink import CHEAPEST_IN_FLIGHT, DEFAULT_IN_FLIGHT, Sink, name_of_sink
from bench.peers.unavailable import Unavailable
from bench.peers.webhook_server import WebhookServer
from bench.receiver import ReceiverProcess
from deploy.local.broker import start_broker
from deploy.local.fleet import FleetFailed
from deploy.programs.go_programs import BuildFailed

WARM_UP_EVENTS = 200
#: A backlog on a topic is gone so much faster than the same events through an API; both rounds should take seconds.
_TOPIC_TIMES = 10


@dataclass(frozen=True, slots=True)
class Effort:
    """``events`` in a round through an API, ten times as many in one from a topic; rounds are repeated until a
    contender was measured for ``seconds``, once at least."""

    events: int
    seconds: float

    def events_on(self, road: Road) -> int:
        """How many in one round."""
        return self.events * _TOPIC_TIMES if road is Road.TOPIC else self.events


@dataclass(slots=True)
class Compared:
    """Figures in the order of measuring, and (road, name, reason) of those that could not take part. ``stores`` are the
    versions of what contenders brought along."""

    figures: list[Figures] = field(default_factory=list)
    unavailable: list[tuple[Road, str, str]] = field(default_factory=list)
    stores: dict[str, str] = field(default_factory=dict)


def compare(effort: Effort, env: Mapping[str, str], say: Callable[[str], None]) -> Compared:
    """Run everything. ``say`` is told in lines. Raises BrokerFailed, ReceiverFailed and what finding a Java raises."""
    compared = Compared()
    with (
        tempfile.TemporaryDirectory(prefix="hookfleet-peers-") as root,
        start_broker(Path(root, "kafka"), env=env, progress=say) as broker,
        ReceiverProcess(Path(root, "receiver"), env) as receiver,
    ):
        url = f"{receiver.urls[0]}/hook"
        kafka = {"kafka": broker.pid}

        def sink(in_flight: int) -> Sink:
            folder = Path(root, f"bento-{in_flight}")
            return Sink(folder, kafka, broker.bootstrap, url, in_flight, env, say)

        @contextmanager
        def server() -> Iterator[WebhookServer]:
            # PostgreSQL's folder is given away, so it cannot lie in one that only we may enter.
            with (
                tempfile.TemporaryDirectory(prefix="hookfleet-postgresql-") as data,
                WebhookServer(Path(root, "convoy"), Path(data), url, env, say) as running,
            ):
                compared.stores |= running.stores
                yield running

        contenders: list[tuple[Road, str, Callable[[], AbstractContextManager[Running]]]] = [
            (Road.TOPIC, name_of_sink(DEFAULT_IN_FLIGHT), lambda: sink(DEFAULT_IN_FLIGHT)),
            (Road.TOPIC, name_of_sink(CHEAPEST_IN_FLIGHT), lambda: sink(CHEAPEST_IN_FLIGHT)),
            (
                Road.TOPIC,
                "Hookfleet dispatcher",
                lambda: FleetFromTopic(Path(root, "topic"), kafka, broker.bootstrap, url, env),
            ),
            (Road.API, "Convoy", server),
            (Road.API, "Hookfleet", lambda: FleetFromApi(Path(root, "api"), kafka, broker.bootstrap, url, env)),
        ]
        for road, name, start in contenders:
            say(f"{road}: starting {name} ...")
            try:
                with start() as running:
                    compared.figures.append(_rounds(running, receiver, effort, say))
            except (Unavailable, BuildFailed, Refused, FleetFailed) as reason:
                say(f"  {name} cannot take part: {reason}")
                compared.unavailable.append((road, name, str(reason)))
    return compared


def _rounds(running: Running, receiver: ReceiverProcess, effort: Effort, say: Callable[[str], None]) -> Figures:
    name, events = running.contender.name, effort.events_on(running.contender.road)
    say(f"  {name} {running.contender.version}: {WARM_UP_EVENTS:,} events to warm up ...")
    warm_up(running, receiver, range(WARM_UP_EVENTS))
    first = WARM_UP_EVENTS
    rounds: list[Round] = []
    deadline = time.monotonic() + effort.seconds
    while not rounds or time.monotonic() < deadline:
        numbers = range(first, first + events)
        rounds.append(measured_round(running, receiver, numbers))
        first = numbers.stop
        latest = Figures(running.contender, (rounds[-1],))
        say(
            f"  {name}: {latest.delivered:,} of {events:,} delivered, {latest.per_second.median:,.0f}/s, "
            f"{latest.cpu.median:,.0f} µs CPU each, {latest.lost} lost, {latest.duplicates} duplicates"
        )
    return Figures(running.contender, tuple(rounds))
