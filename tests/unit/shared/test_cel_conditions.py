"""Conditions as people write them: whole and fractional numbers, missing fields, hostile expressions."""

import operator
import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.cel_checks import expression_faults
from shared.adapters.cel_conditions import Activation, Condition, Unevaluable
from shared.core.faults import Fault
from shared.core.resources import NotificationRule


def activation(data: Any = None, **attributes: Any) -> Activation:
    document = {"type": "t", **attributes, "data": data}
    return Activation(document, orjson.dumps(document))


def evaluate(text: str, data: Any = None, **attributes: Any) -> bool | Unevaluable:
    return Condition(text).evaluate(activation(data, **attributes))


def check_condition(text: str) -> Fault | None:
    rule = NotificationRule.model_construct(name="r", event_type="t", condition=text)
    return next(expression_faults(rule), None)


# + - * / and comparisons, min, max, round and abs over {10, 10.5} x {5, 1.1}: literals, values of data, and mixed.

LEFT, RIGHT = (10, 10.5), (5, 1.1)
WAYS = [("{a}", "{b}"), ("data.a", "data.b"), ("{a}", "data.b"), ("data.a", "{b}")]
pairs = pytest.mark.parametrize(("a", "b"), [(a, b) for a in LEFT for b in RIGHT])
ways = pytest.mark.parametrize(("left", "right"), WAYS)


def written(template: str, a: float, b: float) -> str:
    return template.format(a=a, b=b)


