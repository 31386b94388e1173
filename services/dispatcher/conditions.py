"""Conditions for the match stage: each text compiled once, one activation an event."""

from functools import lru_cache

from services.dispatcher.core.matching import Evaluate, NoAnswer
from shared.adapters.cel_conditions import Activation, Condition, Unevaluable
from shared.core.cloud_events import CloudEvent

#: Compiled conditions kept at most; beyond it the least used is compiled again when it is needed.
_COMPILED = 50_000


@lru_cache(maxsize=_COMPILED)
def _compiled(text: str) -> Condition | NoAnswer:
    try:
        return Condition(text)
    except ValueError as error:
        return NoAnswer(f"the condition does not compile: {error}")


def evaluator(event: CloudEvent) -> Evaluate:
    """Evaluates conditions for ``event``; the event is bound when the first one asks."""
    bound: list[Activation] = []

    def evaluate(text: str) -> bool | NoAnswer:
        condition = _compiled(text)
        if isinstance(condition, NoAnswer):
            return condition
        if not bound:
            bound.append(Activation(event.document))
        answer = condition.evaluate(bound[0])
        return NoAnswer(answer.reason) if isinstance(answer, Unevaluable) else answer

    return evaluate
