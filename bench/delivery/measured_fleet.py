"""One fleet under measurement: topics of its own on the stand's broker, one ingest, and workers as a scenario asks.

Recorder and disabler are not started: they have figures of their own, and nothing here waits for them.
"""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from bench.delivery.core.traffic import ORGANIZATION, Target, resources
from bench.delivery.measured_process import MeasuredProcess
from bench.delivery.topic_counts import TopicCounts
from deploy.cli.api_client import ApiClient
from deploy.local.broker.ports import draw_port
from deploy.local.fleet import FleetPlan, Part, Service, kept_keys
from deploy.local.fleet.cluster_topics import drop_topics, make_topics
from deploy.local.fleet.plan import Facts, environment
from shared.adapters.settings import ServiceSettings

PARTITIONS = 12
#: Resources in one call to ``/v1/apply`` at most.
_APPLY_AT_ONCE = 999


class MeasuredFleet:
    """Ingest runs while the context is entered; on leaving, every process ends and the topics are dropped."""

    def __init__(
        self, folder: Path, env: Mapping[str, str], bootstrap: str, prefix: str, extra: Mapping[str, str]
    ) -> None:
        """``extra`` are settings for every process, such as SSL_CERT_FILE."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._env = env
        self._plan = FleetPlan(
            organization=ORGANIZATION,
            partitions=PARTITIONS,
            topic_prefix=prefix,
            extra=extra,
        )
        self._facts = Facts(
            folder=folder,
            kafka_bootstrap_servers=bootstrap,
            ports={},
            api_key=kept_keys.api_key(folder),
            sealing_key_file=kept_keys.sealing_key_file(folder),
        )
        self.settings = ServiceSettings.model_validate(
            {"KAFKA_BOOTSTRAP_SERVERS": bootstrap, "topic_prefix": prefix, "partitions": PARTITIONS}
        )
        self.topics = self.settings.topics()
        self._running: list[MeasuredProcess] = []

    def __enter__(self) -> Self:
        make_topics(self.settings)
        self.counts = TopicCounts(self.settings)
        try:
            self.ingest = self._start(Service.INGEST, {})
            self.ingest.wait_until_ready()
        except BaseException:
            self.close()
            raise
        return self

    @property
    def api_key(self) -> str:
        return self._facts.api_key

    @property
    def folder(self) -> Path:
        """Its own, for files that a scenario needs."""
        return self._folder

    def apply(self, targets: Sequence[Target]) -> None:
        """Configure ``targets``."""
        documents: list[dict[str, Any]] = resources(targets)
        credential, rest = documents[:1], documents[1:]
        with ApiClient(f"http://127.0.0.1:{self.ingest.port}", self.api_key) as client:
            for begin in range(0, len(rest), _APPLY_AT_ONCE):
                client.post("/v1/apply", {"resources": credential + rest[begin : begin + _APPLY_AT_ONCE]})

    @contextlib.contextmanager
    def workers(
        self, *roles: Sequence[str], settings: Mapping[str, str] | None = None
    ) -> Iterator[list[MeasuredProcess]]:
        """A dispatcher for each sequence of ``roles``, all ready; an empty one stands for every role."""
        extra = dict(settings or {})
        started = []
        try:
            for each in roles:
                chosen = {"HOOKFLEET_ROLES": ",".join(each)} if each else {}
                started.append(self._start(Service.DISPATCHER, extra | chosen))
            for worker in started:
                worker.wait_until_ready()
            yield started
        finally:
            for worker in started:
                worker.stop()
                self._running.remove(worker)

    def _start(self, service: Service, extra: Mapping[str, str]) -> MeasuredProcess:
        part = Part(service, len(self._running))
        port = draw_port()
        plan = dataclasses.replace(self._plan, extra={**self._plan.extra, **extra})
        facts = dataclasses.replace(self._facts, ports={part: port})
        process = MeasuredProcess(part, port, self._folder, environment(plan, facts, part, self._env))
        self._running.append(process)
        return process

    def close(self) -> None:
        """End every process and drop the topics."""
        for process in self._running:
            process.stop()
        self._running.clear()
        self.counts.close()
        drop_topics(self.settings)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
