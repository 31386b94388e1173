"""Measures one size in a process of its own."""

import subprocess
import sys
from dataclasses import dataclass

import orjson


@dataclass(frozen=True, slots=True)
class MatchingCost:
    """CPU of the match stage an event, once everything that the event needs has been used (``microseconds_per_event``)
    and when nothing has (``microseconds_at_first_use``); resident memory of the process after that (``rss_mib``) and
    when the rules were only loaded (``rss_loaded_mib``); CPU time to load all ``resources`` (``load_seconds``)."""

    rules: int
    resources: int
    microseconds_per_event: float
    microseconds_at_first_use: float
    rss_mib: float
    rss_loaded_mib: float
    load_seconds: float


def measure(rules: int, *, link_every_rule: bool = False) -> MatchingCost:
    """The cost with ``rules`` rules; with ``link_every_rule`` each has an integration and a webhook, else one of ten.

    Raises subprocess.CalledProcessError when the measuring process fails.
    """
    command = [sys.executable, "-m", "bench.matching.once", str(rules), "all" if link_every_rule else "firing"]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout
    return MatchingCost(**orjson.loads(said))
