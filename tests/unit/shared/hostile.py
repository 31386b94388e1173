"""Expressions written to hurt, and the event they are written for."""

from typing import Any

#: What they work on: some 190 KB as JSON.
DATA: dict[str, Any] = {
    "long": "a" * 100_000,
    "markup": "<" * 20_000,
    "big": list(range(9_000)),
    "pairs": [{"a": number} for number in range(1_000)],
    "null": None,
    "text": "x",
}
DEEP: Any = 1
for _ in range(240):
    DEEP = [DEEP]
DATA["deep"] = DEEP

HOSTILE = {
    "deep parentheses": "(" * 2000 + "true" + ")" * 2000,
    "many nots": "!" * 4095 + "true",
    "deep lists": "[" * 2000 + "]" * 2000 + " == []",
    "deep maps": "{1:" * 1000 + "1" + "}" * 1000 + " == {}",
    "deep selections": "data" + ".a" * 2000 + " == 1",
    "long sum": "1" + "+1" * 2000 + " > 0",
    "deep ternaries": "true ? true : " * 290 + "true",
    "nested functions": "min(1, " * 500 + "1" + ")" * 500 + " > 0",
    "huge text": repr("a" * 4000) + " == data.long",
    "nested loops": "data.big.all(a, data.big.all(b, data.big.all(c, a + b + c >= 0)))",
    "nested maps": "data.big.map(a, data.big.map(b, data.big)).size() > 0",
    "one long map": "data.big.map(a, a).size() > 0",
    "one long filter": "data.big.filter(a, true).size() > 0",
    "comparisons in a loop": "data.big.all(a, data.big == data.big)",
    "memberships in a loop": "data.big.all(a, !(-1 in data.big))",
    "doubling text": "[data.long]" + ".map(x, x + x)" * 14 + ".size() > 0",
    "doubling lists": "[1]" + ".map(x, [x, x])" * 20 + " == [2]",
    "doubling in nested loops": "[data.long].all(a, [a+a].all(b, [b+b].all(c, [c+c].all(d, (d+d).size() > 0))))",
    "many comparisons": " && ".join(["data.big == data.big"] * 180),
    "growing sum": "(" + "+".join(["data.long"] * 30) + ").size() > 0",
    "a regular expression without end": "data.long.matches('(a+)+$') && data.long.matches('(a|a)*b')",
    "counted repetition": "data.long.matches('(a?){1000}(a?){1000}b')",
    "a huge regular expression": "data.long.matches('" + "(a?){1000}" * 300 + "')",
    "a regular expression from the event": "data.long.matches(data.long + '{1000}')",
    "deep data": "data.deep == data.deep",
    "type confusion": "data.text + 1 == data.big && data.null.a > [] && -data.text == {}",
    "missing keys": "data.nothing.at.all[17] == data.big[data.text]",
    "not a number": "data.text / 0 == 1 || 1 / 0 == 1 || data.big[99999999] == 1",
    "overflow": "9223372036854775807 + data.big[1] > 0 && -9223372036854775807 - 2 < 0",
}
#: Those that only templates can say.
HOSTILE_TEMPLATES = {
    "escapes of escapes": "escapeMarkup(" * 25 + "data.markup" + ")" * 25,
    "text of texts": "text([" * 14 + "data.markup" + "])" * 14,
    "the event many times": "[" + ", ".join(["data"] * 400) + "]",
    "a map of maps": "data.pairs.map(a, data.pairs.map(b, {'a': a, 'b': b, 'all': data}))",
    "a cut of nothing": "cut(data.text, -9223372036854775807)",
}
