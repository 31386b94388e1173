"""Watch alerts: `python -m deploy.local.monitoring` breaks a fleet of its own, one part after the other.

The alert rules are those that are deployed, with a minute counted as a second. Exit code 1 when an alert does not fire
or does not clear.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from deploy.cli.failures import readable_failures
from deploy.local.monitoring.alert_trial import BREAKS, AlertTrial, NotSeen
from deploy.local.monitoring.breakable_fleet import BreakableFleet
from deploy.local.monitoring.core.quick_rules import FACTOR


def main() -> int:
    """Run the trial; the exit status."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False)

    def tell(at: float, line: str) -> None:
        style = "red" if line.startswith("FIRING") else "green" if line.startswith("cleared") else "bold"
        console.print(f"[dim]{at:6.1f} s[/]  [{style}]{escape(line)}[/]", soft_wrap=True)

    console.print(f"Starting Kafka, PostgreSQL, the fleet and Prometheus; rules run {FACTOR} times as fast.")
    with tempfile.TemporaryDirectory(prefix="hookfleet-") as folder, BreakableFleet(Path(folder)) as scene:
        console.print(f"Prometheus: http://127.0.0.1:{scene.prometheus.port}/alerts")
        trial = AlertTrial(scene, tell)
        try:
            trial.wait_until_quiet()
            for each in BREAKS:
                trial.begin([each])
                trial.mend([each])
                trial.wait_until_quiet()
        except NotSeen as error:
            console.print(f"[red]✗ {error}[/]")
            return 1
        console.print(_summary(trial))
    return 0


def _summary(trial: AlertTrial) -> Table:
    table = Table("alert", "fired for, s", title="Every alert fired and cleared", title_justify="left")
    for each in trial.seen:
        table.add_row(each.alert, f"{(each.cleared or each.fired) - each.fired:.1f}")
    return table


if __name__ == "__main__":
    with readable_failures():
        sys.exit(main())
