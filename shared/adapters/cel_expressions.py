"""Evaluating expressions, here and now: whoever calls knows that they are cheap, or runs where it may be killed.

Mind that the runtime returns an error as a *string* value; the result's type decides, not its truth. A reason says what
is wrong and may quote the event, never more than `MAX_REASON` characters of it.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import orjson
from cel_expr_python import cel

from shared.adapters.cel_environments import Sight, bound, compiled, event_variables, explained, unreadable
from shared.adapters.compiled_texts import CompiledTexts
from shared.core.expression_cost import cost_of
from shared.core.expression_values import Failure, Value, value_of

#: Characters of expressions kept compiled, for each sight: some 40 MiB, and room for 700 presets.
_KEPT_CHARACTERS = 250_000
#: Longest reason, in characters.
MAX_REASON = 300


class Expression:
    """A compiled expression. Raises ValueError, with position and reason, when it does not compile."""

    def __init__(self, sight: Sight, text: str) -> None:
        self._expression = compiled(sight, text)
        self.cost = cost_of(text)

    @property
    def gives(self) -> str:
        """Name of the type of its value, such as ``map`` or ``string``; ``dyn`` when only evaluating it will tell."""
        name: str = self._expression.return_type().name()
        return name.partition("<")[0].lower()

    def evaluate(self, activation: Any) -> Value | Failure:
        """Its value over ``activation`` (see `bound`)."""
        try:
            result = self._expression.eval(activation)
            if result.type() == cel.Type.ERROR:
                return Failure(explained(str(result.value()))[:MAX_REASON])
            return value_of(result.plain_value())
        except (RuntimeError, ValueError, ArithmeticError) as error:
            return Failure(explained(str(error))[:MAX_REASON])


def _compiled(sight: Sight, text: str) -> Expression | Failure:
    try:
        return Expression(sight, text)
    except ValueError as error:
        return Failure(f"does not compile: {error}"[:MAX_REASON])


_KEPT = {sight: CompiledTexts(partial(_compiled, sight), _KEPT_CHARACTERS) for sight in Sight}


def expression(sight: Sight, text: str) -> Expression | Failure:
    """A compiled expression, kept for the next time."""
    return _KEPT[sight].of(text)


def evaluate_all(sight: Sight, texts: Sequence[str], event: bytes, more: Mapping[str, Any]) -> list[Value | Failure]:
    """The value of each expression over one event (structured JSON; empty for none) and ``more`` variables."""
    document = orjson.loads(event) if event else {}
    fault = unreadable(document, event)
    if fault is not None:
        return [Failure(fault)] * len(texts)
    variables = event_variables(document) if event else {}
    try:
        activation = bound(sight, {**variables, **more})
    except ValueError as error:
        return [Failure(str(error)[:MAX_REASON])] * len(texts)
    found = [expression(sight, text) for text in texts]
    return [each if isinstance(each, Failure) else each.evaluate(activation) for each in found]
