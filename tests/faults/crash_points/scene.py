"""Topics of their own, service processes that come and go, and the evidence they leave on those topics.

Configuration and events are written to the topics directly, so that what is tested is the dispatcher alone; it cannot
tell, for these are the records that ingest writes.
"""

import os
import signal
import subprocess
import uuid
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from deploy.local.broker.ports import draw_port
from deploy.local.fleet import probe
from deploy.local.fleet.plan import LOOPBACK
from deploy.local.fleet.python_child import last_lines, start_module
from shared.adapters.kafka_clients import admin_client, group_consumer, partitions_of, producer, read, table_consumer
from shared.adapters.publisher import Publisher
from shared.adapters.sealing import new_key_line
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import ensure_topics
from shared.core.cloud_events import CONTENT_TYPE, check_event
from shared.core.messages.integration_events import (
    RUN_OUTCOMES,
    RunOutcome,
    decode_integration_event,
)
from shared.core.messages.run_log import AttemptRecord, MatchRecord, decode_run_log
from shared.core.records import OutRecord, Record
from shared.core.resources import (
    AnySpec,
    DisablePolicy,
    Integration,
    Kind,
    NotificationRule,
    Ordering,
    Resource,
    RetryPolicy,
    Webhook,
)
from shared.core.topics import Topic, config_key, system_event_key
from tests.waiting import wait_for

ORGANIZATION = "acme"


