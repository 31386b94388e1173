"""Secrets are found by value wherever they turn up, however they are written, and nothing else is touched."""

import base64
import html
import json
import re
import time
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from services.dispatcher.core.exchange import MAX_RESPONSE_BYTES, Request
from services.dispatcher.core.redaction import REDACTED, SHORTEST, Redaction, redaction_of

SECRET = "p+/s\"w<ö'0rd&x y=="
#: How a secret may come back.
FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda secret: secret,
    "JSON": json.dumps,
    "JSON beyond ASCII": lambda secret: json.dumps(secret, ensure_ascii=False),
    "JSON with slashes escaped": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "JSON for HTML": lambda secret: json.dumps(secret).replace("<", "\\u003c").replace("&", "\\u0026"),
    "JSON in JSON": lambda secret: json.dumps(json.dumps(secret)),
    "a path": lambda secret: quote(secret, safe=""),
    "a path with its slashes": quote,
    "a path in small letters": lambda secret: re.sub("%..", lambda found: found[0].lower(), quote(secret, safe="")),
    "a path in a path": lambda secret: quote(quote(secret, safe=""), safe=""),
    "a form": quote_plus,
    "HTML": html.escape,
}


def redacting(*secrets: str, url: str = "https://a/b", headers: tuple[tuple[str, str], ...] = ()) -> Redaction:
    return redaction_of(secrets, Request(url, headers, b"", 1.0))


@pytest.mark.parametrize("form", FORMS)
def test_a_secret_is_found_in_every_form_an_encoder_gives_it(form: str) -> None:
    said = FORMS[form](SECRET).strip('"\\')
    assert redacting(SECRET).text(f"before {said} after") == f"before {REDACTED} after"
    assert redacting(SECRET).body(f"before {said} after".encode()) == f"before {REDACTED} after".encode()


@pytest.mark.parametrize("before", ["", "a", "ab", "user:"])
@pytest.mark.parametrize("after", ["", "z", "yz"])
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode])
def test_a_secret_is_found_within_base64_whatever_stands_around_it(
    before: str, after: str, encode: Callable[[bytes], bytes]
) -> None:
    encoded = encode(f"{before}{SECRET}{after}".encode()).decode()
    left = redacting(SECRET).text(f"<{encoded}>")
    assert REDACTED in left
    # What remains are the neighbours' characters and the two that they share with the secret.
    assert len(left) - len(REDACTED) - 2 <= len(base64.b64encode(before.encode())) + len(after) + 6


SECRETS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=SHORTEST).map(
    str.strip
)


@given(secret=SECRETS, form=st.sampled_from(sorted(FORMS)), around=st.text("abc /+%\\&;", max_size=5))
@example(secret="000000", form="plain", around="")
@example(secret="!$%&/(", form="a path", around="%")
def test_no_form_of_any_secret_survives(secret: str, form: str, around: str) -> None:
    if len(secret) < SHORTEST or secret in around:
        return
    said = FORMS[form](secret)
    assert said.strip('"\\') not in redacting(secret).text(f"{around}{said}{around}").replace(REDACTED, "")


@given(text=st.text(), secret=st.text("abcdefghijkl0123456789", min_size=12))
def test_a_text_without_the_secret_is_left_as_it_is(text: str, secret: str) -> None:
    if secret not in text and REDACTED not in text:
        assert redacting(secret).text(text) == text
        assert redacting(secret).body(text.encode()) == text.encode()


def test_a_short_secret_is_found_by_name_only() -> None:
    redaction = redacting("admin", headers=(("x-token", "short"),))
    assert redaction.text("the admin's short answer") == "the admin's short answer"
    assert redaction.headers([("x-token", "short")]) == [("x-token", REDACTED)]


def test_of_two_secrets_one_within_the_other_nothing_is_left() -> None:
    redaction = redacting("abcdefgh", "abcdefgh-and-more")
    assert redaction.text("1 abcdefgh-and-more 2 abcdefgh 3") == f"1 {REDACTED} 2 {REDACTED} 3"


