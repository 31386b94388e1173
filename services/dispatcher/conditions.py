"""Conditions for the match stage: each text compiled once, one activation an event.

The match thread works for everybody, so a condition that may be costly for this event is evaluated apart from it and
within bounds of time and memory; see `services.dispatcher.expressions`.
"""

from services.dispatcher.core.matching import Evaluate, NoAnswer
from services.dispatcher.expressions import CostlyExpressions
from shared.adapters.cel_conditions import Activation, Condition, Unevaluable
from shared.adapters.cel_environments import Sight
from shared.adapters.compiled_texts import CompiledTexts
from shared.core.cloud_events import CloudEvent
from shared.core.expression_cost import is_cheap
from shared.core.expression_values import Failure

#: Characters of conditions kept compiled: some 80 MiB, and room for 10,000 of the length that people write.
_KEPT_CHARACTERS = 500_000


def _compiled(text: str) -> Condition | NoAnswer:
    try:
        return Condition(text)
    except ValueError as error:
        return NoAnswer(f"the condition does not compile: {error}")


class Conditions:
    """Evaluates conditions. For one thread."""

    def __init__(self) -> None:
        self._compiled = CompiledTexts(_compiled, _KEPT_CHARACTERS)
        self._costly = CostlyExpressions()

    def evaluator(self, event: CloudEvent) -> Evaluate:
        """Evaluates conditions for ``event``; the event is bound when the first one asks."""
        bound: list[Activation] = []
        body = event.encode()
        size = len(body)

        def evaluate(text: str) -> bool | NoAnswer:
            condition = self._compiled.of(text)
            if isinstance(condition, NoAnswer):
                return condition
            if size > condition.cheap_up_to and not is_cheap((condition.cost,), body):
                return self._apart(event.organization, text, body)
            if not bound:
                bound.append(Activation(event.document, body))
            answer = condition.evaluate(bound[0])
            return NoAnswer(answer.reason) if isinstance(answer, Unevaluable) else answer

        return evaluate

    def _apart(self, organization: str, text: str, event: bytes) -> bool | NoAnswer:
        (value,) = self._costly.values(organization, Sight.CONDITION, [text], event, {})
        if isinstance(value, bool):
            return value
        return NoAnswer(value.reason if isinstance(value, Failure) else "gives no true or false")

    def close(self) -> None:
        """End what was started."""
        self._costly.close()
