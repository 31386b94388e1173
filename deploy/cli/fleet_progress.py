"""The parts of a fleet as they start and stop, one line a part, for as long as it takes."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import Self

from rich.console import Console, ConsoleOptions, RenderResult
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table

_DONE = {"ready": "[green]✔[/]", "stopped": "[dim]·[/]", "killed": "[red]✗[/]"}


class FleetProgress:
    """Give :meth:`changed` to a fleet as its watcher. As a context manager it is shown, and cleared on leaving."""

    def __init__(self, console: Console, title: str) -> None:
        self._title = title
        self._lock = threading.Lock()
        self._states: dict[str, str] = {}
        self._notes: list[str] = []
        self._spinner = Spinner("dots")
        self._live = Live(self, console=console, refresh_per_second=10, transient=True)

    def changed(self, part: str, state: str) -> None:
        with self._lock:
            self._states[part] = state

    def note(self, line: str) -> None:
        """A line about what takes long, shown under the parts; the last one stays."""
        with self._lock:
            self._notes = [line]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        with self._lock:
            states, notes = dict(self._states), list(self._notes)
        table = Table.grid(padding=(0, 1))
        for part, state in states.items():
            table.add_row(" ", _DONE.get(state, self._spinner), part, f"[dim]{state}[/]")
        yield f"[bold]{self._title}[/]"
        yield table
        yield from (f"  [dim]{note}[/]" for note in notes)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()