class Worker:
    """One service process of ours."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, output: Path) -> None:
        self._process = process
        self.port = port
        self._output = output

    def wait_ready(self) -> None:
        def ready() -> bool:
            assert self._process.poll() is None, f"it ended.{last_lines(self._output)}"
            return probe.is_ready(self.port)

        wait_for(ready, f"{self._output.stem} is ready")

    def wait_killed(self) -> None:
        """Until it has died by its own hand."""
        code = self._process.wait(30)
        assert code == -signal.SIGKILL, f"exit code {code}.{last_lines(self._output)}"

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def pause(self) -> None:
        """SIGSTOP: it stands still wherever it is, and does not know."""
        self._process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """SIGTERM: it drains and commits."""
        self._process.terminate()
        code = self._process.wait(20)
        assert code == 0, f"exit code {code}.{last_lines(self._output)}"

    def logged(self, message: str) -> bool:
        return f'"message":"{message}"' in self._output.read_text()

    def close(self) -> None:
        if self._process.poll() is None:
            self.kill()


@dataclass(frozen=True, slots=True)
class RunEvidence:
    """What the topics say of one run: its outcomes in the order that decides, and its attempts as recorded."""

    outcomes: Sequence[RunOutcome]
    attempt_numbers: Sequence[int]


class Scene:
    """A fleet's topics under a random prefix; no process runs until one is started."""

    def __init__(self, bootstrap: str, folder: Path, *, partitions: int = 1, session_timeout_ms: int = 6_000) -> None:
        self.settings = ServiceSettings.model_validate(
            {
                "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
                "topic_prefix": f"crash-{uuid.uuid4().hex[:8]}.",
                "partitions": partitions,
                "session_timeout_ms": session_timeout_ms,
            }
        )
        self.topics = self.settings.topics()
        self.folder = folder
        self._key_file = folder / "sealing-keys"
        self._key_file.write_text(new_key_line("test") + "\n")
        self._workers: list[Worker] = []
        self._offsets = {
            group: group_consumer(self.settings, group)
            for group in ("match", "send", "delay", "ordered", "recorder", "disabler")
        }
        with closing(admin_client(self.settings)) as admin:
            ensure_topics(admin, self.topics, 1)
        self._publisher = Publisher(producer(self.settings), _refused)

    def close(self) -> None:
        for worker in self._workers:
            worker.close()
        for consumer in self._offsets.values():
            consumer.close(autocommit=False)
        self._publisher.close()
        with closing(admin_client(self.settings)) as admin:
            admin.delete_topics([topic.name for topic in self.topics.all()])

    # -- processes ---------------------------------------------------------------------------------------------

    def start(self, roles: str, *, instance: str | None = None, point: str | None = None) -> Worker:
        """A dispatcher with ``roles``; with ``point`` one that dies there."""
        own = {
            "HOOKFLEET_ROLES": roles,
            "HOOKFLEET_SEALING_KEY_FILE": str(self._key_file),
            "HOOKFLEET_ALLOWED_NETWORKS": LOOPBACK,
        }
        if instance is not None:
            own["HOOKFLEET_INSTANCE"] = instance
        if point is None:
            return self.start_service("services.dispatcher", own=own)
        return self.start_service("tests.faults.crash_points.dying_dispatcher", point, own=own)

    def start_service(self, module: str, *arguments: str, own: dict[str, str]) -> Worker:
        port = draw_port()
        output = self.folder / f"{module.rpartition('.')[2]}-{len(self._workers)}.log"
        env = {
            **{name: value for name, value in os.environ.items() if not name.startswith("HOOKFLEET_")},
            "KAFKA_BOOTSTRAP_SERVERS": self.settings.kafka_bootstrap_servers,
            "HOOKFLEET_TOPIC_PREFIX": self.settings.topic_prefix,
            "HOOKFLEET_PARTITIONS": str(self.settings.partitions),
            "HOOKFLEET_SESSION_TIMEOUT_MS": str(self.settings.session_timeout_ms),
            "HOOKFLEET_LISTEN_HOST": "127.0.0.1",
            "HOOKFLEET_LISTEN_PORT": str(port),
            **own,
        }
        worker = Worker(start_module(module, *arguments, env=env, output=output), port, output)
        self._workers.append(worker)
        return worker

    # -- what others write -------------------------------------------------------------------------------------

    def produce(self, records: Iterable[OutRecord]) -> None:
        self._publisher.send(list(records)).wait()

    def configure(
        self,
        name: str,
        url: str,
        *,
        delays: tuple[float, ...] = (),
        failed_runs: int = 20,
        ordering: Ordering = Ordering.NONE,
        timeout_seconds: float = 15.0,
    ) -> None:
        """A rule, a webhook and an integration of that name: events of type ``name`` go to ``url``."""
        specs: dict[Kind, AnySpec] = {
            Kind.NOTIFICATION_RULE: NotificationRule(name=name, event_type=name),
            Kind.WEBHOOK: Webhook(name=name, url=url),
            Kind.INTEGRATION: Integration(
                name=name,
                rule=name,
                webhook=name,
                retry=RetryPolicy(delays_seconds=delays),
                disable=DisablePolicy(failed_runs=failed_runs),
                ordering=ordering,
                timeout_seconds=timeout_seconds,
            ),
        }
        self.produce(
            OutRecord(
                self.topics.config.name,
                config_key(kind, ORGANIZATION, name),
                Resource(kind=kind, organization=ORGANIZATION, id=name, spec=spec, created_ms=1, updated_ms=1).encode(),
            )
            for kind, spec in specs.items()
        )

    def send_event(self, name: str) -> str:
        """One event of type ``name``; its id."""
        (event_id,) = self.send_events(name, 1)
        return event_id

    def send_events(self, name: str, count: int) -> list[str]:
        """Events of type ``name``, all at once; their ids."""
        events = [
            check_event(
                {
                    "specversion": "1.0",
                    "id": uuid.uuid4().hex,
                    "source": "/crash-points",
                    "type": name,
                    "organization": ORGANIZATION,
                    "data": {},
                }
            )
            for _ in range(count)
        ]
        headers = [("content-type", CONTENT_TYPE.encode())]
        topic = self.topics.system_events.name
        self.produce(
            OutRecord(topic, system_event_key(ORGANIZATION, None, each.id), each.encode(), headers) for each in events
        )
        return [each.id for each in events]

    # -- evidence ----------------------------------------------------------------------------------------------

    def records(self, topic: Topic) -> list[Record]:
        """Everything on a topic now, in the order of each partition."""
        tps = partitions_of(topic.name, topic.partitions)
        found: list[Record] = []
        with closing(table_consumer(self.settings)) as consumer:
            consumer.assign(tps)
            consumer.seek_to_beginning(*tps)
            ends = consumer.end_offsets(tps)
            while any(consumer.position(tp) < ends[tp] for tp in tps):
                for records in consumer.poll(timeout_ms=200).values():
                    found += [read(record) for record in records]
        return found

    def is_read(self, group: str, *topics: Topic) -> bool:
        """Whether the group has committed everything that is on ``topics`` now."""
        consumer = self._offsets[group]
        # Topic by topic: kafka-python cannot answer for one that it knows together with one that it does not know yet.
        ends = [consumer.end_offsets(partitions_of(topic.name, topic.partitions)) for topic in topics]
        return all(consumer.committed(tp) == end for each in ends for tp, end in each.items() if end)

    def commits(self, group: str, topic: Topic) -> list[tuple[int, str]]:
        """(offset, metadata) that the group has committed, of each partition that has any."""
        consumer = self._offsets[group]
        tps = partitions_of(topic.name, topic.partitions)
        points = [consumer.committed(tp, metadata=True) for tp in tps]
        return [(point.offset, point.metadata) for point in points if point is not None]

    def wait_settled(self) -> None:
        """Until every role has finished, and committed, whatever there was for it."""
        topics = self.topics
        duties = {
            "match": (topics.system_events, topics.integration_events),
            "delay": tuple(topics.retry.values()),
            "send": (topics.deliveries, topics.deliveries_due),
        }
        # What one role finished may be work for the one after it: settled is what stays so for a second round.
        wait_for(
            lambda: all(self.is_read(group, *duties[group]) for group in (*duties, *duties)),
            "everything is finished and committed",
        )

    def matches(self, event_id: str) -> list[MatchRecord]:
        log = (decode_run_log(record.value or b"") for record in self.records(self.topics.run_log))
        return [each for each in log if isinstance(each, MatchRecord) and each.event.id == event_id]

    def run(self, run_id: str) -> RunEvidence:
        events = [
            decode_integration_event(record.value or b"").data
            for record in self.records(self.topics.integration_events)
            if record.headers["type"].decode() in RUN_OUTCOMES
        ]
        log = (decode_run_log(record.value or b"") for record in self.records(self.topics.run_log))
        return RunEvidence(
            [each for each in events if isinstance(each, RunOutcome) and each.run_id == run_id],
            [each.number for each in log if isinstance(each, AttemptRecord) and each.run.run_id == run_id],
        )


def _refused(error: BaseException) -> None:
    raise AssertionError("the brokers refused a record of the test") from error
