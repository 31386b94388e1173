"""How near integrations are to being disabled, in sum: an integration has no metric of its own.

The table of streaks is walked when somebody scrapes. It holds only integrations that have failed since they last were
enabled or created, so that is cheaper than a second table beside it that would have to be recovered too. Measured:
10,000 of them take 70 ms, in the scraper's thread.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Final

from services.disabler.core.streak import Streak
from shared.adapters import metrics

#: Least failed runs of each class, the largest first; the default limit is 20.
_CLASSES: Final = ((20, "20 or more"), (15, "15 to 19"), (10, "10 to 14"), (5, "5 to 9"), (1, "1 to 4"))


def watch_streaks(streaks: Callable[[], Iterable[Streak]]) -> None:
    """Show what ``streaks`` gives at every scrape."""

    def lengths() -> list[int]:
        return [len(each.failed_runs) for each in streaks() if each.enabled and each.failed_runs]

    def classes() -> metrics.Values:
        counted = Counter(next(name for least, name in _CLASSES if length >= least) for length in lengths())
        return {(name,): counted[name] for _, name in _CLASSES}

    metrics.STREAKS.watch("table", classes)
    metrics.LONGEST_STREAK.watch("table", lambda: {(): max(lengths(), default=0)})
