"""The API key and the sealing key of a local fleet: drawn once, kept in its folder, readable by its owner alone."""

from __future__ import annotations

import secrets
from pathlib import Path

from shared.adapters.sealing import new_key_line

_API_KEY_FILE = "api-key"
_SEALING_KEY_FILE = "sealing-keys"
_SEALING_KEY_NAME = "local"


def api_key(folder: Path) -> str:
    """The API key kept in ``folder``, drawn when there is none."""
    return _kept(folder / _API_KEY_FILE, f"hookfleet_{secrets.token_hex(20)}").strip()


def sealing_key_file(folder: Path) -> Path:
    """The key file kept in ``folder``, written when there is none."""
    path = folder / _SEALING_KEY_FILE
    _kept(path, new_key_line(_SEALING_KEY_NAME))
    return path


def _kept(path: Path, fresh: str) -> str:
    if not path.exists():
        path.touch(mode=0o600)
        path.write_text(fresh + "\n")
    return path.read_text()
