"""Lost and duplicate deliveries of one point, by distinct webhook-id.

Expected is one delivery for each accepted event and integration; its id is known beforehand, because run ids are
derived. Receivers are never retried here unless they fail on purpose, so every further arrival of an id is a duplicate.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Set
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Account:
    """``delivered`` counts distinct ids; ``expected`` = ``delivered`` + ``lost``."""

    expected: int
    delivered: int
    lost: int
    duplicates: int


def account(expected: Set[str], arrived: Iterable[str]) -> Account:
    """Arrivals of other ids belong to other points and count nowhere."""
    times = Counter(each for each in arrived if each in expected)
    return Account(len(expected), len(times), len(expected) - len(times), times.total() - len(times))
