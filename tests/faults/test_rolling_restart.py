"""The short form of `make faults FAULTS=--rolling`: every process replaced once while events flow."""

import os
import subprocess
import sys
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def test_replacing_every_process_in_turn_loses_nothing_and_every_one_ends_in_order() -> None:
    trial = subprocess.run(
        [sys.executable, "-m", "deploy.local.fault_injection", "--rolling"],
        cwd=CHECKOUT,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert trial.returncode == 0, trial.stdout + trial.stderr
