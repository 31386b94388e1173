"""Goes through the Dockerfile: each stage is a folder, COPY copies into it, RUN runs with it as the root folder."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

from deploy.container.base_image import CannotRehearse, base_root, said
from deploy.container.dockerfile import Copy, Stage, stages

DOCKERFILE = Path(__file__).with_name("Dockerfile")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#: How this machine reaches package registries; an engine would be told likewise.
_NETWORK_FILES = ("/etc/resolv.conf", "/etc/hosts", "/etc/pip.conf", "/etc/ssl/certs/ca-certificates.crt")
_NETWORK_VARIABLES = ("PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_TRUSTED_HOST", "PIP_CERT")
_COMPILERS = ("as", "c++", "cc", "clang", "g++", "gcc", "ld", "make", "tcc")
#: Of the lock that developers use and not of the image's.
_NOT_IN_IT = ("mypy", "pytest", "ruff", "matplotlib")


def built(context: Path, folder: Path, env: Mapping[str, str], progress: Callable[[str], None]) -> tuple[Stage, Path]:
    """The last stage and its root folder, made below ``folder``. Raises CannotRehearse."""
    base = base_root(env, progress)
    roots: dict[str | None, Path] = {}
    made = stages(DOCKERFILE.read_text())
    for number, stage in enumerate(made):
        root = folder / f"stage-{number}"
        said(["cp", "--archive", "--reflink=auto", str(base), str(root)], env)
        roots[stage.name] = root
        last = number == len(made) - 1
        for step in stage.steps:
            if isinstance(step, Copy):
                _copy(step, context if step.stage is None else roots[step.stage], root)
            elif last:
                raise CannotRehearse("the last stage runs something; what would it leave in the image?")
            else:
                progress(f"  RUN {step.command[:100]} ...")
                said(["chroot", str(root), "/bin/sh", "-c", step.command], _environment(stage, root, env))
    return made[-1], roots[made[-1].name]


def faults(root: Path) -> list[str]:
    """What an image should not hold."""
    found = [
        f"{program} is in {folder}"
        for folder in _PATH.split(":")
        for program in _COMPILERS
        if (root / folder.lstrip("/") / program).exists()
    ]
    site = root / "usr/local/lib/python3.11/site-packages"
    return found + [f"{package} is installed" for package in _NOT_IN_IT if (site / package).is_dir()]


def _environment(stage: Stage, root: Path, env: Mapping[str, str]) -> dict[str, str]:
    for name in _NETWORK_FILES:
        if Path(name).is_file():
            shutil.copyfile(name, root / name.lstrip("/"))
    network = {
        name: value for name, value in env.items() if name in _NETWORK_VARIABLES or name.lower().endswith("_proxy")
    }
    return {"PATH": _PATH, "HOME": "/root"} | network | stage.environment


def _copy(step: Copy, source_root: Path, root: Path) -> None:
    for source in step.sources:
        origin, target = source_root / source.lstrip("/"), root / step.target.lstrip("/")
        if origin.is_dir():
            shutil.copytree(
                origin, target, symlinks=True, dirs_exist_ok=True, ignore=_ignored if step.stage is None else None
            )
        else:
            place = target / origin.name if step.target.endswith("/") else target
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(origin, place)


def _ignored(folder: str, names: list[str]) -> list[str]:
    """What .dockerignore leaves out below the folders that it lets through."""
    return [name for name in names if name == "__pycache__" or name.endswith(".pyc")]
