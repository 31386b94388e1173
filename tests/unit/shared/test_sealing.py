"""Secrets on a topic: what opens them and what does not."""

import base64
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.adapters.sealing import Sealer, SealingError, new_key_line

OLD, NEW = b"o" * 32, b"n" * 32
OWNER = b"credential/acme/key"


def test_a_sealed_secret_opens_for_its_owner() -> None:
    sealed = Sealer({"k": OLD}).seal(b"s3cret", OWNER)
    assert Sealer({"k": OLD}).open(sealed, OWNER) == b"s3cret"
    assert "s3cret" not in sealed


def test_sealing_twice_gives_two_different_boxes() -> None:
    sealer = Sealer({"k": OLD})
    assert sealer.seal(b"s3cret", OWNER) != sealer.seal(b"s3cret", OWNER)


def test_a_secret_copied_to_another_owner_does_not_open() -> None:
    sealer = Sealer({"k": OLD})
    with pytest.raises(SealingError, match="belongs elsewhere"):
        sealer.open(sealer.seal(b"s3cret", OWNER), b"credential/other/key")


def test_any_changed_byte_is_noticed() -> None:
    sealer = Sealer({"k": OLD})
    head, _, encoded = sealer.seal(b"s3cret", OWNER).rpartition(".")
    raw = base64.b64decode(encoded)
    for place in range(len(raw)):
        changed = bytearray(raw)
        changed[place] ^= 1
        with pytest.raises(SealingError):
            sealer.open(f"{head}.{base64.b64encode(changed).decode()}", OWNER)


@given(st.text().map(lambda text: f"v1.k.{text}") | st.text())
def test_garbage_never_opens_and_is_a_sealing_error(garbage: str) -> None:
    with pytest.raises(SealingError):
        Sealer({"k": OLD}).open(garbage, OWNER)


def test_after_rotation_old_secrets_open_and_new_ones_use_the_new_key() -> None:
    before = Sealer({"old": OLD}).seal(b"s3cret", OWNER)
    rotated = Sealer({"new": NEW, "old": OLD})
    assert rotated.open(before, OWNER) == b"s3cret"
    assert Sealer({"new": NEW}).open(rotated.seal(b"s3cret", OWNER), OWNER) == b"s3cret"


def test_a_key_that_was_taken_away_is_named() -> None:
    sealed = Sealer({"old": OLD}).seal(b"s3cret", OWNER)
    with pytest.raises(SealingError, match="no sealing key named 'old'"):
        Sealer({"new": NEW}).open(sealed, OWNER)


def test_the_first_line_of_a_key_file_seals(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{new_key_line('a')}\n\n{new_key_line('b')}\n")
    assert Sealer.from_file(file).seal(b"s3cret", OWNER).startswith("v1.a.")


@pytest.mark.parametrize("line", ["k", "k:", "k:AAAA", ":" + base64.b64encode(OLD).decode(), "k:s3cret!", "a b:AAAA"])
def test_a_bad_line_is_named_and_not_repeated(tmp_path: Path, line: str) -> None:
    file = tmp_path / "keys"
    file.write_text(f"{new_key_line('good')}\n\n{line}\n")
    with pytest.raises(SealingError, match=r"^line 3 of the sealing key file is not name:base64-of-32-bytes$"):
        Sealer.from_file(file)


def test_an_empty_a_missing_and_an_unreadable_key_file_say_what_to_do(tmp_path: Path) -> None:
    empty, binary = tmp_path / "empty", tmp_path / "binary"
    empty.write_text("\n")
    binary.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(SealingError, match="holds no key; add a line"):
        Sealer.from_file(empty)
    with pytest.raises(SealingError, match="cannot be read: No such file"):
        Sealer.from_file(tmp_path / "missing")
    with pytest.raises(SealingError, match="is not text"):
        Sealer.from_file(binary)


def test_what_another_than_the_first_key_sealed_is_not_current_and_opens_all_the_same() -> None:
    sealed = Sealer({"old": OLD}).seal(b"s3cret", OWNER)
    both = Sealer({"new": NEW, "old": OLD})
    assert not both.is_current(sealed)
    assert both.open(sealed, OWNER) == b"s3cret"
    assert both.is_current(both.seal(b"s3cret", OWNER))
    assert not Sealer({"ol": OLD}).is_current(sealed)
