"""How tests are shared out among processes: what waits, waits beside the others, and what is costly is made once.

A file's tests stay together, because their fixtures do. The exceptions are named here: the flow tests share a fleet, so
that they are a few lines, each with a fleet of its own, rather than one fleet a file; trials with a broker and a fleet
of their own come one after the other; and files of long tests with nothing in common are given out test by test. The
broker is one for all processes: tests/conftest.py.
"""

from __future__ import annotations

import zlib

from xdist.scheduler import LoadScopeScheduling

#: Folders whose tests need no broker.
WITHOUT_KAFKA = ("tests/unit", "tests/architecture", "tests/contracts")

#: Fleets that serve the flow tests; one costs 8 s of CPU to start and 0.2 cores while nothing happens.
FLOW_LINES = 2

#: Files whose tests take long and share nothing that is slow to make.
TEST_BY_TEST = frozenset(
    {
        "tests/component/disabler/test_crashes.py",
        "tests/component/disabler/test_handover.py",
        "tests/component/event_recorder/test_recorder_process.py",
        "tests/component/test_local_broker.py",
        "tests/faults/crash_points/test_handover.py",
        "tests/faults/test_strict_order.py",
    }
)

#: Trials that start a broker and a fleet of their own: one after the other, or they keep each other waiting.
TRIALS = frozenset(
    {
        "tests/faults/test_alerts.py",
        "tests/faults/test_random_faults.py",
        "tests/faults/test_rolling_restart.py",
    }
)


def belongs_with(test: str) -> str:
    """What ``test``, a pytest node id, is given out together with; tests of the same answer run in one process."""
    file = test.partition("::")[0]
    if file in TEST_BY_TEST:
        return test
    if file in TRIALS:
        return "trials"
    if file.startswith("tests/flow/"):
        return f"tests/flow, line {zlib.crc32(file.encode()) % FLOW_LINES}"
    return file


class SideBySide(LoadScopeScheduling):  # type: ignore[misc]  # it has no type information
    """xdist's scheduler by scopes, with the scopes of ``belongs_with``."""

    def _split_scope(self, nodeid: str) -> str:
        return belongs_with(nodeid)
