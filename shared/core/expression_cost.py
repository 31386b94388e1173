"""What an expression can cost at most, before it is evaluated: whether it may run where it would hold up others.

CEL always ends, but not always soon. Measured with the runtime we use, on one core: comparing two lists takes 12 ns a
byte of JSON, a regular expression 11 ns a byte for each character of its pattern (28 µs a byte with counted repetition
in it), ``map`` over 10,000 members 1.4 s and 1.6 GiB since every step copies the list so far, and texts double with
every ``+`` inside a loop. All that time the interpreter lock is held, so a thread is no way out.

So an expression is *cheap* when this bound on its steps is at most `CHEAP_STEPS`, and then it runs in place; everything
else runs in a process of its own (`shared.adapters.cel_sandbox`), which may be killed. The bound is made from the
expression's text and the event's size alone. It counts characters that could be operators, not the operators, so it is
wrong only on the safe side:

- an operation costs the size of what it works on at most, one step a byte;
- every ``+`` may add one more event's worth to a value;
- a loop runs once for every member of a list, and no list has more members than there are commas;
- more than one loop may do anything.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

#: Steps that may be taken in place: 9 ms at 12 ns a step. The worst we could make of it, a body that is all of an event
#: of 256 KiB, takes 35 ms, 14 ms of which are the reading of the event.
CHEAP_STEPS = 3 * 2**18
#: What a regular expression costs for a byte, in steps, when it is not a plain text without counted repetition.
_REGEX_STEPS = 2_500
_OPERATION = re.compile(r"[=<>+\-*/%(\[{!&|?,]|\bin\b")
_LOOP = re.compile(
    r"\b(?:all|exists|exists_one|existsOne|map|filter|transformList|transformMap|transformMapEntry)\b"
    r"(?:\s|//[^\n]*+)*+\("
)
_MATCHES = re.compile(r"\bmatches\b")
_PLAIN_MATCHES = re.compile(r"""\bmatches\(\s*(?:r(['"])[^'"{]*\1|(['"])(?:[^'"\\{]|\\\\)*\2)\s*\)""")


@dataclass(frozen=True, slots=True)
class Cost:
    """What decides how much an expression may cost. ``members``: of a list that it holds itself, at most."""

    length: int
    members: int
    operations: int
    growth: int
    loops: int

    @property
    def cheap_up_to(self) -> int:
        """Size of events, in bytes, that it is cheap for whatever they hold; negative when there is none."""
        return -1 if self.loops else CHEAP_STEPS // (self.operations * self.growth) - self.length

    def steps(self, size: int, members: int) -> float:
        """Steps it takes at most over ``size`` bytes of JSON with ``members`` members in one list at most."""
        if self.loops > 1:
            return float("inf")
        value = (size + self.length) * self.growth
        rounds = 1 if self.loops == 0 else (members + self.members) * self.growth
        return self.operations * value * rounds


def cost_of(text: str) -> Cost:
    """The cost of the expression ``text``."""
    operations = 1 + len(_OPERATION.findall(text))
    matches = len(_MATCHES.findall(text))
    if matches:
        is_plain = matches == len(_PLAIN_MATCHES.findall(text))
        operations += matches * (len(text) if is_plain else _REGEX_STEPS)
    return Cost(len(text), 1 + text.count(","), operations, 1 + text.count("+"), len(_LOOP.findall(text)))


def is_cheap(costs: Iterable[Cost], *values: bytes) -> bool:
    """Whether all of these may be evaluated in place, over ``values`` (JSON): the event, and what else they see."""
    size = sum(len(each) for each in values)
    members = 1 + sum(each.count(b",") for each in values)
    return sum(cost.steps(size, members) for cost in costs) <= CHEAP_STEPS
