"""The test stand: one broker, receivers that answer, that speak TLS and that hang, and fleets on request.

Scenarios share one fleet where they do not disturb each other, so that a short run spends its time measuring.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from bench.delivery.core.length import Length
from bench.delivery.core.traffic import Target, targets
from bench.delivery.measured_fleet import MeasuredFleet
from bench.receiver import Certificates, ReceiverProcess, make_certificates
from deploy.local.broker import start_broker
from deploy.local.demo.screen import Phase, Screen

#: Ports of the receiver without TLS; most scenarios use the first `PORTS`.
MANY_PORTS: Final = 500
PORTS: Final = 100
#: Seconds a healthy receiver takes to answer: one that is near and does little.
DELAY_SECONDS: Final = 0.005


class Stand:
    """Stands while the context is entered."""

    def __init__(self, folder: Path, env: Mapping[str, str], screen: Screen, length: Length) -> None:
        self.folder = folder
        self.env = env
        self.length = length
        self._screen = screen
        self._stack = contextlib.ExitStack()
        self._shared: MeasuredFleet | None = None
        self._configured: set[str] = set()

    def __enter__(self) -> Self:
        with contextlib.ExitStack() as stack, self.phase("Start Kafka and the receivers") as phase:
            self.bootstrap = stack.enter_context(
                start_broker(self.folder / "kafka", env=self.env, progress=phase.say)
            ).bootstrap
            self.certificates = make_certificates(self.folder / "certificates")
            self.http = stack.enter_context(self._healthy_receiver("http", MANY_PORTS))
            self.https = stack.enter_context(self._healthy_receiver("https", PORTS, self.certificates))
            phase.say(f"{MANY_PORTS} ports, {PORTS} with TLS; each answers after {DELAY_SECONDS * 1000:.0f} ms")
            self._stack = stack.pop_all()
        return self

    def receiver(self, scheme: str) -> ReceiverProcess:
        """The one that speaks ``http`` or ``https``."""
        return self.https if scheme == "https" else self.http

    def own_receiver(self, name: str, ports: int, *, hangs: bool = False) -> ReceiverProcess:
        """One for a scenario alone, which answers after the same time or never; it lives as long as the stand."""
        return self._stack.enter_context(
            ReceiverProcess(self.folder / name, self.env, ports=ports, delay_seconds=DELAY_SECONDS, hangs=hangs)
        )

    def phase(self, title: str) -> AbstractContextManager[Phase]:
        """Show that ``title`` is under way."""
        return self._screen.phase(title, measured=True)

    def shared_fleet(self) -> MeasuredFleet:
        """The fleet that scenarios share, started at the first call; its workers are each scenario's own."""
        if self._shared is None:
            self._shared = self._stack.enter_context(self.fleet("bench."))
        return self._shared

    def fleet(self, prefix: str) -> MeasuredFleet:
        """A fleet for one scenario alone; the caller enters it."""
        trusted = {"SSL_CERT_FILE": str(self.certificates.authority)}
        return MeasuredFleet(self.folder / prefix.strip("."), self.env, self.bootstrap, prefix, trusted)

    def healthy_targets(self, scheme: str, ports: int = PORTS) -> list[Target]:
        """One for each of the first ``ports`` of a receiver that answers; in the shared fleet, applied once."""
        group = f"{scheme}-{ports}"
        wanted = targets(group, self.receiver(scheme).urls[:ports])
        if group not in self._configured:
            self.shared_fleet().apply(wanted)
            self._configured.add(group)
        return wanted

    def _healthy_receiver(self, name: str, ports: int, certificates: Certificates | None = None) -> ReceiverProcess:
        return ReceiverProcess(
            self.folder / name, self.env, ports=ports, delay_seconds=DELAY_SECONDS, certificates=certificates
        )

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()
