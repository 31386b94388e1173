"""Measures one table at one size in a process of its own."""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import orjson

#: The tables, by what they are called on the command line.
TABLES: Final = ("dispatcher, derived ids", "dispatcher, chosen ids", "ingest, both indexes")


@dataclass(frozen=True, slots=True)
class MappingsCost:
    """Bytes of resident memory a mapping, and CPU in microseconds: to take one record in, and of each look-up."""

    bytes_each: float
    take_in: float
    lookups: Mapping[str, float]


def measure(table: str, mappings: int) -> MappingsCost:
    """Raises subprocess.CalledProcessError when the measuring process fails."""
    command = [sys.executable, "-m", "bench.mappings.once", table, str(mappings)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return MappingsCost(**orjson.loads(said))
