"""`core.runs.join` in SQL: what a run's new row adds to the stored one.

Two recorders may hold records about one run at the same time, so nobody reads a run in order to write it: the statement
itself joins, on the row as it is by then. Each group of columns is taken whole, from the side that `join` would take it
from; columns that follow from several groups are worked out from what was taken. A property test on both engines holds
this module and `join` equal.
"""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, case, func, or_, tuple_

from services.event_recorder.core.run_rows import IDENTITY, LAST_ATTEMPT, OUTCOME

_KEY = ("organization", "run_id")
#: Identity columns that may be null; nulls come last in the order that breaks ties.
_NULLABLE = ("rule_id", "origin_run_id", "event_subject", "event_time")


def adds_something(new: Any, old: Any) -> ColumnElement[bool]:
    """Whether the row would change."""
    return or_(_is_older(new, old), _is_later_attempt(new, old), _is_earlier_outcome(new, old))


def joined(new: Any, old: Any) -> Mapping[str, ColumnElement[Any]]:
    """Every column but the key's, as the join has it."""
    older, later, earlier = _is_older(new, old), _is_later_attempt(new, old), _is_earlier_outcome(new, old)
    taken = {name: case((older, new[name]), else_=old[name]) for name in IDENTITY if name not in _KEY}
    taken |= {name: case((later, new[name]), else_=old[name]) for name in LAST_ATTEMPT}
    taken |= {name: case((earlier, new[name]), else_=old[name]) for name in OUTCOME}
    # An outcome decides; until there is one, the last attempt does.
    for name in ("status", "error"):
        undecided = and_(old.outcome_offset.is_(None), later)
        taken[name] = case((or_(earlier, undecided), new[name]), else_=old[name])
    tried, counted = (func.coalesce(taken[name], 0) for name in ("last_attempt", "outcome_attempts"))
    taken["attempts"] = case((tried >= counted, tried), else_=counted)
    taken["entity_id"] = case(
        (and_(earlier, new.entity_type.is_not(None)), new.entity_id),
        (and_(~earlier, old.entity_type.is_not(None)), old.entity_id),
        else_=taken["event_subject"],
    )
    return taken


def _is_older(new: Any, old: Any) -> ColumnElement[bool]:
    return tuple_(*_age(new)) < tuple_(*_age(old))


def _age(row: Any) -> list[ColumnElement[Any]]:
    """What `core.runs` orders identities by, member for member."""
    members: list[ColumnElement[Any]] = [row.created_ms]
    for name in IDENTITY:
        if name in _NULLABLE:
            members += [case((row[name].is_(None), 1), else_=0), func.coalesce(row[name], "")]
        elif name not in _KEY:
            members.append(row[name])
    return members


def _is_later_attempt(new: Any, old: Any) -> ColumnElement[bool]:
    place = [tuple_(row.last_attempt, row.last_attempt_offset) for row in (new, old)]
    return and_(new.last_attempt.is_not(None), or_(old.last_attempt.is_(None), place[0] > place[1]))


def _is_earlier_outcome(new: Any, old: Any) -> ColumnElement[bool]:
    return and_(
        new.outcome_offset.is_not(None),
        or_(old.outcome_offset.is_(None), new.outcome_offset < old.outcome_offset),
    )
