"""Conditions in CEL: compiled once, evaluated for many events.

A result that is not a boolean is never a yes. What an expression sees and may call is said in
`shared.adapters.cel_environments`, what it may cost in `shared.core.expression_cost`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cel_expr_python import cel

from shared.adapters.cel_environments import Sight, bound, compiled, event_variables, explained, unreadable
from shared.core.expression_cost import cost_of


@dataclass(frozen=True, slots=True)
class Unevaluable:
    """The condition has no answer for this event; ``reason`` is for people."""

    reason: str


class Condition:
    """A compiled condition. Raises ValueError, with position and reason, when it does not compile."""

    def __init__(self, text: str) -> None:
        self._expression = compiled(Sight.CONDITION, text)
        gives = self._expression.return_type()
        if gives not in (cel.Type.BOOL, cel.Type.DYN):
            raise ValueError(f"gives {gives.name().lower()}, not true or false")
        self.cost = cost_of(text)
        self.cheap_up_to = self.cost.cheap_up_to

    def evaluate(self, activation: "Activation") -> bool | Unevaluable:
        """Its answer, found here and now: see `cost` before."""
        if activation.bound is None:
            return Unevaluable(activation.fault)
        try:
            result = self._expression.eval(activation.bound)
        except (RuntimeError, ValueError, ArithmeticError) as error:
            return Unevaluable(explained(str(error)))
        if result.type() == cel.Type.BOOL:
            return bool(result.value() is True)
        if result.type() == cel.Type.ERROR:
            return Unevaluable(explained(str(result.value())))
        return Unevaluable(f"gives {result.type().name().lower()}, not true or false")


class Activation:
    """One event as conditions see it: bound once, evaluated by many."""

    def __init__(self, document: Mapping[str, Any], encoded: bytes) -> None:
        """``encoded``: the document as JSON."""
        self.bound: Any = None
        self.fault = unreadable(document, encoded) or ""
        if not self.fault:
            try:
                self.bound = bound(Sight.CONDITION, event_variables(document))
            except ValueError as error:
                self.fault = str(error)
