"""What stands for the base image where no container engine can fetch it: the same Debian, by debootstrap, with this
machine's Python where the image has its own.

Not the image itself: its Python may be another patch release, and it holds what Debian's minimal system holds.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.programs.kept_builds import kept

_RELEASE = "bookworm"
#: What a Python made from source is linked with, and what the base image has beside.
_PACKAGES = (
    "ca-certificates,libbz2-1.0,libexpat1,libffi8,liblzma5,libncursesw6,libreadline8,libsqlite3-0,libssl3,libuuid1,"
    "netbase,tzdata,zlib1g"
)


class CannotRehearse(Exception):
    """This machine cannot go through the steps, or a step failed; the message says why."""


def base_root(env: Mapping[str, str], progress: Callable[[str], None]) -> Path:
    """A root folder to copy, made once. Raises CannotRehearse."""
    if os.geteuid() != 0:
        raise CannotRehearse("root is needed, to change the root folder")
    if sys.version_info[:2] != (3, 11) or Path(sys.base_prefix) == Path("/usr"):
        raise CannotRehearse("a Python 3.11 with a folder of its own is needed, to stand for the image's")

    def build(folder: Path) -> None:
        program = shutil.which("debootstrap", path=env.get("PATH", ""))
        if program is None:
            raise CannotRehearse("debootstrap is needed (Debian: apt-get install debootstrap)")
        progress(f"Making a Debian {_RELEASE} root folder, once (about a minute) ...")
        said(["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", _RELEASE, str(folder / "root")], env)
        root = folder / "root"
        shutil.copytree(
            sys.base_prefix,
            root / "usr/local",
            symlinks=True,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns("site-packages", "__pycache__"),
        )
        for command in (["ldconfig"], ["python", "-m", "ensurepip"]):
            said(["chroot", str(root), *command], {"PATH": "/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"})

    return kept("image-base", [_RELEASE.encode(), _PACKAGES.encode(), sys.version.encode()], env, build) / "root"


def said(command: list[str], env: Mapping[str, str]) -> str:
    """What a program says that must succeed. Raises CannotRehearse with its last words."""
    answer = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise CannotRehearse(f"{' '.join(command)[:200]} failed: {(answer.stdout + answer.stderr)[-1000:]}")
    return answer.stdout
