"""The head of a request: exactly what was given, and nothing that could make it two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.dispatcher.core.exchange import Request
from services.dispatcher.http_request import Origin, Unbuildable, head_of, target_of


def head(url: str, headers: list[tuple[str, str]], body: bytes = b"{}", method: str = "POST") -> bytes:
    return head_of(Request(url, headers, body, 1.0, method), target_of(url))


def test_headers_stand_as_given_between_host_and_length() -> None:
    assert head("https://a.example/b?c=d#e", [("X-Mixed", "One two"), ("x-mixed", "")]) == (
        b"POST /b?c=d HTTP/1.1\r\nhost: a.example\r\nX-Mixed: One two\r\nx-mixed: \r\ncontent-length: 2\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("url", "origin", "start"),
    [
        ("http://A.Example", Origin(False, "a.example", 80), " / HTTP/1.1\r\nhost: a.example"),
        ("https://a:8443/", Origin(True, "a", 8443), " / HTTP/1.1\r\nhost: a:8443"),
        ("https://a:443/", Origin(True, "a", 443), " / HTTP/1.1\r\nhost: a"),
        ("http://[::1]:81/", Origin(False, "::1", 81), " / HTTP/1.1\r\nhost: [::1]:81"),
        ("http://bücher.example/ü", Origin(False, "xn--bcher-kva.example", 80), " /%C3%BC HTTP/1.1"),
        ("http://user:secret@a/", Origin(False, "a", 80), " / HTTP/1.1\r\nhost: a"),
        ("http://a/b%20c d", Origin(False, "a", 80), " /b%20c%20d HTTP/1.1"),
    ],
)
def test_a_url_says_where_to_and_what_for(url: str, origin: Origin, start: str) -> None:
    target = target_of(url)
    assert target.origin == origin
    assert target.start.startswith(start)
    assert "secret" not in target.start


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/hooks",
        "a.example/hooks",
        "ftp://a/",
        "http:///hooks",
        "http://[::1",
        "http://a..b/",
        "http://a:0/",
        "http://a:99999/",
        "http://a:b/",
        "http://" + "a" * 64 + ".example/",
        "http://" + ".".join(["a" * 50] * 6) + "/",
        "http://a/\r\nx: y",
    ],
)
def test_what_is_no_url_to_post_to_is_refused(url: str) -> None:
    with pytest.raises(Unbuildable):
        target_of(url)


@pytest.mark.parametrize(
    "name", ["", "a b", "a:", "a\r\nb", "ä", "Host", "content-length", "Transfer-Encoding", "connection"]
)
def test_a_name_that_is_none_or_that_frames_the_message_is_refused(name: str) -> None:
    with pytest.raises(Unbuildable):
        head("http://a/", [(name, "b")])


@pytest.mark.parametrize("value", ["a\r\nb: c", "a\nb", "a\rb", "a\0b", "a\x7f", "ü"])
def test_a_value_that_would_end_its_line_is_refused(value: str) -> None:
    with pytest.raises(Unbuildable):
        head("http://a/", [("a", value)])


@pytest.mark.parametrize("method", ["", "PO ST", "POST / HTTP/1.1\r\nx:"])
def test_a_method_that_is_none_is_refused(method: str) -> None:
    with pytest.raises(Unbuildable):
        head("http://a/", [], method=method)


def test_a_tab_may_stand_in_a_value() -> None:
    assert b"a: b\tc\r\n" in head("http://a/", [("a", "b\tc")])


@given(st.lists(st.tuples(st.text(max_size=5), st.text(max_size=8)), max_size=4))
def test_whatever_is_given_makes_one_head_of_that_many_lines_or_none(headers: list[tuple[str, str]]) -> None:
    try:
        made = head("http://a/", headers)
    except Unbuildable:
        return
    assert made.endswith(b"\r\n\r\n")
    lines = made[:-4].split(b"\r\n")
    assert [line.partition(b": ")[0].decode() for line in lines[2:-1]] == [name for name, _ in headers]
    assert len(lines) == len(headers) + 3
    assert made.count(b"\n") == made.count(b"\r") == len(lines) + 1
