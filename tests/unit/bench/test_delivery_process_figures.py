"""What the kernel says of processes, and that it knows their threads by name."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from bench.delivery.process_figures import cpu_times, resident_mib

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc")

_THREAD_THAT_SAYS_ITS_NAME = """
import threading
from pathlib import Path
thread = threading.Thread(
    target=lambda: print(Path(f"/proc/self/task/{threading.get_native_id()}/comm").read_text(), end=""),
    name="send-loop-with-a-long-name",
)
thread.start()
thread.join()
"""


def test_cpu_that_was_used_is_found_in_the_process_and_in_its_thread() -> None:
    before = cpu_times(os.getpid())
    mine = threading.get_native_id()
    while (now := cpu_times(os.getpid())).seconds - before.seconds < 0.05:
        sum(range(10_000))
    used_by_us = sum(seconds for (thread, _), seconds in now.threads.items() if thread == mine)
    assert 0 < used_by_us <= now.seconds


def test_memory_that_is_held_is_resident() -> None:
    before = resident_mib(os.getpid())
    held = bytearray(os.urandom(64 * 2**20))
    assert resident_mib(os.getpid()) - before > 48
    assert len(held) == 64 * 2**20


def test_a_module_run_with_named_threads_has_its_threads_known_to_the_kernel(tmp_path: Path) -> None:
    (tmp_path / "says_its_name.py").write_text(_THREAD_THAT_SAYS_ITS_NAME)
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tmp_path), str(Path.cwd())])}
    command = [sys.executable, "-m", "bench.delivery.named_threads", "says_its_name"]
    said = subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout
    assert said == "send-loop-with-\n"
