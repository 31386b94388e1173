"""Compiled expressions are kept within a bound of characters."""

from concurrent.futures import ThreadPoolExecutor

from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.compiled_texts import CompiledTexts


@given(st.lists(st.text(max_size=20), max_size=100))
def test_the_bound_holds_whatever_comes_and_the_answer_is_always_right(texts: list[str]) -> None:
    kept = CompiledTexts(str.upper, 50)
    for text in texts:
        assert kept.of(text) == text.upper()
        assert kept.characters <= 50


def test_what_is_kept_is_compiled_once_and_what_was_dropped_again() -> None:
    compiled: list[str] = []

    def compile_text(text: str) -> str:
        compiled.append(text)
        return text

    kept = CompiledTexts(compile_text, 10)
    for text in ("aaaa", "aaaa", "bbbb", "aaaa", "cccc", "aaaa"):
        kept.of(text)
    assert compiled == ["aaaa", "bbbb", "cccc", "aaaa"]


def test_many_threads_at_once_lose_no_character() -> None:
    kept = CompiledTexts(str.upper, 1_000)
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(kept.of, [f"text {number % 300}" for number in range(20_000)]))
    assert kept.characters == sum(map(len, kept._kept)) <= 1_000
