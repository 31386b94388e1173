"""One size, in this process: ``python -m bench.matching.once 100000 all`` prints its figures as JSON."""

import dataclasses
import gc
import itertools
import os
import sys
import time
from pathlib import Path

import orjson

from bench.matching.measurement import MatchingCost
from bench.matching.rule_set import busy_pairs, records
from bench.stages.delivery import TOPICS, Kept, event, match_handler
from bench.stages.timing import cpu_microseconds

# A worker's memory is that of everything it imports.
from services.dispatcher import service as _service  # noqa: F401
from services.dispatcher.core.configuration import Configuration
from services.dispatcher.tables import apply_config
from shared.core.records import Record

_BATCH = 500


def cost(rules: int, *, link_every_rule: bool) -> MatchingCost:
    """Load, match, and look at memory."""
    configuration = Configuration()
    load_ns = 0
    count = 0
    for record in records(rules, link_every_rule=link_every_rule):
        began = time.process_time_ns()
        apply_config(configuration, record)
        load_ns += time.process_time_ns() - began
        count += 1
    loaded_mib = _rss_mib()
    produced = Kept()
    handle = match_handler(configuration, produced)
    events = [
        Record(TOPICS.system_events.name, 0, number, None, event(*pair).encode(), (), 0)
        for number, pair in enumerate(busy_pairs(rules))
    ]
    cold_began = time.process_time_ns()
    for first in range(0, len(events), _BATCH):
        handle(events[first : first + _BATCH])
    cold_ns = time.process_time_ns() - cold_began
    turns = itertools.cycle(events)
    batches = itertools.cycle([list(itertools.islice(turns, _BATCH)) for _ in range(max(1, 2 * len(events) // _BATCH))])
    microseconds = cpu_microseconds(lambda: handle(next(batches))) / _BATCH
    gc.collect()
    return MatchingCost(
        rules=rules,
        resources=count,
        microseconds_per_event=microseconds,
        microseconds_at_first_use=cold_ns / len(events) / 1000,
        rss_mib=_rss_mib(),
        rss_loaded_mib=loaded_mib,
        load_seconds=load_ns / 1e9,
    )


def _rss_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


if __name__ == "__main__":
    found = cost(int(sys.argv[1]), link_every_rule=sys.argv[2] == "all")
    sys.stdout.write(orjson.dumps(dataclasses.asdict(found)).decode())
