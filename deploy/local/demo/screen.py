"""What the demonstration shows while it runs: a line for each phase that is done, and the current one alive."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.padding import Padding
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.text import Text

_TITLE_WIDTH = 46


class Phase:
    """The phase under way: says what is going on, and how far it is where that is known."""

    def __init__(self, title: str, *, measured: bool) -> None:
        bar = (BarColumn(bar_width=24), TextColumn("{task.completed:,.0f} of {task.total:,.0f}"))
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn(f"{title:<{_TITLE_WIDTH}}"),
            *(bar if measured else ()),
            TimeElapsedColumn(),
        )
        self._task = self._progress.add_task("", total=1)
        self._detail = Text(style="dim", no_wrap=True, overflow="ellipsis")

    @property
    def said(self) -> str:
        return self._detail.plain

    def say(self, text: str) -> None:
        """What is going on now; the last word stays when the phase is done."""
        self._detail.plain = text

    def progress(self, done: int, total: int) -> None:
        """Move the bar."""
        self._progress.update(self._task, completed=done, total=total)

    def __rich__(self) -> Group:
        return Group(self._progress, Padding(self._detail, (0, 0, 0, 2)))


class Screen:
    """Prints to a terminal; where there is none, only the line of each phase that is done."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def phase(self, title: str, *, measured: bool = False) -> Iterator[Phase]:
        """Show ``title`` as under way, with a bar when it is ``measured``, then as done or failed with its seconds."""
        began = time.monotonic()
        phase = Phase(title, measured=measured)
        live = Live(phase, console=self.console, refresh_per_second=10, transient=True)
        if self.console.is_terminal:
            live.start()
        mark = "[red]✗[/]"
        try:
            yield phase
            mark = "[green]✔[/]"
        finally:
            live.stop()
            seconds = f"[dim]{time.monotonic() - began:5.1f} s[/]"
            line = Text.from_markup(f"{mark} {title:<{_TITLE_WIDTH}} {seconds}  ")
            self.console.print(line.append(phase.said), soft_wrap=True)
