"""Progress bars of commands: on stderr, gone when done, absent where nobody looks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from deploy.cli.failures import errors


def progress_bar(doing: str, unit: str, *, shown: bool = True) -> Progress:
    """A bar that counts ``unit``; ``doing`` stands before it."""
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TextColumn(unit), TimeRemainingColumn())
    return Progress(*columns, console=errors, transient=True, disable=not (shown and errors.is_terminal))


@contextmanager
def counted_progress(doing: str, unit: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar of ``total``, where that is more than one; yields what moves it on by a number."""
    with progress_bar(doing, unit, shown=total > 1) as bar:
        task = bar.add_task("", total=total)
        yield lambda number: bar.advance(task, number)