def test_a_signing_secret_is_found_without_its_prefix_too() -> None:
    key = base64.b64encode(bytes(range(24))).decode()
    assert redacting(f"whsec_{key}").text(f"{key} whsec_{key}") == f"{REDACTED} whsec_{REDACTED}"


def test_a_private_key_is_found_line_by_line_and_its_frame_is_no_secret() -> None:
    lines = [base64.b64encode(bytes([number]) * 48).decode() for number in range(5)]
    pem = "\n".join(["-----BEGIN PRIVATE KEY-----", *lines, "-----END PRIVATE KEY-----", ""])
    left = redacting(pem).text(f"{pem} {lines[2]} {json.dumps(pem)}")
    assert [line for line in lines if line in left] == []
    assert left.startswith(f"-----BEGIN PRIVATE KEY-----\n{REDACTED}")


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("Authorization", "Bearer abcd1234", "abcd1234"),
        ("authorization", "abcd1234", "abcd1234"),
        ("X-Api-Key", "abcd1234", "abcd1234"),
        ("Cookie", "session=abcd1234; theme=dark-theme", "abcd1234"),
        ("Cookie", "session=abcd1234; theme=dark-theme", "dark-theme"),
    ],
)
def test_what_a_header_names_as_a_secret_is_found_in_an_echo(name: str, value: str, told: str) -> None:
    redaction = redacting(headers=((name, value),))
    assert redaction.body(f'{{"you sent": "{told}"}}'.encode()) == f'{{"you sent": "{REDACTED}"}}'.encode()
    assert redaction.text("Bearer of news") == "Bearer of news"


@pytest.mark.parametrize("parameter", ["token", "api_key", "key", "sig", "access-token", "client_secret", "password"])
def test_what_a_query_names_as_a_secret_is_taken_out_and_found_in_an_echo(parameter: str) -> None:
    url = f"https://a/b?page=1&{parameter}=abcd%2B1234&last=2#end"
    redaction = redacting(url=url)
    assert redaction.url(url) == f"https://a/b?page=1&{parameter}={REDACTED}&last=2#end"
    assert redaction.text("you sent abcd+1234") == f"you sent {REDACTED}"
    assert redaction.url("https://a/b?monkey=abc") == "https://a/b?monkey=abc"


def test_a_secret_in_a_header_that_is_named_like_no_secret_is_taken_out() -> None:
    headers = [("x-acme", f"Key {SECRET}"), ("x-other", "kept"), ("cookie", "a=b")]
    assert redacting(SECRET).headers(headers) == [("x-acme", f"Key {REDACTED}"), ("x-other", "kept"),
                                                  ("cookie", REDACTED)]  # fmt: skip


@pytest.mark.parametrize("form", ["plain", "a path", "JSON"])
@pytest.mark.parametrize("shown", range(1, 12))
def test_the_beginning_of_a_secret_before_the_cut_is_dropped(form: str, shown: int) -> None:
    said = FORMS[form](SECRET).strip('"')[:shown].encode()
    body = (b"x" * (MAX_RESPONSE_BYTES - len(said))) + said
    kept = redacting(SECRET).body(body, truncated=True)
    assert kept == b"x" * len(kept)
    assert len(kept) > MAX_RESPONSE_BYTES - 300


def test_without_secrets_a_cut_body_keeps_all_that_was_read() -> None:
    assert redacting().body(b"x" * 10, truncated=True) == b"x" * 10


def test_a_body_that_is_no_text_is_searched_too() -> None:
    assert redacting("abcd1234").body(b"\xff\x00abcd1234\xfe") == b"\xff\x00" + REDACTED.encode() + b"\xfe"


@pytest.mark.parametrize("filling", [b"\\", b"%25", b"&amp;", b"p", b"p+", b"p\\"])
def test_an_answer_made_to_be_slow_to_search_is_not(filling: bytes) -> None:
    hostile = (filling * MAX_RESPONSE_BYTES)[: MAX_RESPONSE_BYTES - 4] + b"0rd&"
    redaction = redacting("+++0rd&+++")
    began = time.process_time()
    redaction.body(hostile)
    assert time.process_time() - began < 0.2
