"""Print what matching costs at 100, 10,000 and 100,000 rules: ``python -m bench.matching``."""

import sys

from rich.console import Console
from rich.table import Table

from bench.matching.measurement import measure

SIZES = (100, 10_000, 100_000)


def main() -> None:
    """Measure every size and print the table."""
    table = Table(title="Matching one event: 10 rules of its type, 1 fires")
    columns = ("rules", "resources", "µs/event", "µs/event at first use", "MiB loaded", "MiB after use", "s to load")
    for name in columns:
        table.add_column(name, justify="right")
    for rules, link_every_rule in [*((each, False) for each in SIZES), (SIZES[-1], True)]:
        cost = measure(rules, link_every_rule=link_every_rule)
        table.add_row(
            f"{cost.rules:,}",
            f"{cost.resources:,}",
            f"{cost.microseconds_per_event:.1f}",
            f"{cost.microseconds_at_first_use:.1f}",
            f"{cost.rss_loaded_mib:.0f}",
            f"{cost.rss_mib:.0f}",
            f"{cost.load_seconds:.2f}",
        )
    Console(file=sys.stdout).print(table)


if __name__ == "__main__":
    main()
