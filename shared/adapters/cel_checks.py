"""Whether the expressions of a spec are fit to be written: they compile, and may give what their place needs.

A fault names the field and the position in the expression.
"""

from collections.abc import Iterator

from shared.adapters.cel_conditions import Condition
from shared.adapters.cel_environments import Sight
from shared.adapters.cel_expressions import Expression
from shared.core.faults import Fault
from shared.core.resources import Integration, NotificationRule, Place
from shared.core.resources.spec import Spec

_FIX = "correct the expression"
#: Types of CEL that each place takes, and how to say so.
_SCALARS = frozenset({"string", "int", "uint", "double", "bool", "null"})
_TAKEN: dict[Place, tuple[frozenset[str], str]] = {
    Place.PATH: (frozenset({"list"}), "a list of path segments"),
    Place.QUERY: (_SCALARS, "text, a number or a boolean"),
    Place.HEADER: (_SCALARS, "text, a number or a boolean"),
    Place.BODY: (frozenset({"map", "list", "string", "bytes"}), "a map, a list, text or bytes"),
    Place.ENTITY_ID: (frozenset({"string", "int", "uint", "null"}), "text or a whole number"),
    Place.TEXT: (_SCALARS, "text"),
    Place.SUCCESS: (frozenset({"bool"}), "true or false"),
}


def expression_faults(spec: Spec) -> Iterator[Fault]:
    """What is wrong with the expressions of ``spec``, by field."""
    if isinstance(spec, NotificationRule) and spec.condition is not None:
        try:
            Condition(spec.condition)
        except ValueError as error:
            yield Fault("condition", f"not a CEL condition: {error}", _FIX)
    if isinstance(spec, Integration):
        yield from _faults_of_integration(spec)


def _faults_of_integration(spec: Integration) -> Iterator[Fault]:
    found_any = False
    for each in spec.expressions:
        found = _fault(each.place, each.text)
        if found is not None:
            found_any = True
            yield Fault(each.field, found, _FIX)
    request, _ = spec.request_and_success
    if spec.preset is not None and request is not None and not found_any:
        # Each is fine by itself; within the preset's own they may nest too deeply.
        found = _fault(Place.BODY, request.body or "")
        if found is not None:
            yield Fault("message", f"does not fit into the preset: {found}", "make its expressions simpler")


def _fault(place: Place, text: str) -> str | None:
    sight = Sight.SUCCESS if place is Place.SUCCESS else Sight.TEMPLATE
    try:
        gives = Expression(sight, text).gives
    except ValueError as error:
        return f"not a CEL expression: {error}"
    taken, said = _TAKEN[place]
    return None if gives == "dyn" or gives in taken else f"gives {gives}, not {said}"
