"""Conditions in CEL, the Common Expression Language: compiling, checking and evaluating them.

CEL always ends: it has no loops of its own and the C++ runtime bounds nesting and size. An expression sees ``event``
(the CloudEvent's attributes), ``data`` (its payload), ``new`` and ``old`` (``data.new`` and ``data.old``, null when
absent). People write ``data.amount * 1.1 > 10`` and mean it, so whole and fractional numbers compute with each other
here, and ``min``, ``max``, ``round`` and ``abs`` take either. Whole by whole divides as CEL does: 10 / 4 is 2.

A result that is not a boolean is never a yes. Mind that the runtime returns an error as a *string* value; the result's
type decides, not its truth.

CEL's string extension is left out: its ``replace`` and ``join`` multiply two texts of one event, so that one condition
could take all memory of a worker that other organizations share.
"""

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_math

from shared.core.faults import Fault

_MIXED_COMPARISON = re.compile(
    r"found no matching overload for '(_[<>]=?_|_[=!]=_|@in)' applied to "
    r"'\((int|double), ((int|double)|list\((int|double)\))\)'"
)
_POSITION = re.compile(r"<input>:(\d+):(\d+): (.*)")


@dataclass(frozen=True, slots=True)
class Unevaluable:
    """The condition has no answer for this event; ``reason`` is for people."""

    reason: str


def _mixed(name: str, label: str, compute: Callable[[Any, Any], Any]) -> cel.FunctionDecl:
    """An operator of CEL between a whole and a fractional number."""
    return cel.FunctionDecl(
        name,
        [
            cel.Overload(
                f"hookfleet_{label}_{left}_{right}",
                return_type=cel.Type.DOUBLE,
                parameters=[getattr(cel.Type, left.upper()), getattr(cel.Type, right.upper())],
                impl=compute,
            )
            for left, right in (("int", "double"), ("double", "int"))
        ],
    )


def _divide(left: float, right: float) -> float:
    # CEL's own double division gives infinities; a mixed one does the same instead of raising.
    return left / right if right else (float("nan") if not left else float("inf") if left > 0 else float("-inf"))


def _choose(name: str, compute: Callable[[Any, Any], Any]) -> cel.FunctionDecl:
    kinds = ("int", "double")
    return cel.FunctionDecl(
        name,
        [
            cel.Overload(
                f"hookfleet_{name}_{left}_{right}",
                return_type=cel.Type.INT if left == right == "int" else cel.Type.DOUBLE,
                parameters=[getattr(cel.Type, left.upper()), getattr(cel.Type, right.upper())],
                impl=compute if left == right else lambda a, b: float(compute(a, b)),
            )
            for left in kinds
            for right in kinds
        ],
    )


def _of_one(name: str, compute: Callable[[Any], Any]) -> cel.FunctionDecl:
    return cel.FunctionDecl(
        name,
        [
            cel.Overload(
                f"hookfleet_{name}_{kind}",
                return_type=getattr(cel.Type, kind.upper()),
                parameters=[getattr(cel.Type, kind.upper())],
                impl=compute,
            )
            for kind in ("int", "double")
        ],
    )


def _round_half_away(number: float) -> float:
    """As people round: 2.5 is 3 and -2.5 is -3, where Python's round gives 2 and -2."""
    if isinstance(number, int) or number != number or number in (float("inf"), float("-inf")):
        return number
    whole = float(int(number))
    return whole + (1.0 if number > 0 else -1.0) if abs(number - whole) >= 0.5 else whole


_ARITHMETIC = (
    ("_+_", "add", operator.add),
    ("_-_", "subtract", operator.sub),
    ("_*_", "multiply", operator.mul),
    ("_/_", "divide", _divide),
)
_ENVIRONMENT = cel.NewEnv(
    variables=dict.fromkeys(("event", "data", "new", "old"), cel.Type.DYN),
    extensions=[
        cel.CelExtension(
            "hookfleet",
            [
                *(_mixed(name, label, compute) for name, label, compute in _ARITHMETIC),
                _choose("min", min),
                _choose("max", max),
                _of_one("round", _round_half_away),
                _of_one("abs", abs),
            ],
        ),
        ext_math.ExtMath(),
    ],
)


def _compile(text: str) -> Any:
    try:
        return _ENVIRONMENT.compile(text)
    except RuntimeError as error:
        # The runtime compares 10.5 with 10, only its type checker does not believe it. Where that is the checker's one
        # complaint, the check is left out.
        complaints = [line for line in str(error).splitlines() if "ERROR: <input>" in line]
        if not all(_MIXED_COMPARISON.search(line) for line in complaints):
            raise
        return _ENVIRONMENT.compile(text, disable_check=True)


class Condition:
    """A compiled condition. Raises ValueError, with position and reason, when it does not compile."""

    def __init__(self, text: str) -> None:
        try:
            self._expression = _compile(text)
        except (RuntimeError, ValueError) as error:
            raise ValueError(_explain(str(error))) from None
        gives = self._expression.return_type()
        if gives not in (cel.Type.BOOL, cel.Type.DYN):
            raise ValueError(f"gives {gives.name().lower()}, not true or false")

    def evaluate(self, activation: "Activation") -> bool | Unevaluable:
        if activation.bound is None:
            return Unevaluable(activation.fault)
        try:
            result = self._expression.eval(activation.bound)
        except (RuntimeError, ValueError, ArithmeticError) as error:
            return Unevaluable(_explain(str(error)))
        if result.type() == cel.Type.BOOL:
            return bool(result.value() is True)
        if result.type() == cel.Type.ERROR:
            return Unevaluable(_explain(str(result.value())))
        return Unevaluable(f"gives {result.type().name().lower()}, not true or false")


class Activation:
    """One event as conditions see it: bound once, evaluated by many."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        data = document.get("data")
        members = data if isinstance(data, dict) else {}
        self.fault = ""
        try:
            self.bound: Any = _ENVIRONMENT.Activation(
                {
                    "event": {name: value for name, value in document.items() if name != "data"},
                    "data": data,
                    "new": members.get("new"),
                    "old": members.get("old"),
                }
            )
        except (RuntimeError, ValueError, TypeError, OverflowError) as error:
            self.bound = None
            self.fault = f"the event cannot be read by conditions: {error}"


def check_condition(text: str) -> Fault | None:
    """What is wrong with a condition, or None."""
    try:
        Condition(text)
    except ValueError as error:
        return Fault("condition", f"not a CEL condition: {error}", "correct the expression")
    return None


def _explain(said: str) -> str:
    """The runtime's message in one line: position and reason, without its status words and drawing."""
    found = _POSITION.search(said)
    if found is not None:
        line, column, reason = found.groups()
        return f"line {line}, column {column}: {reason.strip()}"
    if "Applying SELECT to non-message type" in said:
        return "a field was read of something that has no fields, such as null"
    first = said.splitlines()[0] if said else "unknown error"
    return first.split(": ", 1)[-1] if first.split(":", 1)[0].isupper() else first
