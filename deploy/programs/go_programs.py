"""Builds a program written in Go from the module proxy, once; versions and checksums stand in its go.mod and go.sum.

One build at a time and at the lowest priority: it may run beside something else. Go's own cache makes a second build of
the same version short even when ours is gone.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.local.broker.child_process import dying_with_us
from deploy.programs.kept_builds import kept

_SAY_EVERY_PACKAGES = 100
_LAST_LINES = 5


class BuildFailed(Exception):
    """The program could not be built; the message says why in one line."""


@dataclass(frozen=True, slots=True)
class GoProgram:
    """``folder`` holds go.mod and go.sum and has the program's name; ``module`` is the one whose version is published,
    ``package`` what is built."""

    folder: Path
    module: str
    package: str

    @property
    def name(self) -> str:
        """Of the program."""
        return self.folder.name

    @property
    def version(self) -> str:
        """As go.mod has it, without the v."""
        text = (self.folder / "go.mod").read_text()
        found = re.search(rf"^\s*(?:require )?{re.escape(self.module)} v(\S+)", text, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.name}/go.mod requires no {self.module}")
        return found[1]

    def built(self, env: Mapping[str, str], progress: Callable[[str], None]) -> Path:
        """The program, built now if need be; ``progress`` is told in lines. Raises BuildFailed."""
        sources = sorted(path for path in self.folder.iterdir() if path.is_file())

        def build(folder: Path) -> None:
            _build(self, sources, folder, env, progress)

        return kept(self.name, [path.read_bytes() for path in sources], env, build) / self.name


def _build(
    program: GoProgram, sources: list[Path], folder: Path, env: Mapping[str, str], progress: Callable[[str], None]
) -> None:
    go, nice = (shutil.which(name, path=env.get("PATH", "")) for name in ("go", "nice"))
    if go is None or nice is None:
        raise BuildFailed("Go is needed to build it and no go was found in PATH")
    for source in sources:
        shutil.copy(source, folder)
    progress(f"Building {program.name} {program.version} with Go, once (about a minute) ...")
    command = [nice, "-n", "19", go, "build", "-v", "-p", "1", "-trimpath", "-o", program.name, program.package]
    said: list[str] = []
    with subprocess.Popen(
        dying_with_us(command),
        cwd=folder,
        env={**env, "CGO_ENABLED": "0"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if len(said) % _SAY_EVERY_PACKAGES == 0:
                progress(f"  {len(said)} packages ...")
    if process.returncode != 0:
        raise BuildFailed(f"go build failed: {' '.join(' '.join(said[-_LAST_LINES:]).split())}")
    progress(f"Built {program.name} {program.version}.")
