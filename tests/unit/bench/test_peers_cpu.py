"""CPU time of process trees, and the figures made of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from bench.peers.core.figures import Contender, Figures, Road, Round, Spread
from bench.peers.core.process_stat import ProcessStat, microseconds_per_delivery, parse_stat, ticks_of_tree
from bench.peers.core.tally import Tally
from bench.peers.process_cpu import cpu_seconds


def stat_line(pid: int, name: str, parent: int, times: tuple[int, int, int, int]) -> str:
    """As proc(5) has it: behind the name come state, parent, nine fields, and then the four times."""
    return f"{pid} ({name}) S {parent} " + "1 " * 9 + " ".join(map(str, times)) + " 20 0 9 0 5000"


def test_a_process_counts_itself_and_the_children_it_waited_for() -> None:
    assert parse_stat(stat_line(42, "convoy", 7, (1, 20, 300, 4000))) == ProcessStat(42, 7, 4321)


@pytest.mark.parametrize("name", ["redis server", "a) b", "((", "postgres: walwriter"])
def test_a_name_may_hold_blanks_and_parentheses(name: str) -> None:
    assert parse_stat(stat_line(42, name, 7, (1, 2, 3, 4))) == ProcessStat(42, 7, 10)


def test_a_tree_is_its_root_and_all_below_and_nobody_else() -> None:
    processes = [
        ProcessStat(1, 0, 1_000_000),
        ProcessStat(10, 1, 5),
        ProcessStat(11, 10, 70),
        ProcessStat(12, 11, 900),
        ProcessStat(20, 1, 1_000_000),
    ]
    assert ticks_of_tree(10, processes) == 975


def test_a_tree_that_is_gone_has_no_ticks() -> None:
    assert ticks_of_tree(10, [ProcessStat(11, 10, 70)]) == 0


def test_the_cost_of_a_delivery_is_the_difference_over_the_deliveries() -> None:
    before, after = {"convoy": 1.0, "redis": 2.0}, {"convoy": 3.0, "redis": 2.5}
    assert microseconds_per_delivery(before, after, 1_000) == pytest.approx({"convoy": 2_000, "redis": 500})


def test_no_delivery_has_no_cost() -> None:
    with pytest.raises(ValueError, match="nothing was delivered"):
        microseconds_per_delivery({"convoy": 1.0}, {"convoy": 3.0}, 0)


def test_the_cpu_of_an_ended_child_is_found_in_its_parent() -> None:
    burn = "import time\nwhile time.process_time() < 0.3: pass"
    before = cpu_seconds({"us": os.getpid()})["us"]
    subprocess.run([sys.executable, "-c", burn], check=True)
    assert cpu_seconds({"us": os.getpid()})["us"] - before >= 0.28  # two readings, each in ticks of 10 ms


def test_the_cpu_of_a_living_child_is_found_in_the_tree() -> None:
    burn = "import sys, time\nwhile time.process_time() < 0.3: pass\nprint('done', flush=True)\nsys.stdin.read()"
    with subprocess.Popen([sys.executable, "-c", burn], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"done\n"
        deadline = time.monotonic() + 5
        while cpu_seconds({"child": child.pid})["child"] < 0.29:
            assert time.monotonic() < deadline


def a_round(own: float, *, per_second: float = 100.0, lost: int = 0, duplicates: int = 0) -> Round:
    counted = Tally(10 - lost, lost, duplicates, strange=0, last_ns=1)
    return Round({"ingest": own / 4, "dispatcher": own * 3 / 4, "kafka": own * 10}, per_second, counted)


CONTENDER = Contender("Hookfleet", "1", "none", Road.API, counted=("ingest", "dispatcher"))


def test_only_the_contenders_own_processes_are_its_cost() -> None:
    figures = Figures(CONTENDER, (a_round(400),))
    assert figures.cpu == Spread(400, 400, 400)
    assert figures.beside == {"kafka": 4_000}


def test_rounds_give_their_median_with_the_lowest_and_the_highest() -> None:
    figures = Figures(CONTENDER, (a_round(300, per_second=7), a_round(100, per_second=9), a_round(800, per_second=8)))
    assert figures.cpu == Spread(300, 100, 800)
    assert figures.per_second == Spread(8, 7, 9)


def test_what_was_lost_or_doubled_in_any_round_is_added_up() -> None:
    figures = Figures(CONTENDER, (a_round(1), a_round(1, lost=2, duplicates=1), a_round(1, duplicates=4)))
    assert (figures.delivered, figures.lost, figures.duplicates) == (28, 2, 5)
    assert figures.document()["lost"] == 2
