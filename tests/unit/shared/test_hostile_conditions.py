"""Hostile conditions: bounded in time, and never the end of the process.

A crash of the runtime would take the test run with it, hence a process of its own for each.
"""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HOSTILE = {
    "deep parentheses": "'(' * 2000 + 'true' + ')' * 2000",
    "many nots": "'!' * 4095 + 'true'",
    "deep lists": "'[' * 2000 + ']' * 2000 + ' == []'",
    "deep selections": "'data' + '.a' * 2000 + ' == 1'",
    "long sum": "'1' + '+1' * 2000 + ' > 0'",
    "deep ternaries": "'true ? ' * 500 + 'true' + ' : true' * 500",
    "huge string": "repr('a' * 4000) + ' == data.long'",
    "nested macros": "'data.big.all(a, data.big.all(b, data.big.all(c, a + b + c >= 0)))'",
    "nested maps": "'data.big.map(a, data.big.map(b, data.big)).size() > 0'",
    "catastrophic for a backtracking regex": "\"data.long.matches('(a+)+$') && data.long.matches('(a|a)*b')\"",
    "huge regex": "'data.long.matches(\"' + '(a?){1000}' * 300 + '\")'",
    "growing string": "'data.long' + '.replace(\"a\", \"aaaaaaaaaa\")' * 6 + '.size() > 0'",
    "deep data": "'data.deep == data.deep'",
}
PROGRAM = """
import time
from shared.adapters.cel_conditions import Activation, Condition
deep = 1
for _ in range(250):
    deep = [deep]
text = {expression}
began = time.monotonic()
try:
    answer = Condition(text).evaluate(Activation(
        {{"data": {{"long": "a" * 100_000, "big": list(range(1_000)), "deep": deep}}}}
    ))
except ValueError as error:
    answer = error
print(type(answer).__name__, time.monotonic() - began)
"""


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_condition_ends_soon_and_leaves_the_process_alive(name: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(expression=HOSTILE[name])],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=20,
    )
    assert ended.returncode == 0, ended.stderr
    answer, seconds = ended.stdout.split()
    assert answer in {"bool", "ValueError", "Unevaluable"}
    assert float(seconds) < 1.0
