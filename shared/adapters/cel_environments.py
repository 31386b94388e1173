"""The CEL that users write: which variables and functions an expression sees, and compiling it.

Every expression sees whole and fractional numbers compute with each other, because people write
``data.amount * 1.1 > 10`` and mean it, and ``min``, ``max``, ``round`` and ``abs`` over either. Whole by whole divides
as CEL does: 10 / 4 is 2. Templates have three functions more: ``text(x)`` is any value as text (JSON for maps and
lists, nothing for null), ``cut(text, n)`` its first n characters, ``escapeMarkup(text)`` makes ``&``, ``<`` and ``>``
harmless.

CEL's string extension is left out: its ``replace`` and ``join`` multiply two texts of one event. The parser bounds how
deeply an expression nests, at 32 levels, and its length is bounded where it is taken in
(`shared.core.resources.request_template`); the worst text of 8,192 characters we found compiles in 22 ms.
"""

import operator
import re
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from cel_expr_python import cel
from cel_expr_python.ext import ext_math

from shared.core.expression_values import cut, escape_markup, text_of

_MIXED_COMPARISON = re.compile(
    r"found no matching overload for '(_[<>]=?_|_[=!]=_|@in)' applied to "
    r"'\((int|double), ((int|double)|list\((int|double)\))\)'"
)
_POSITION = re.compile(r"<input>:(\d+):(\d+): (.*)")


class Sight(StrEnum):
    """What an expression sees: the event (a condition), the event and what is known when it is sent (a template), or
    the answer to a request (a success test)."""

    CONDITION = "condition"
    TEMPLATE = "template"
    SUCCESS = "success"


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


def _of_text(name: str, parameters: list[Any], compute: Callable[..., str]) -> cel.FunctionDecl:
    overload = cel.Overload(f"hookfleet_{name}", return_type=cel.Type.STRING, parameters=parameters, impl=compute)
    return cel.FunctionDecl(name, [overload])


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
_NUMBERS = [
    *(_mixed(name, label, compute) for name, label, compute in _ARITHMETIC),
    _choose("min", min),
    _choose("max", max),
    _of_one("round", _round_half_away),
    _of_one("abs", abs),
]
_TEXTS = [
    _of_text("text", [cel.Type.DYN], text_of),
    _of_text("cut", [cel.Type.STRING, cel.Type.INT], cut),
    _of_text("escapeMarkup", [cel.Type.STRING], escape_markup),
]
_EVENT = ("event", "data", "new", "old")


def _environment(variables: tuple[str, ...], functions: list[Any]) -> Any:
    return cel.NewEnv(
        variables=dict.fromkeys(variables, cel.Type.DYN),
        extensions=[cel.CelExtension("hookfleet", functions), ext_math.ExtMath()],
    )


_ENVIRONMENTS = {
    Sight.CONDITION: _environment(_EVENT, _NUMBERS),
    Sight.TEMPLATE: _environment((*_EVENT, "mapping", "integration", "credential"), [*_NUMBERS, *_TEXTS]),
    Sight.SUCCESS: _environment(("response",), [*_NUMBERS, *_TEXTS]),
}


def compiled(sight: Sight, text: str) -> Any:
    """A compiled expression. Raises ValueError, with position and reason, when it does not compile."""
    environment = _ENVIRONMENTS[sight]
    try:
        try:
            return environment.compile(text)
        except RuntimeError as error:
            # The runtime compares 10.5 with 10, only its type checker does not believe it. Where that is the checker's
            # one complaint, the check is left out.
            complaints = [line for line in str(error).splitlines() if "ERROR: <input>" in line]
            if not complaints or not all(_MIXED_COMPARISON.search(line) for line in complaints):
                raise
            return environment.compile(text, disable_check=True)
    except (RuntimeError, ValueError) as error:
        raise ValueError(explained(str(error))) from None


def bound(sight: Sight, variables: Mapping[str, Any]) -> Any:
    """An activation, which many expressions are evaluated over.

    Raises ValueError when CEL has no form for a value.
    """
    try:
        return _ENVIRONMENTS[sight].Activation(variables)
    except (RuntimeError, TypeError, OverflowError) as error:
        raise ValueError(f"the event cannot be read by expressions: {error}") from None


def event_variables(document: Mapping[str, Any]) -> dict[str, Any]:
    """``event`` (the CloudEvent's attributes), ``data`` (its payload), ``new`` and ``old`` (null when absent)."""
    data = document.get("data")
    members = data if isinstance(data, dict) else {}
    return {
        "event": {name: value for name, value in document.items() if name != "data"},
        "data": data,
        "new": members.get("new"),
        "old": members.get("old"),
    }


def unreadable(document: Any, encoded: bytes) -> str | None:
    """Why expressions cannot be evaluated over ``document``, which is ``encoded`` as JSON; null when they can.

    The runtime's binding ends a member's name at a NUL character, so that one name could pass for another.
    """
    if b"\\u0000" in encoded and _has_nul_name(document):
        return "the event cannot be read by expressions: the name of a member holds a NUL character"
    return None


def _has_nul_name(value: Any) -> bool:
    if isinstance(value, dict):
        return any("\0" in name for name in value) or any(_has_nul_name(member) for member in value.values())
    return isinstance(value, list) and any(_has_nul_name(member) for member in value)


def explained(said: str) -> str:
    """The runtime's message in one line: position and reason, without its status words and drawing."""
    found = _POSITION.search(said)
    if found is not None:
        line, column, reason = found.groups()
        return f"line {line}, column {column}: {reason.strip()}"
    if "Applying SELECT to non-message type" in said:
        return "a field was read of something that has no fields, such as null"
    first = said.splitlines()[0] if said else "unknown error"
    return first.split(": ", 1)[-1] if first.split(":", 1)[0].isupper() else first