ARITHMETIC: dict[str, Callable[[Any, Any], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


@pairs
@ways
@pytest.mark.parametrize("sign", ARITHMETIC)
def test_whole_and_fractional_numbers_compute_with_each_other(
    sign: str, a: float, b: float, left: str, right: str
) -> None:
    expected = ARITHMETIC[sign](a, b)
    text = written(f"{left} {sign} {right} - data.expected", a, b)
    values = {"a": a, "b": b, "expected": expected}
    assert evaluate(f"{text} < 0.000001 && {text} > -0.000001", values) is True
    assert evaluate(f"{text} > 0.5", values) is False


@pairs
@ways
@pytest.mark.parametrize("sign", COMPARISONS)
def test_whole_and_fractional_numbers_compare_with_each_other(
    sign: str, a: float, b: float, left: str, right: str
) -> None:
    for one, other in ((a, b), (b, a), (a, a)):
        text = written(f"{left} {sign} {right}", one, other)
        assert evaluate(text, {"a": one, "b": other}) is COMPARISONS[sign](one, other)


@pytest.mark.parametrize("text", ["10 == 10.0", "10.0 == 10", "data.a == 10.0", "data.a == data.b", "!(10 != 10.0)"])
def test_a_whole_number_equals_the_same_number_written_with_a_fraction(text: str) -> None:
    assert evaluate(text, {"a": 10, "b": 10.0}) is True


@pairs
@ways
@pytest.mark.parametrize("name", ["min", "max"])
def test_min_and_max_take_both_sorts_of_numbers(name: str, a: float, b: float, left: str, right: str) -> None:
    expected = min(a, b) if name == "min" else max(a, b)
    assert evaluate(written(f"{name}({left}, {right}) == {expected}", a, b), {"a": a, "b": b}) is True
    assert evaluate(written(f"{name}({right}, {left}) != {expected}", a, b), {"a": a, "b": b}) is False


@pytest.mark.parametrize(
    ("number", "rounded"), [(10, 10), (10.5, 11), (5, 5), (1.1, 1), (2.5, 3), (-2.5, -3), (-1.1, -1), (0.49, 0)]
)
def test_round_rounds_half_away_from_zero_as_people_do(number: float, rounded: int) -> None:
    assert evaluate(f"round({number}) == {rounded}") is True
    assert evaluate(f"round(data) == {rounded}", number) is True


@pytest.mark.parametrize("number", [10, 10.5, 5, 1.1, -10, -10.5, 0])
def test_abs_takes_both_sorts_of_numbers(number: float) -> None:
    assert evaluate(f"abs({number}) == {abs(number)}") is True
    assert evaluate(f"abs(data) == {abs(number)}", number) is True


def test_whole_by_whole_divides_whole() -> None:
    assert evaluate("10 / 4 == 2") is True
    assert evaluate("10 / 4.0 == 2.5") is True


@given(st.integers(-(10**6), 10**6), st.floats(-1e6, 1e6), st.sampled_from(sorted(COMPARISONS)))
def test_comparing_with_data_agrees_with_arithmetic(whole: int, fraction: float, sign: str) -> None:
    assert evaluate(f"data.a {sign} data.b", {"a": whole, "b": fraction}) is COMPARISONS[sign](whole, fraction)


# What a condition sees.


@pytest.mark.parametrize(
    ("text", "data"),
    [
        ("new == null && old == null", None),
        ("new == null && old == null", "text"),
        ("new == null && old == null", [1]),
        ("old == null && new.amount > 10", {"new": {"amount": 10.5}}),
        ("old.amount < new.amount", {"new": {"amount": 10.5}, "old": {"amount": 10}}),
        ("new == null && old.amount == 5", {"old": {"amount": 5}}),
        ("data == null", None),
        ("data.a == null", {"a": None}),
        ("event.type == 't'", None),
        ("!has(event.data)", {"a": 1}),
        ("has(data.a) && !has(data.b)", {"a": 1}),
        ("'eu' in data.tags && size(data.tags) == 2", {"tags": ["eu", "de"]}),
        ("data.tags.exists(tag, tag.startsWith('e'))", {"tags": ["eu", "de"]}),
        ("data.paid ? data.amount > 1 : false", {"paid": True, "amount": 1.5}),
        ("data.name.contains('ü') && data.name.matches('^[A-Z].*')", {"name": "Grün"}),
        ("timestamp(data.at) < timestamp('2030-01-01T00:00:00Z') + duration('1h')", {"at": "2030-01-01T00:30:00Z"}),
        ("data.a == 'x' || data.missing == 1", {"a": "x"}),
    ],
)
def test_a_condition_sees_the_event_its_data_and_what_was_and_is(text: str, data: Any) -> None:
    assert evaluate(text, data) is True


# No answer is never a yes.

UNANSWERABLE = [
    ("data.missing == 1", {}, "missing"),
    ("data.a.b.c == 1", {"a": {}}, "b"),
    ("new.amount > 1", {"old": {}}, "null"),
    ("data.a + 1 == 2", {"a": "x"}, "overload"),
    ("data.a > 1", {"a": "x"}, "overload"),
    ("data.a / 0 == 1", {"a": 1}, "zero"),
    ("data.a + 9223372036854775807 > 0", {"a": 1}, "overflow"),
    ("data.tags[5] == 'x'", {"tags": []}, ""),
    ("timestamp(data.at) > timestamp('2030-01-01T00:00:00Z')", {"at": "soon"}, ""),
    ("data.a.matches('(')", {"a": "x"}, ""),
    ("min(data.a, 1) == 1", {"a": "x"}, "overload"),
    ("data.a", {"a": "true"}, "not true or false"),
    ("data.a", {"a": 1}, "not true or false"),
    ("data.a", {"a": None}, "not true or false"),
    ("data.a", {}, "a"),
    ("data", {"a": 1}, "not true or false"),
]


@pytest.mark.parametrize(("text", "data", "reason"), UNANSWERABLE)
def test_what_cannot_be_evaluated_is_no_yes_and_says_why(text: str, data: Any, reason: str) -> None:
    answer = evaluate(text, data)
    assert isinstance(answer, Unevaluable)
    assert reason in answer.reason
    assert "\n" not in answer.reason


@pytest.mark.parametrize(("text", "data", "reason"), UNANSWERABLE)
def test_negating_what_cannot_be_evaluated_is_no_yes_either(text: str, data: Any, reason: str) -> None:
    assert isinstance(evaluate(f"!({text})", data), Unevaluable)


def test_the_next_event_is_judged_anew_after_one_without_an_answer() -> None:
    condition = Condition("data.a > 1")
    assert isinstance(condition.evaluate(activation({})), Unevaluable)
    assert condition.evaluate(activation({"a": 2})) is True
    assert condition.evaluate(activation({"a": 1.0})) is False


def test_a_name_that_the_runtime_would_cut_short_is_no_name() -> None:
    answer = evaluate("data.paid", {"a": [{"paid\0": True}], "paid": True})
    assert isinstance(answer, Unevaluable)
    assert "NUL" in answer.reason
    assert evaluate("data.paid", {"text": "\0", "paid": True}) is True


# What is refused when it is written.


@pytest.mark.parametrize(
    ("text", "position"),
    [
        ("data.a >", "line 1, column 9"),
        ("data..a", "line 1"),
        ("true &&\n  data.a >", "line 2, column 11"),
        ("nobody == 1", "line 1, column 1"),
        ("1 + 'a' == 2", "line 1, column 3"),
        ("nothing(1)", "line 1, column 8"),
    ],
)
def test_a_condition_that_does_not_compile_is_refused_with_the_position(text: str, position: str) -> None:
    fault = check_condition(text)
    assert fault is not None
    assert fault.field == "condition"
    assert position in fault.message


@pytest.mark.parametrize("text", ["1", "1.5", "'true'", "[true]", "{'a': true}", "1 + 1", "size('a')"])
def test_what_can_never_be_true_or_false_is_refused(text: str) -> None:
    fault = check_condition(text)
    assert fault is not None
    assert "not true or false" in fault.message


@pytest.mark.parametrize("call", ["data.a.replace('a', data.a)", "[data.a].join(data.a)", "'%s'.format([data.a])"])
def test_functions_that_multiply_text_are_unknown(call: str) -> None:
    fault = check_condition(f"{call} == 'x'")
    assert fault is not None
    assert "undeclared reference" in fault.message


@pytest.mark.parametrize("text", ["true", "data.a", "data.a > 1.5", "1 < 1.5", "new.a != old.a", "1 in [1.5]"])
def test_a_condition_that_can_be_true_is_taken(text: str) -> None:
    assert check_condition(text) is None


def test_leaving_out_the_check_for_a_mixed_comparison_does_not_let_other_faults_through() -> None:
    assert check_condition("10 < 10.5") is None
    assert check_condition("10 < 10.5 && nobody == 1") is not None
    assert check_condition("10 < 10.5 && 'a' < 1") is not None


@given(st.text(max_size=40))
def test_no_text_makes_checking_raise(text: str) -> None:
    check_condition(text)


def test_an_event_costs_little_however_many_conditions_ask() -> None:
    conditions = [Condition(f"data.amount > {number} && event.type == 't'") for number in range(200)]
    bound = activation({"amount": 100.5})
    began = time.monotonic()
    assert sum(condition.evaluate(bound) is True for condition in conditions) == 101
    assert time.monotonic() - began < 0.1
