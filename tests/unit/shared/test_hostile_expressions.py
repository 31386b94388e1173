"""Hostile expressions: refused when they are written or bounded when they run, and never the end of a process.

A crash of the runtime would take the test run with it, hence a process of its own for each that is evaluated in place.
Times are bounds of a lifetime, not of speed: what would take minutes or gigabytes ends.
"""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from shared.adapters.cel_environments import Sight
from shared.adapters.cel_sandbox import Sandbox
from shared.core.expression_cost import cost_of, is_cheap
from shared.core.expression_values import MAX_VALUE_BYTES, Failure, Structure
from tests.unit.shared.hostile import DATA, HOSTILE, HOSTILE_TEMPLATES

ROOT = Path(__file__).parents[3]
EVENT = orjson.dumps({"type": "t", "id": "1", "data": DATA})
#: Memory that evaluating in place may take beyond what the process has, in bytes.
MEMORY = 160 * 2**20
IN_PLACE = """
import resource, sys, time
import orjson
from pathlib import Path
from services.dispatcher.expressions import values_if_cheap
from shared.adapters.cel_environments import Sight
text, event = orjson.loads(sys.stdin.buffer.read())
space = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (space + {memory}, resource.RLIM_INFINITY))
began = time.process_time()
values = values_if_cheap(Sight.TEMPLATE, [text], event.encode(), {{}})
print(type(values).__name__, time.process_time() - began)
"""


def in_place(text: str, event: bytes) -> tuple[str, float]:
    """What evaluating here and now would be: what kind of answer, and its processor time in seconds."""
    ended = subprocess.run(
        [sys.executable, "-c", IN_PLACE.format(memory=MEMORY)],
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        input=orjson.dumps([text, event.decode()]),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr.decode()
    kind, seconds = ended.stdout.decode().split()
    return kind, float(seconds)


@pytest.mark.parametrize("name", HOSTILE | HOSTILE_TEMPLATES)
def test_what_runs_in_place_takes_little_time_and_memory(name: str) -> None:
    kind, seconds = in_place((HOSTILE | HOSTILE_TEMPLATES)[name], EVENT)
    assert kind in {"list", "NoneType"}
    # A tenth of it on an idle machine; the costly ones would take seconds to hours.
    assert seconds < 0.5


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = Sandbox()
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("name", HOSTILE | HOSTILE_TEMPLATES)
def test_what_runs_apart_ends_and_the_next_one_is_evaluated(name: str, sandbox: Sandbox) -> None:
    evaluated = sandbox.evaluate(Sight.TEMPLATE, [(HOSTILE | HOSTILE_TEMPLATES)[name]], EVENT, {})
    (value,) = evaluated.values
    assert isinstance(value, Failure | bool | str | Structure)
    if isinstance(value, Structure):
        assert len(value.encoded) <= MAX_VALUE_BYTES
    assert sandbox.evaluate(Sight.TEMPLATE, ["1 + 1"], b"", {}).values == [2]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("data.big.all(a, data.big == data.big)", "50 ms"),
        ("data.big.map(a, a).size() > 0", "50 ms"),
        ("data.long.matches('(a?){1000}(a?){1000}b')", "50 ms"),
        ("[data.long]" + ".map(x, x + x)" * 14, "MiB"),
        ("[" + ", ".join(["data"] * 60) + "]", "bytes"),
    ],
)
def test_the_reason_says_which_bound_it_was(text: str, reason: str, sandbox: Sandbox) -> None:
    (value,) = sandbox.evaluate(Sight.TEMPLATE, [text], EVENT, {}).values
    assert isinstance(value, Failure)
    # Whichever comes first ends it; on a slow machine that is the time.
    assert reason in value.reason or "50 ms" in value.reason


def test_a_process_that_is_killed_or_stopped_is_replaced(sandbox: Sandbox) -> None:
    assert sandbox.evaluate(Sight.TEMPLATE, ["1"], b"", {}).values == [1]
    sandbox.close()
    assert sandbox.evaluate(Sight.TEMPLATE, ["2"], b"", {}).values == [2]
    sandbox.close()


COSTLY = [name for name in HOSTILE if any(word in name for word in ("loop", "map", "doubling", "filter", "counted"))]


@pytest.mark.parametrize("name", [name for name in COSTLY if "deep" not in name])
def test_what_loops_over_much_or_grows_is_never_called_cheap(name: str) -> None:
    assert not is_cheap([cost_of(HOSTILE[name])], EVENT)


@pytest.mark.parametrize(
    "text",
    [
        "data.amount > 100 && data.currency == 'EUR'",
        "event.type.matches('^billing[.].*[.]created$')",
        "data.email.matches(r'.*@acme\\.com$') || data.email.matches('.*@example\\\\.org')",
        "data.items.exists(item, item.sku == 'x' && item.amount > 3)",
        "{'id': data.id, 'lines': data.items.map(item, item.sku)}",
        "data.name + ', ' + data.city + ' (' + string(data.amount) + ')'",
    ],
)
def test_what_people_write_for_events_of_a_kilobyte_is_cheap(text: str) -> None:
    items = [{"sku": f"article {number}", "amount": number} for number in range(22)]
    event = orjson.dumps({"type": "t", "data": {"items": items, "name": "n" * 300}})
    assert 1_000 < len(event) < 1_500
    assert is_cheap([cost_of(text)], event)


@pytest.mark.parametrize(
    "text",
    [
        "data.s.matches(data.p)",
        "data.s.matches('a' + data.p)",
        "data.s.matches('(a?){1000}')",
        "data.s.matches('''a{1000}''')",
        "data.s.matches('a\\')' + data.p)",
        "data.s.matches // '\n ('a{1000}')",
        "matches(data.s, data.p)",
    ],
)
def test_a_regular_expression_that_is_not_plain_to_see_counts_in_full(text: str) -> None:
    assert cost_of(text).operations > 2_500


@pytest.mark.parametrize(
    ("text", "loops"),
    [
        ("data.big.map(a, a)", 1),
        ("data.big . map // not (yet)\n // nor here\n\t(a, a)", 1),
        ("data.big.all(a, data.big.exists_one(b, a == b))", 2),
        ("type(data) == map && has(data.map) && data.filter.all == 1", 0),
        ("map" + "// " * 2_000, 0),
    ],
)
def test_loops_are_found_however_they_are_written(text: str, loops: int) -> None:
    assert cost_of(text).loops == loops
