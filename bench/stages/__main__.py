"""Print the cost of every stage: ``python -m bench.stages``."""

import os
import platform
import sys
from importlib.metadata import version

from rich.console import Console
from rich.table import Table

from bench.stages.catalogue import stages
from bench.stages.timing import ROUNDS, cpu_microseconds
from shared.adapters.json_logs import configure_logs


def main() -> None:
    """Time every stage and print the table."""
    # Log lines are written as a worker writes them, to where nobody reads them.
    sys.stderr = open(os.devnull, "w")  # noqa: PTH123, SIM115 - open for as long as the process runs
    configure_logs("dispatcher", "INFO")
    libraries = ", ".join(f"{name} {version(name)}" for name in ("pydantic", "orjson", "cel-expr-python"))
    table = Table(
        title=f"CPU per delivery, µs: median of {ROUNDS} rounds",
        caption=f"Python {platform.python_version()}, {libraries}; {os.cpu_count()} cores. Indented: part of it.",
    )
    table.add_column("stage")
    table.add_column("µs", justify="right")
    for stage in stages():
        cost = cpu_microseconds(stage.call) / stage.times
        table.add_row(f"  {stage.name}" if stage.part else stage.name, f"{cost:.2f}")
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    main()
