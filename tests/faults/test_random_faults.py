"""The short form of `make faults`: one round of crashes on real parts, with a fixed seed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[2]
#: Decides which process is crashed when. What must hold does not depend on it.
SEED = 6


@pytest.mark.timeout(420)
def test_a_round_of_random_crashes_loses_nothing_and_explains_every_duplicate() -> None:
    """Nothing lost, one end a run, duplicates within their bound; recorder and disabler agree with the topics."""
    trial = subprocess.run(
        [sys.executable, "-m", "deploy.local.fault_injection", "--rounds", "1", "--seed", str(SEED)],
        cwd=CHECKOUT,
        env={**os.environ, "COLUMNS": "120"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert trial.returncode == 0, trial.stdout + trial.stderr
