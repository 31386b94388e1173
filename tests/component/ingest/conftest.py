"""Config writers and ingest processes on a real broker."""

import os
import socket
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from services.ingest.config_table import ConfigTable
from services.ingest.config_writer import ConfigWriter, Transactions
from shared.adapters.kafka_clients import admin_client, table_consumer
from shared.adapters.sealing import new_key_line
from shared.adapters.settings import ServiceSettings
from shared.adapters.topic_admin import ensure_topics
from shared.adapters.topic_end import TopicEnd
from shared.adapters.topic_table import TopicTable
from shared.adapters.transactional_writer import TransactionalWriter
from shared.core.records import Record
from tests.waiting import wait_for

CHECKOUT = Path(__file__).parents[3]
API_KEY = "test-key-0123456789"
PARTITIONS = 2


@pytest.fixture
def settings(kafka_bootstrap: str, topic_prefix: str) -> ServiceSettings:
    """Settings whose topics exist and are empty."""
    settings = ServiceSettings(
        KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap, topic_prefix=topic_prefix, partitions=PARTITIONS
    )
    admin = admin_client(settings)
    ensure_topics(admin, settings.topics(), replication_factor=1)
    admin.close()
    return settings


@dataclass
class RunningWriter:
    """One ingest's writer with its table."""

    writer: ConfigWriter
    table: ConfigTable
    transactions: Transactions


def transactions_of(settings: ServiceSettings) -> TransactionalWriter:
    return TransactionalWriter(settings, f"{settings.topic_prefix}hookfleet-config")


StartWriter = Callable[..., RunningWriter]


@pytest.fixture
def start_writer(settings: ServiceSettings) -> Iterator[StartWriter]:
    """Start a config writer with threads of its own. While ``writing`` is clear it takes no request, while
    ``reading`` is clear its table takes in no record."""
    with ExitStack() as running:

        def start(
            transactions: Transactions | None = None,
            writing: threading.Event | None = None,
            reading: threading.Event | None = None,
        ) -> RunningWriter:
            return running.enter_context(
                _writer(settings, transactions or transactions_of(settings), writing or _open(), reading or _open())
            )

        yield start


def _open() -> threading.Event:
    gate = threading.Event()
    gate.set()
    return gate


@contextmanager
def _writer(
    settings: ServiceSettings, transactions: Transactions, writing: threading.Event, reading: threading.Event
) -> Iterator[RunningWriter]:
    topic = settings.topics().config
    table, stop, written = ConfigTable(), threading.Event(), threading.Event()

    def apply(record: Record) -> None:
        reading.wait()
        table.apply(record)

    progress = TopicTable(table_consumer(settings), topic, apply)
    end = TopicEnd(table_consumer(settings), topic)
    writer = ConfigWriter(topic=topic.name, table=table, progress=progress, end=end, transactions=transactions)

    def write() -> None:
        writing.wait()
        writer.run(stop)

    threads = [threading.Thread(target=progress.run, args=(written,)), threading.Thread(target=write)]
    for thread in threads:
        thread.start()
    yield RunningWriter(writer, table, transactions)
    writing.set()
    reading.set()
    stop.set()
    threads[1].join()
    written.set()
    threads[0].join()
    end.close()


@dataclass
class IngestProcess:
    """A running ingest and a client that holds its key."""

    http: httpx.Client
    process: subprocess.Popen[bytes]
    log: Path


StartIngest = Callable[..., AbstractContextManager[IngestProcess]]


@pytest.fixture(scope="session")
def start_ingest(tmp_path_factory: pytest.TempPathFactory) -> StartIngest:
    """Start an ingest process for an organization, with settings of its own, and wait until it is ready."""
    folder = tmp_path_factory.mktemp("ingest")
    keys = folder / "keys"
    keys.write_text(new_key_line("k1"))
    count = 0

    @contextmanager
    def start(bootstrap: str, prefix: str, *, organization: str = "acme", **more: str) -> Iterator[IngestProcess]:
        nonlocal count
        count += 1
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        log = folder / f"ingest-{count}.log"
        environment = {
            **os.environ,
            "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
            "HOOKFLEET_TOPIC_PREFIX": prefix,
            "HOOKFLEET_PARTITIONS": str(PARTITIONS),
            "HOOKFLEET_API_KEY": API_KEY,
            "HOOKFLEET_ORGANIZATION": organization,
            "HOOKFLEET_SEALING_KEY_FILE": str(keys),
            "HOOKFLEET_LISTEN_HOST": "127.0.0.1",
            "HOOKFLEET_LISTEN_PORT": str(port),
            "HOOKFLEET_DRAIN_SECONDS": "5",
            **more,
        }
        command = [sys.executable, "-m", "services.ingest"]
        with (
            log.open("wb") as output,
            subprocess.Popen(command, cwd=CHECKOUT, env=environment, stderr=output) as process,
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}",
                headers={"Authorization": f"Bearer {API_KEY}"},
                timeout=20,
                # Probes and requests must reach this process, whatever proxy the environment names.
                trust_env=False,
            ) as http,
        ):
            try:
                wait_for(lambda: _is_ready(http, process, log), "ingest is ready")
                yield IngestProcess(http, process, log)
            finally:
                process.terminate()
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()

    return start


def _is_ready(http: httpx.Client, process: subprocess.Popen[bytes], log: Path) -> bool:
    assert process.poll() is None, log.read_text()
    try:
        return http.get("/readyz").status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="session")
def shared_prefix() -> str:
    return f"test-{uuid.uuid4().hex[:12]}."


@pytest.fixture(scope="session")
def shared_settings(kafka_bootstrap: str, shared_prefix: str) -> ServiceSettings:
    return ServiceSettings(KAFKA_BOOTSTRAP_SERVERS=kafka_bootstrap, topic_prefix=shared_prefix, partitions=PARTITIONS)


@pytest.fixture(scope="session")
def ingest(start_ingest: StartIngest, kafka_bootstrap: str, shared_prefix: str) -> Iterator[IngestProcess]:
    with start_ingest(kafka_bootstrap, shared_prefix) as running:
        yield running


@pytest.fixture
def http(ingest: IngestProcess) -> httpx.Client:
    return ingest.http


@pytest.fixture
def name() -> str:
    """An id that no other test uses."""
    return f"n{uuid.uuid4().hex[:12]}"
