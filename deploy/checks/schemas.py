"""Where schemas come from: the Kubernetes project's own, and the CRDs of the operators that the manifests are for.

Each lies in a module of its project that the Go module proxy holds. A module is fetched at its version, verified by the
checksum that stands here, and what is needed of it copied once into a folder beside the other kept builds.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from deploy.programs.go_programs import BuildFailed
from deploy.programs.kept_builds import kept


@dataclass(frozen=True, slots=True)
class SchemaModule:
    """A Go module and the files in it that are schemas."""

    path: str
    version: str
    checksum: str
    files: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.path} {self.version}"


KUBERNETES: Final = SchemaModule(
    "k8s.io/kubernetes",
    "v1.36.3",
    "h1:qDQdoMiluAE2Eab6Fa52YV+WjiGz9mZFFoagEA6cI+o=",
    ("api/openapi-spec/v3/api__v1_openapi.json", "api/openapi-spec/v3/apis__*__*_openapi.json"),
)
KEDA: Final = SchemaModule(
    "github.com/kedacore/keda/v2",
    "v2.21.0",
    "h1:R6z2HZvstK4RLUMxroNACzBj74xGxt3kG59b5Xc+Xps=",
    ("config/crd/bases/*.yaml",),
)
PROMETHEUS_OPERATOR: Final = SchemaModule(
    "github.com/prometheus-operator/prometheus-operator",
    "v0.85.0",
    "h1:M5xLCLEoaW2IJfnuCwFzzpL+jSVQu3KGT84Pye+fW8s=",
    ("example/prometheus-operator-crd/*.yaml",),
)
CRD_MODULES: Final = (KEDA, PROMETHEUS_OPERATOR)


@dataclass(frozen=True, slots=True)
class Schemas:
    """Folders: of the Kubernetes API by group and version, and of CRDs."""

    kubernetes: Path
    crds: Path


def schemas(env: Mapping[str, str], progress: Callable[[str], None]) -> Schemas:
    """All schemas, fetched now if need be. Raises BuildFailed."""

    def fill(folder: Path) -> None:
        for module in (KUBERNETES, *CRD_MODULES):
            progress(f"Fetching the schemas of {module}, once ...")
            source = _fetched(module, env)
            for file in sorted(file for pattern in module.files for file in source.glob(pattern)):
                place = folder / (_place(file.name) if module is KUBERNETES else f"crds/{file.name}")
                place.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(file, place)

    made_from = [f"{each}{each.checksum}{each.files}".encode() for each in (KUBERNETES, *CRD_MODULES)]
    folder = kept("schemas", made_from, env, fill)
    return Schemas(folder, folder / "crds")


def _place(name: str) -> str:
    """``apis__apps__v1_openapi.json`` as ``apis/apps/v1.json``, where the validator looks."""
    return name.removesuffix("_openapi.json").replace("__", "/") + ".json"


def _fetched(module: SchemaModule, env: Mapping[str, str]) -> Path:
    go = shutil.which("go", path=env.get("PATH", ""))
    if go is None:
        raise BuildFailed("Go is needed to fetch schemas and no go was found in PATH")
    command = [go, "mod", "download", "-json", f"{module.path}@{module.version}"]
    answer = subprocess.run(command, env={**env, "GOFLAGS": "-mod=mod"}, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise BuildFailed(f"{module} could not be fetched: {' '.join((answer.stderr + answer.stdout).split())[-300:]}")
    said = json.loads(answer.stdout)
    if said["Sum"] != module.checksum:
        raise BuildFailed(f"{module} has the checksum {said['Sum']}, not {module.checksum}")
    return Path(said["Dir"])
