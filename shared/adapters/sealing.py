"""Sealing secrets for the topic: AES-256-GCM, keyed by name so that keys can be rotated.

A sealed secret is ``v1.<key name>.<nonce + ciphertext in base64>``. What it belongs to (the config key) is
authenticated with it, so a sealed secret copied to another resource or organization does not open. Keys come from a
mounted file, one ``name:base64 of 32 bytes`` a line; the first seals, all open.

To rotate the key, so that at every moment whoever must open something can: add the new key as the *second* line for all
services; make it the first for ingest; have everything sealed anew (``hookfleet credentials reseal``); remove the old.
"""

import base64
import os
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_NONCE_BYTES = 12


class SealingError(Exception):
    """A key file that cannot be used, or a secret that does not open. Holds no secret."""


class Sealer:
    """Seals with its first key and opens with any."""

    def __init__(self, keys: dict[str, bytes]) -> None:
        """``keys``: name → 32 bytes, the sealing one first."""
        if not keys:
            raise SealingError("the sealing key file holds no key; add a line name:base64-of-32-bytes")
        self._ciphers = {name: AESGCM(key) for name, key in keys.items()}
        self._primary = next(iter(keys))

    @classmethod
    def from_file(cls, path: Path) -> "Sealer":
        """Raises SealingError, naming the line, when the file is missing or malformed."""
        try:
            lines = path.read_text().splitlines()
        except OSError as error:
            raise SealingError(f"the sealing key file cannot be read: {error.strerror}") from None
        except UnicodeDecodeError:
            raise SealingError("the sealing key file is not text; write lines name:base64-of-32-bytes") from None
        keys: dict[str, bytes] = {}
        for number, line in enumerate(lines, start=1):
            if not line.strip():
                continue
            name, _, encoded = line.strip().partition(":")
            try:
                key = base64.b64decode(encoded, validate=True)
            except ValueError:
                key = b""
            if not name.isalnum() or len(key) != 32:
                raise SealingError(f"line {number} of the sealing key file is not name:base64-of-32-bytes")
            keys[name] = key
        return cls(keys)

    def seal(self, secret: bytes, belongs_to: bytes) -> str:
        nonce = os.urandom(_NONCE_BYTES)
        box = self._ciphers[self._primary].encrypt(nonce, secret, belongs_to)
        return f"v1.{self._primary}.{base64.b64encode(nonce + box).decode()}"

    def is_current(self, sealed: str) -> bool:
        """Whether it was sealed with the key that seals now."""
        return sealed.startswith(f"v1.{self._primary}.")

    def open(self, sealed: str, belongs_to: bytes) -> bytes:
        """Raises SealingError when the key is unknown or the secret belongs to something else."""
        version, _, rest = sealed.partition(".")
        name, _, encoded = rest.partition(".")
        cipher = self._ciphers.get(name)
        if version != "v1" or cipher is None:
            raise SealingError(f"no sealing key named {name!r} in the key file")
        try:
            raw = base64.b64decode(encoded, validate=True)
            return cipher.decrypt(raw[:_NONCE_BYTES], raw[_NONCE_BYTES:], belongs_to)
        except (InvalidTag, ValueError):
            raise SealingError("a sealed secret does not open: wrong key, or it belongs elsewhere") from None


def new_key_line(name: str) -> str:
    """One line for a key file, with a fresh key."""
    return f"{name}:{base64.b64encode(AESGCM.generate_key(bit_length=256)).decode()}"
