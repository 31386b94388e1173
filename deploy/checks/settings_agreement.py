"""Manifests and settings models say the same: every variable that a pod is given is a setting of what runs in it, every
required setting is given, every value is one the model takes, and no secret stands in plain.

The models themselves judge. What they would read from a mounted file cannot be read here, so a path is judged by its
mount instead, and a secret by the file that stands for it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any, cast, get_args

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings

from deploy.checks.core.workloads import Document, Workload, config_maps, workloads
from services.disabler.settings import DisablerSettings
from services.dispatcher.settings import DispatcherSettings
from services.event_recorder.settings import MigrationSettings, RecorderSettings
from services.ingest.settings import IngestSettings
from shared.adapters.settings import ENV_PREFIX, SECRETS_DIR_VARIABLE

#: What runs, by the argument that the image is given, and what it reads.
MODELS: Mapping[str, type[BaseSettings]] = {
    "services.ingest": IngestSettings,
    "services.dispatcher": DispatcherSettings,
    "services.event_recorder": RecorderSettings,
    "services.event_recorder.migrations": MigrationSettings,
    "services.disabler": DisablerSettings,
}
#: Stands for what only the API server knows: names of pods and the like.
_OF_THE_CLUSTER = "from-the-cluster"


@dataclass(frozen=True, slots=True)
class Given:
    """What one container is given: variables, and secrets as files, each by the variable that it stands for."""

    variables: Mapping[str, str]
    files: frozenset[str]
    mounts: Sequence[PurePosixPath]


def disagreements(documents: Sequence[Document]) -> Iterator[str]:
    """One sentence for each way in which pods and models do not agree."""
    data = config_maps(documents)
    for workload in workloads(documents):
        for container in workload.pod["containers"]:
            (command,) = container["args"]
            if command not in MODELS:
                yield f"{workload} runs {command}, which is no command of the image"
                continue
            for sentence in faults(MODELS[command], given(workload, container, data)):
                yield f"{workload}: {sentence}"


def given(workload: Workload, container: Document, data: Mapping[str, Mapping[str, str]]) -> Given:
    """What ``container`` gets from its own lines, from ConfigMaps in ``data`` and from mounted secrets."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        variables |= data.get(source["configMapRef"]["name"], {})
    for variable in container.get("env", ()):
        reference = variable.get("valueFrom", {}).get("configMapKeyRef")
        if reference:
            value = data.get(reference["name"], {}).get(reference["key"], "")
        else:
            value = variable.get("value", _OF_THE_CLUSTER)
        variables[variable["name"]] = value
    mounts = {each["name"]: each["mountPath"] for each in container.get("volumeMounts", ())}
    files = {
        PurePosixPath(mounts[volume["name"]], item["path"])
        for volume in workload.pod.get("volumes", ())
        if volume["name"] in mounts
        for source in volume.get("projected", {}).get("sources", ())
        for item in source["secret"]["items"]
    }
    folder = variables.get(SECRETS_DIR_VARIABLE)
    return Given(
        variables,
        frozenset(file.name.upper() for file in files if str(file.parent) == folder),
        [PurePosixPath(path) for path in mounts.values()],
    )


def faults(model: type[BaseSettings], what: Given) -> Iterator[str]:
    """What ``model`` has against what a container is given."""
    fields = {_variable(name, field): (name, field) for name, field in model.model_fields.items()}
    for variable, value in what.variables.items():
        if variable == SECRETS_DIR_VARIABLE:
            continue
        if variable not in fields:
            yield f"{variable} is no setting"
        elif _is_secret(fields[variable][1].annotation) and value:
            yield f"{variable} is a secret and stands in plain"
    for file in sorted(what.files - fields.keys()):
        yield f"the file {file.lower()} is no setting"
    values = {
        _keyword(fields[variable][1], fields[variable][0]): value
        for variable, value in what.variables.items()
        if variable in fields
    }
    values |= {_keyword(fields[file][1], fields[file][0]): "x" * 32 for file in what.files if file in fields}
    try:
        # No other variable than these counts, so this shell's own are looked for under a name that nobody has.
        model(_env_prefix="NONE_OF_THIS_SHELL_", **cast(dict[str, Any], values))
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            field = str(fault["loc"][0])
            variable = field if field in fields else f"{ENV_PREFIX}{field.upper()}"
            if variable in what.files or _is_mounted(what.variables.get(variable, ""), what.mounts):
                continue
            yield f"{variable}: {fault['msg']}"


def _is_mounted(value: str, mounts: Sequence[PurePosixPath]) -> bool:
    return value.startswith("/") and any(PurePosixPath(value).is_relative_to(mount) for mount in mounts)


def _is_secret(annotation: Any) -> bool:
    return annotation is SecretStr or SecretStr in get_args(annotation)


def _variable(name: str, field: Any) -> str:
    return str(field.validation_alias or f"{ENV_PREFIX}{name.upper()}")


def _keyword(field: Any, name: str) -> str:
    return str(field.validation_alias or name)
