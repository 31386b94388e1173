"""Expressions kept compiled, within a bound of memory.

A compiled expression takes 70 to 160 bytes of memory for each character of its text, so the bound is one of characters
in all: a bound of entries would hold few short ones or, written by somebody who means harm, gigabytes. Beyond it, those
compiled longest ago go first, and are compiled again when they are needed.

Any thread reads without a lock; one at a time adds.
"""

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class CompiledTexts(Generic[T]):
    """What ``compile_text`` makes of texts, for ``most_characters`` of them at most."""

    def __init__(self, compile_text: Callable[[str], T], most_characters: int) -> None:
        self._compile = compile_text
        self._most = most_characters
        self._kept: dict[str, T] = {}
        self._characters = 0
        self._adding = threading.Lock()

    def of(self, text: str) -> T:
        """What ``text`` compiles to."""
        found = self._kept.get(text)
        return self._add(text) if found is None else found

    def _add(self, text: str) -> T:
        compiled = self._compile(text)
        with self._adding:
            if text not in self._kept:
                self._characters += len(text)
                self._kept[text] = compiled
            while self._characters > self._most and len(self._kept) > 1:
                oldest = next(iter(self._kept))
                del self._kept[oldest]
                self._characters -= len(oldest)
        return compiled

    @property
    def characters(self) -> int:
        """Characters of all texts kept."""
        return self._characters
