"""Where and with what was measured: without it a figure says nothing."""

from __future__ import annotations

import datetime
import os
import platform
import re
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from deploy.local.broker.distribution import find_distribution


@dataclass(frozen=True, slots=True)
class MeasuringPlace:
    """``versions`` of what everybody used."""

    date: str
    processor: str
    cores: int
    kernel: str
    versions: dict[str, str]

    def line(self) -> str:
        """All of it, for a caption."""
        versions = ", ".join(f"{name} {number}" for name, number in self.versions.items())
        return f"{self.date}; {self.processor}, {self.cores} cores, Linux {self.kernel}; {versions}"


def measuring_place() -> MeasuringPlace:
    """This machine, today. Raises what finding the broker raises."""
    jars = " ".join(jar.name for jar in find_distribution(os.environ, lambda line: None).jars)
    kafka = re.search(r"kafka-clients-([\d.]+)\.jar", jars)
    model = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    return MeasuringPlace(
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        processor=model[1] if model else platform.machine(),
        cores=os.cpu_count() or 1,
        kernel=platform.release(),
        versions={
            "Apache Kafka": kafka[1] if kafka else "of KAFKA_HOME",
            "Python": platform.python_version(),
            "kafka-python": version("kafka-python"),
        },
    )
