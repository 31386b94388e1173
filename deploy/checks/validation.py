"""Manifests judged by the code that an API server judges with: kubectl-validate, built from kubectl-validate/go.mod.

It takes schemas of the Kubernetes API and of CRDs, their own rules (CEL) included, and refuses unknown fields.
"""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import yaml

from deploy.checks.core.workloads import Document
from deploy.checks.schemas import Schemas
from deploy.programs.go_programs import BuildFailed, GoProgram

VALIDATOR: Final = GoProgram(
    Path(__file__).with_name("kubectl-validate"), "sigs.k8s.io/kubectl-validate", "sigs.k8s.io/kubectl-validate"
)


def invalid(
    documents: Sequence[Document], against: Schemas, env: Mapping[str, str], progress: Callable[[str], None]
) -> Iterator[str]:
    """One sentence for each document that its schema refuses. Raises BuildFailed."""
    program = VALIDATOR.built(env, progress)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "manifests.yaml")
        file.write_text(yaml.safe_dump_all(documents))
        answer = subprocess.run(
            [program, file, "--local-schemas", against.kubernetes, "--local-crds", against.crds, "--output", "json"],
            # It would also ask the cluster of a kubeconfig.
            env={"PATH": os.defpath, "HOME": folder, "KUBECONFIG": os.devnull},
            capture_output=True,
            text=True,
            check=False,
        )
    if not answer.stdout:
        raise BuildFailed(f"{VALIDATOR.name} judged nothing: {answer.stderr.strip()}")
    (statuses,) = json.loads(answer.stdout).values()
    for document, status in zip(documents, statuses, strict=True):
        if status["status"] != "Success":
            yield f"{document['kind']} {document['metadata']['name']}: {status['message']}"
