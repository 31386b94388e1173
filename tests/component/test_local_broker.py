"""The local broker as its users meet it: a real JVM, real records, real signals."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition
from kafka.admin import KafkaAdminClient, NewTopic

from deploy.local.broker import Broker, BrokerFailed, start_broker
from deploy.local.broker.ports import PortInUse
from deploy.local.broker.readiness import answers

KEPT = TopicPartition("kept", 0)


def wait_until(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)


def is_running(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits to be collected does not."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def children_of(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(child) for task in tasks for child in task.read_text().split()]


def write_record(broker: Broker, value: bytes) -> None:
    producer = KafkaProducer(bootstrap_servers=broker.bootstrap, acks="all")
    producer.send(KEPT.topic, value).get(timeout=20)
    producer.close()


def read_records(broker: Broker) -> list[bytes]:
    consumer = KafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest")
    consumer.assign([KEPT])
    end = consumer.end_offsets([KEPT])[KEPT]
    values: list[bytes] = []
    while len(values) < end:
        values += [record.value for record in consumer.poll(timeout_ms=1000).get(KEPT, [])]
    consumer.close()
    return values


@pytest.fixture
def foreground(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """`python -m deploy.local.broker` in a process of its own; its throwaway data lies in `tmp_path`."""
    command = [sys.executable, "-m", "deploy.local.broker"]
    env = os.environ | {"TMPDIR": str(tmp_path)}
    with subprocess.Popen(command, env=env, stdout=subprocess.PIPE, text=True) as process:
        yield process
        process.kill()


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_records_survive_a_crash_and_a_clean_stop_and_the_address_stays(tmp_path: Path) -> None:
    with start_broker(tmp_path) as broker:
        admin = KafkaAdminClient(bootstrap_servers=broker.bootstrap)
        admin.create_topics([NewTopic(KEPT.topic, num_partitions=1, replication_factor=1)])
        admin.close()
        write_record(broker, b"before the crash")
        broker.kill()
    with start_broker(tmp_path, port=broker.port) as after_crash:
        write_record(after_crash, b"after the crash")
    with start_broker(tmp_path, port=broker.port) as after_stop:
        assert after_stop.bootstrap == broker.bootstrap
        assert read_records(after_stop) == [b"before the crash", b"after the crash"]


def test_a_stopped_broker_no_longer_answers_and_its_process_is_gone(tmp_path: Path) -> None:
    with start_broker(tmp_path) as broker:
        assert answers(broker.port, timeout=5)
    assert not answers(broker.port, timeout=0.5)
    assert not is_running(broker.pid)


def test_a_broker_outlives_the_thread_that_started_it(tmp_path: Path) -> None:
    started: list[Broker] = []
    thread = threading.Thread(target=lambda: started.append(start_broker(tmp_path)))
    thread.start()
    thread.join()
    with started[0] as broker:
        assert answers(broker.port, timeout=5)
        assert is_running(broker.pid)


def test_the_jvm_is_gone_after_its_parent_was_killed(foreground: subprocess.Popen[str]) -> None:
    assert first_line(foreground).startswith("127.0.0.1:")
    (jvm,) = children_of(foreground.pid)
    foreground.send_signal(signal.SIGKILL)
    wait_until(lambda: not is_running(jvm))


@pytest.mark.parametrize("signal_number", [signal.SIGINT, signal.SIGTERM])
def test_in_the_foreground_a_signal_stops_it_cleanly(
    foreground: subprocess.Popen[str], signal_number: signal.Signals
) -> None:
    assert first_line(foreground).startswith("127.0.0.1:")
    (jvm,) = children_of(foreground.pid)
    foreground.send_signal(signal_number)
    assert foreground.wait(timeout=30) == 0
    assert not is_running(jvm)


def test_a_broker_that_ends_while_starting_shows_the_end_of_its_log(tmp_path: Path) -> None:
    (tmp_path / "log").mkdir()  # looks formatted, and is not
    with pytest.raises(BrokerFailed, match=r"(?s)exit code 1 .*broker\.log:.*meta\.properties"):
        start_broker(tmp_path)


def test_a_taken_port_is_refused_at_once(tmp_path: Path) -> None:
    with start_broker(tmp_path / "first") as broker, pytest.raises(PortInUse, match=str(broker.port)):
        start_broker(tmp_path / "second", port=broker.port)


def test_two_brokers_started_at_once_run_side_by_side(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:
        starts = [pool.submit(start_broker, tmp_path / name) for name in ("first", "second")]
    with starts[0].result() as first, starts[1].result() as second:
        assert first.port != second.port
        assert answers(first.port, timeout=5)
        assert answers(second.port, timeout=5)


def test_without_java_the_foreground_command_ends_with_one_line(tmp_path: Path) -> None:
    env = {name: value for name, value in os.environ.items() if name != "JAVA_HOME"} | {"PATH": str(tmp_path)}
    ended = subprocess.run(
        [sys.executable, "-m", "deploy.local.broker"], env=env, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr.count("\n") == 1
    assert "Java 17 or newer is needed" in ended.stderr
    assert "KAFKA_BOOTSTRAP_SERVERS" in ended.stderr
