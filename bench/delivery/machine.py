"""On what and with what was measured: a figure without that means nothing."""

from __future__ import annotations

import datetime
import importlib.metadata
import os
import platform
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from deploy.local import broker
from deploy.local.prerequisites import find_java

#: What a delivery runs through.
_LIBRARIES = (
    "kafka-python",
    "aiohttp",
    "httptools",
    "uvloop",
    "orjson",
    "pydantic",
    "cel-expr-python",
    "cryptography",
    "uvicorn",
    "fastapi",
)


def describe(env: Mapping[str, str]) -> dict[str, Any]:
    """Date, versions and machine; what this system does not say is left out."""
    return {
        "date": datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M UTC"),
        "processor": _after("/proc/cpuinfo", "model name") or platform.processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "kafka": ElementTree.parse(Path(str(broker.__file__)).with_name("pom.xml")).findtext(
            "{*}properties/{*}kafka.version"
        ),
        "java": find_java(env).version,
        "libraries": {name: importlib.metadata.version(name) for name in _LIBRARIES},
    }


def in_words(machine: Mapping[str, Any]) -> str:
    """One paragraph."""
    libraries = ", ".join(f"{name} {version}" for name, version in machine["libraries"].items())
    return (
        f"{machine['date']}; {machine['cores']} cores of {machine['processor']}, {machine['memory_gib']} GiB, "
        f"{machine['system']}; Python {machine['python']}, Apache Kafka {machine['kafka']} on Java {machine['java']}; "
        f"{libraries}. Broker, receivers, senders and fleet share the cores."
    )


def _after(file: str, name: str) -> str | None:
    try:
        lines = Path(file).read_text().splitlines()
    except OSError:
        return None
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(name)), None)
