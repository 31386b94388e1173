"""Starts, watches and ends one broker; the data directory is the caller's.

In it: `log/` (Kafka's own data), `server.properties` (written anew at each start), `broker.log` of this
start and `broker.previous.log` of the one before. Starting again on the same directory finds the same
topics, records and offsets, also after `kill()`: what a broker acknowledged is in the page cache, which
outlives its process.
"""

from __future__ import annotations

import base64
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from deploy.local.broker.child_process import start_child
from deploy.local.broker.distribution import find_distribution, lock
from deploy.local.broker.jvm import Jvm, jvm_with_archive
from deploy.local.broker.ports import PortInUse, draw_port, is_free
from deploy.local.broker.readiness import answers
from deploy.local.broker.secured_listener import SecuredListener
from deploy.local.broker.server_properties import server_properties
from deploy.local.prerequisites import find_java

START_LIMIT = 60.0
"""Seconds until a broker must answer; about 1.5 are usual, recovery of a large log takes longer."""

STOP_LIMIT = 30.0
"""Seconds for a clean shutdown before it is killed; about 0.3 are usual."""

_TRIES = 3
_LOG_LINES_SHOWN = 15


class BrokerFailed(Exception):
    """The broker did not start; the message ends with the last lines of its log."""


class Broker:
    """A running broker. As a context manager it is stopped on leaving."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self._process = process
        self.port = port
        self.log = log

    @property
    def bootstrap(self) -> str:
        """The address for clients, as `127.0.0.1:port`."""
        return f"127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The process id of the JVM."""
        return self._process.pid

    def wait(self) -> int:
        """Wait until the broker ends by itself; its exit code."""
        return self._process.wait()

    def stop(self) -> None:
        """Shut down cleanly; killed when that takes longer than STOP_LIMIT. Stopping twice is harmless."""
        self._process.terminate()
        try:
            self._process.wait(STOP_LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill(self) -> None:
        """End at once, as a crash does (SIGKILL)."""
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _wait_until_it_answers(self) -> None:
        deadline = time.monotonic() + START_LIMIT
        while not answers(self.port, timeout=0.5):
            if (code := self._process.poll()) is not None:
                raise BrokerFailed(f"Apache Kafka ended with exit code {code} while starting.{_tail(self.log)}")
            if time.monotonic() > deadline:
                raise BrokerFailed(f"Apache Kafka gave no answer in {START_LIMIT:.0f} s.{_tail(self.log)}")
            time.sleep(0.02)


def _say(line: str) -> None:
    sys.stderr.write(line + "\n")


def start_broker(
    data_dir: Path,
    port: int | None = None,
    *,
    env: Mapping[str, str] = os.environ,
    progress: Callable[[str], None] = _say,
    secured: SecuredListener | None = None,
) -> Broker:
    """Start a broker on `data_dir` (made if missing) and return it when it answers.

    Clients reach it at `port`, by default a free one that is drawn. To restart on the same address after
    `stop()` or `kill()`, pass the old broker's port. `env` gives PATH, JAVA_HOME, KAFKA_HOME and the cache's
    place (XDG_CACHE_HOME, HOME); `progress` is told in lines what takes long on the first start. With `secured` it
    listens on that port too; users are made when `data_dir` is new.

    Raises PrerequisiteMissing or DownloadFailed (before anything is written), PortInUse when `port` is
    taken, BrokerFailed when the broker ends or stays silent.
    """
    java = find_java(env)
    distribution = find_distribution(env, progress)

    def train(jvm: Jvm) -> None:
        with tempfile.TemporaryDirectory(prefix="hookfleet-") as directory:
            _launch_on_drawn_ports(jvm, Path(directory), None, env).stop()

    jvm = jvm_with_archive(java, distribution, train, progress)
    if port is not None and not is_free(port):
        raise PortInUse(f"port {port} is in use: end the program that holds it or choose another port")
    with lock(distribution.cache):  # one start at a time, so that no two draw the same port
        return _launch_on_drawn_ports(jvm, data_dir.absolute(), port, env, secured)


def _launch_on_drawn_ports(
    jvm: Jvm, data_dir: Path, port: int | None, env: Mapping[str, str], secured: SecuredListener | None = None
) -> Broker:
    for attempt in range(1, _TRIES + 1):
        client_port = port or draw_port()
        try:
            return _launch(jvm, data_dir, client_port, draw_port(besides=client_port), env, secured)
        except BrokerFailed as failure:
            # Another program took the port in the meantime; see ports.py.
            if attempt == _TRIES or "Address already in use" not in str(failure):
                raise
    raise AssertionError("the last try returns or raises")


def _launch(
    jvm: Jvm,
    data_dir: Path,
    client_port: int,
    controller_port: int,
    env: Mapping[str, str],
    secured: SecuredListener | None,
) -> Broker:
    data_dir.mkdir(parents=True, exist_ok=True)
    log_dir = data_dir / "log"
    if not log_dir.is_dir():
        _format_storage(jvm, log_dir, env, secured)
    properties = data_dir / "server.properties"
    properties.write_text(server_properties(log_dir, client_port, controller_port, secured))
    log = data_dir / "broker.log"
    if log.exists():
        log.replace(data_dir / "broker.previous.log")
    command = jvm.command("kafka.Kafka", str(properties), flags=["-Dlog4j2.level=INFO"])
    broker = Broker(start_child(command, env=env, directory=data_dir, output=log), client_port, log)
    try:
        broker._wait_until_it_answers()
    except BaseException:
        broker.kill()
        raise
    return broker


def _format_storage(jvm: Jvm, log_dir: Path, env: Mapping[str, str], secured: SecuredListener | None) -> None:
    """Write Kafka's metadata into a neighbour folder and rename it, so that half a format is never found."""
    partial = log_dir.with_name("log.partial")
    properties = log_dir.with_name("format.properties")
    properties.write_text(server_properties(partial, client_port=9092, controller_port=9093))
    cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
    command = jvm.command(
        "kafka.tools.StorageTool",
        *("format", "--ignore-formatted", f"--cluster-id={cluster_id}", "--config", str(properties)),
        *(() if secured is None else secured.storage_arguments()),
        flags=["-XX:TieredStopAtLevel=1"],  # it ends before optimised code would pay
    )
    output = log_dir.with_name("format.log")
    code = start_child(command, env=env, directory=log_dir.parent, output=output).wait()
    if code != 0:
        raise BrokerFailed(f"Kafka's storage could not be formatted (exit code {code}).{_tail(output)}")
    partial.rename(log_dir)
    properties.unlink()
    output.unlink()


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    return "\n".join([f" The last lines of {log}:", *lines])
