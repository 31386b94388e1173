"""Print what mappings cost: ``python -m bench.mappings``, or with other numbers of mappings than the two."""

import sys

from rich.console import Console
from rich.table import Table

from bench.mappings.measurement import TABLES, measure

SIZES = (100_000, 1_000_000)


def main() -> None:
    """Measure every table at every size and print them."""
    sizes = [int(each) for each in sys.argv[1:]] or SIZES
    shown = Table(title="External mappings: memory, and CPU in µs", title_justify="left")
    for name in ("table", "mappings", "MiB", "bytes each", "a record taken in", "look-ups"):
        shown.add_column(name, justify="left" if name in ("table", "look-ups") else "right")
    for table in TABLES:
        for mappings in sizes:
            cost = measure(table, mappings)
            shown.add_row(
                table,
                f"{mappings:,}",
                f"{cost.bytes_each * mappings / 2**20:.0f}",
                f"{cost.bytes_each:.0f}",
                f"{cost.take_in:.1f}",
                ", ".join(f"{name} {microseconds:.1f}" for name, microseconds in cost.lookups.items()),
            )
    Console(file=sys.stdout, width=None if sys.stdout.isatty() else 160).print(shown)


if __name__ == "__main__":
    main()
