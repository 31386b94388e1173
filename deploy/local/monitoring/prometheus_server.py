"""One Prometheus: started on a folder of its own, asked over its HTTP API, ended."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from deploy.local.broker.child_process import start_child
from deploy.local.broker.ports import draw_port
from deploy.local.monitoring.core.quick_rules import quick
from deploy.local.monitoring.core.scrape_config import prometheus_config
from deploy.local.monitoring.programs import find_programs

#: What is deployed.
MONITORING = Path(__file__).parents[2] / "monitoring"
_START_LIMIT_SECONDS = 30.0
_PATIENCE_SECONDS = 10.0


class PrometheusFailed(Exception):
    """It did not start; the message ends with the last lines of its log."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One that fires now."""

    name: str
    labels: Mapping[str, str]
    summary: str


def rule_files() -> list[Path]:
    """Every file of rules that is deployed."""
    return sorted((MONITORING / "rules").glob("*.yaml"))


class PrometheusServer:
    """A running server that scrapes every second, with the quick form of the deployed rules."""

    def __init__(self, folder: Path, targets: Mapping[str, Sequence[int]], env: Mapping[str, str] = os.environ) -> None:
        """``targets`` are ports on this machine by service. Raises PrometheusFailed, PrerequisiteMissing."""
        folder.mkdir(parents=True, exist_ok=True)
        rules = []
        for file in rule_files():
            rules.append(folder / file.name)
            rules[-1].write_text(quick(file.read_text()))
        config = folder / "prometheus.json"
        config.write_text(prometheus_config(targets, [str(file) for file in rules], interval_seconds=1))
        self.port = draw_port()
        self._log = folder / "prometheus.log"
        command = [
            str(find_programs(env).prometheus),
            f"--config.file={config}",
            f"--storage.tsdb.path={folder / 'data'}",
            f"--web.listen-address=127.0.0.1:{self.port}",
            "--enable-feature=exemplar-storage",
        ]
        self._process: subprocess.Popen[bytes] = start_child(command, env=env, directory=folder, output=self._log)
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", timeout=_PATIENCE_SECONDS)
        try:
            self._wait_until_ready()
        except BaseException:
            self.stop()
            raise

    def firing(self) -> list[Alert]:
        """Alerts that fire now, not those that only wait for it."""
        return [
            Alert(each["labels"]["alertname"], each["labels"], each["annotations"]["summary"])
            for each in self._get("/api/v1/alerts")["alerts"]
            if each["state"] == "firing"
        ]

    def query(self, expression: str) -> list[dict[str, Any]]:
        """What an expression amounts to now: labels under ``metric``, [time, value] under ``value``. Raises
        httpx.HTTPStatusError for one that is none."""
        answer: list[dict[str, Any]] = self._get("/api/v1/query", query=expression)["result"]
        return answer

    def exemplars(self, expression: str, start: float, end: float) -> list[dict[str, Any]]:
        """Exemplars of the series in an expression, between two Unix times."""
        answer: list[dict[str, Any]] = self._get("/api/v1/query_exemplars", query=expression, start=start, end=end)
        return answer

    def stop(self) -> None:
        """Stopping twice is harmless."""
        self._http.close()
        self._process.kill()
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _get(self, path: str, **parameters: str | float) -> Any:
        response = self._http.get(path, params=parameters)
        response.raise_for_status()
        return response.json()["data"]

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + _START_LIMIT_SECONDS
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() > deadline:
                words = "\n".join(self._log.read_text(errors="replace").splitlines()[-15:])
                raise PrometheusFailed(f"Prometheus did not start. The last lines of {self._log}:\n{words}")
            time.sleep(0.05)

    def _is_ready(self) -> bool:
        try:
            return self._http.get("/-/ready").status_code == httpx.codes.OK
        except httpx.HTTPError:
            return False
