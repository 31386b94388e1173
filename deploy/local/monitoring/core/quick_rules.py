"""The same alert rules in a hurry: a minute counts as a second.

A rule that waits for ten minutes cannot be seen to fire in a test that may take one. So a test runs the very rules that
are deployed, with every duration divided by one factor, sixty: ``for``, windows, offsets, and the thresholds that are
durations, which the rules write as ``N * 60``. Nothing else is touched: neither names, nor ratios, nor rates.

One thing is not divided: how often a process asks, writes or commits, a second or two. A threshold below that would
fire on a healthy fleet, so none comes below `LEAST_THRESHOLD_SECONDS`.
"""

from __future__ import annotations

import re
from math import prod

FACTOR = 60
LEAST_THRESHOLD_SECONDS = 6

_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400}
_DURATION = r"(\d+)([smhd])"
_WAITS = re.compile(rf"(?<=for: ){_DURATION}(?=\s)|(?<=\[){_DURATION}(?=\])|(?<=offset ){_DURATION}\b")
_THRESHOLD = re.compile(r"\b\d+(?: \* \d+)* \* 60\b")


def quick(rules: str) -> str:
    """The text of a rules file, sixty times as fast."""
    return _THRESHOLD.sub(_quick_threshold, _WAITS.sub(_quick_wait, rules))


def _quick_wait(found: re.Match[str]) -> str:
    number, unit = (group for group in found.groups() if group is not None)
    return f"{max(1, int(number) * _SECONDS[unit] // FACTOR)}s"


def _quick_threshold(found: re.Match[str]) -> str:
    seconds = prod(map(int, found[0].split(" * ")))
    return str(max(LEAST_THRESHOLD_SECONDS, seconds // FACTOR))
