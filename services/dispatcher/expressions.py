"""Where an expression is evaluated: here when it is cheap, in a process of its own when it may be costly.

What is costly counts against the organization's allowance (`shared.core.expression_allowance`), so that one
organization's expressions cannot take the time of the thread that waits for them. Each role has a process of its own
for them, which starts when something costly comes for the first time.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import orjson

from shared.adapters.cel_environments import Sight
from shared.adapters.cel_expressions import evaluate_all, expression
from shared.adapters.cel_sandbox import Sandbox
from shared.core.expression_allowance import Allowance
from shared.core.expression_cost import is_cheap
from shared.core.expression_values import Failure, Value

Values = list[Value | Failure]


def values_if_cheap(sight: Sight, texts: Sequence[str], event: bytes, more: Mapping[str, Any]) -> Values | None:
    """Values of expressions that are cheap all together, found here and now; null when they may be costly."""
    found = [expression(sight, text) for text in texts]
    costs = [each.cost for each in found if not isinstance(each, Failure)]
    return evaluate_all(sight, texts, event, more) if is_cheap(costs, event, orjson.dumps(more)) else None


class CostlyExpressions:
    """Evaluates expressions within bounds of time and memory. For one thread at a time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        """``clock`` gives seconds and only goes forward."""
        self._sandbox = Sandbox()
        self._allowance = Allowance()
        self._clock = clock

    def values(
        self, organization: str, sight: Sight, texts: Sequence[str], event: bytes, more: Mapping[str, Any]
    ) -> Values:
        """Values, or why there are none; blocks for as long as it takes."""
        wait = self._allowance.seconds_to_wait(organization, self._clock())
        if wait > 0:
            reason = (
                "the organization's costly expressions have used up their time; the next is evaluated in "
                f"{wait:.0f} s: simplify those that loop or compare much"
            )
            return [Failure(reason)] * len(texts)
        evaluated = self._sandbox.evaluate(sight, texts, event, more)
        self._allowance.charge(organization, evaluated.seconds, self._clock())
        return evaluated.values

    def close(self) -> None:
        """End the process, if one was started."""
        self._sandbox.close()
