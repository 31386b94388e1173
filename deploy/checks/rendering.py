"""Overlays as a cluster gets them: rendered by kustomize itself, built from the version in kustomize/go.mod."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from deploy.checks.core.workloads import Document
from deploy.programs.go_programs import GoProgram

_HERE = Path(__file__).parent
OVERLAYS: Final = _HERE.parent / "kubernetes" / "overlays"
KUSTOMIZE: Final = GoProgram(
    _HERE / "kustomize", "sigs.k8s.io/kustomize/kustomize/v5", "sigs.k8s.io/kustomize/kustomize/v5"
)


class RenderingFailed(Exception):
    """kustomize refused an overlay; the message is its own."""


def overlays() -> list[str]:
    """Names of all overlays."""
    return sorted(file.parent.name for file in OVERLAYS.glob("*/kustomization.yaml"))


def rendered(overlay: str, env: Mapping[str, str], progress: Callable[[str], None]) -> Sequence[Document]:
    """The documents of one overlay. Raises RenderingFailed, BuildFailed."""
    program = KUSTOMIZE.built(env, progress)
    answer = subprocess.run(
        [program, "build", OVERLAYS / overlay],
        env={"PATH": os.defpath, "HOME": os.devnull},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise RenderingFailed(f"{overlay}: {answer.stderr.strip()}")
    return list(yaml.safe_load_all(answer.stdout))
