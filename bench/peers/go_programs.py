"""Builds a contender written in Go from the module proxy, once; versions and checksums stand in its go.mod and go.sum.

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

from bench.peers.kept_builds import kept
from bench.peers.unavailable import Unavailable
from deploy.local.broker.child_process import dying_with_us

_HERE = Path(__file__).parent
_SAY_EVERY_PACKAGES = 100
_LAST_LINES = 5


@dataclass(frozen=True, slots=True)
class GoProgram:
    """``folder`` beside this module holds go.mod and go.sum; ``module`` is the one whose version is published and
    ``package`` what is built."""

    folder: str
    module: str
    package: str

    @property
    def version(self) -> str:
        """As go.mod has it, without the v."""
        text = (_HERE / self.folder / "go.mod").read_text()
        found = re.search(rf"^\s*(?:require )?{re.escape(self.module)} v(\S+)", text, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.folder}/go.mod requires no {self.module}")
        return found[1]

    def built(self, env: Mapping[str, str], progress: Callable[[str], None]) -> Path:
        """The program, built now if need be; ``progress`` is told in lines. Raises Unavailable."""
        sources = sorted(path for path in (_HERE / self.folder).iterdir() if path.is_file())

        def build(folder: Path) -> None:
            _build(self, sources, folder, env, progress)

        return kept(self.folder, [path.read_bytes() for path in sources], env, build) / self.folder


def _build(
    program: GoProgram, sources: list[Path], folder: Path, env: Mapping[str, str], progress: Callable[[str], None]
) -> None:
    go, nice = (shutil.which(name, path=env.get("PATH", "")) for name in ("go", "nice"))
    if go is None or nice is None:
        raise Unavailable("Go is needed to build it and no go was found in PATH")
    for source in sources:
        shutil.copy(source, folder)
    progress(f"Building {program.folder} {program.version} with Go, once (about a minute) ...")
    command = [nice, "-n", "19", go, "build", "-v", "-p", "1", "-trimpath", "-o", program.folder, program.package]
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
        raise Unavailable(f"go build failed: {' '.join(' '.join(said[-_LAST_LINES:]).split())}")
    progress(f"Built {program.folder} {program.version}.")
