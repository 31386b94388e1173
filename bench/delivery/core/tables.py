"""A table of results as data, for the terminal and for the documentation alike."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Table:
    """``rows`` have a cell for each of ``columns``; the first column is words, the others are figures with their unit
    in the heading. ``note`` says how it was measured."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def markdown(self) -> str:
        """As GitHub reads it."""
        lines = [
            f"**{self.title}**",
            "",
            "| " + " | ".join(self.columns) + " |",
            "|" + "---|" + "---:|" * (len(self.columns) - 1),
            *("| " + " | ".join(row) + " |" for row in self.rows),
        ]
        return "\n".join([*lines, "", self.note, ""] if self.note else [*lines, ""])


def figure(value: float | None, digits: int = 1) -> str:
    """With thousands set apart; a dash where there is none, "never" where it is infinite."""
    if value is None:
        return "-"
    return "never" if math.isinf(value) else f"{value:,.{digits}f}"
