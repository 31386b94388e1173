"""The process that evaluates costly expressions: it ends with whoever started it, however that ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

from tests.waiting import wait_for

ROOT = Path(__file__).parents[3]
OWNER = """
import time
from shared.adapters.cel_environments import Sight
from shared.adapters.cel_sandbox import Sandbox
sandbox = Sandbox()
assert sandbox.evaluate(Sight.TEMPLATE, ["1 + 1"], b"", {}).values == [2]
print(sandbox._process.pid, flush=True)
time.sleep(600)
"""


def processes_of(session: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for each in Path("/proc").iterdir():
        try:
            fields = (each / "stat").read_text().rpartition(")")[2].split() if each.name.isdigit() else []
        except OSError:
            continue
        if fields and int(fields[3]) == session and fields[0] != "Z":
            found.append(int(each.name))
    return found


def test_it_ends_with_a_process_that_is_killed_and_knows_nothing_of_its_environment() -> None:
    env = {"PYTHONPATH": str(ROOT), "HOOKFLEET_API_KEY": "planted"}
    with subprocess.Popen([sys.executable, "-c", OWNER], cwd=ROOT, env=env, stdout=subprocess.PIPE) as owner:
        assert owner.stdout is not None
        session = int(owner.stdout.readline())
        running = processes_of(session)
        assert len(running) == 2
        assert all(b"planted" not in Path(f"/proc/{pid}/environ").read_bytes() for pid in running)
        os.kill(owner.pid, signal.SIGKILL)
    wait_for(lambda: not processes_of(session), "the end of its processes")
