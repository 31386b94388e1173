"""The compose file, read by the library that `docker compose` reads it with, built from compose-spec/go.mod.

What it refuses is a fault, and so is an image that moves, a port that the whole network reaches, a process of ours with
more rights than it needs, a mounted file that is not there, and a variable that is no setting.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, Final

from deploy.checks.settings_agreement import MODELS, Given, faults
from deploy.programs.go_programs import GoProgram
from shared.adapters.settings import SECRETS_DIR_VARIABLE

COMPOSE_FILE: Final = Path(__file__).parents[1] / "container" / "compose.yaml"
#: Kept out of the repository: whoever begins makes them.
_SECRETS: Final = COMPOSE_FILE.parent / "laptop" / "secrets"
_SECRETS_MOUNT: Final = PurePosixPath("/run/secrets")
_READER: Final = GoProgram(
    Path(__file__).with_name("compose-spec"),
    "github.com/compose-spec/compose-go/v2",
    "github.com/compose-spec/compose-go/v2/cmd",
)


class ComposeRefused(Exception):
    """The file is not what the Compose Specification says; the message is its library's."""


def compose_services(env: Mapping[str, str], progress: Callable[[str], None]) -> Mapping[str, Any]:
    """Services by name, merged and with defaults. Raises ComposeRefused, BuildFailed."""
    program = _READER.built(env, progress)
    answer = subprocess.run(
        [program, "--format", "json", COMPOSE_FILE.name],
        cwd=COMPOSE_FILE.parent,
        env={"PATH": os.defpath},
        capture_output=True,
        text=True,
        check=False,
    )
    if answer.returncode != 0:
        raise ComposeRefused(f"{COMPOSE_FILE.name}: {(answer.stdout + answer.stderr).strip()}")
    services: Mapping[str, Any] = json.loads(answer.stdout)["services"]
    return services


def compose_faults(services: Mapping[str, Any]) -> Iterator[str]:
    """One sentence a fault."""
    for name, service in services.items():
        if "@sha256:" not in service["image"] and service["image"].rpartition(":")[2] in (
            "",
            "latest",
            service["image"],
        ):
            yield f"{name}: image {service['image']} is not pinned"
        for port in service.get("ports", ()):
            if port.get("host_ip") != "127.0.0.1":
                yield f"{name}: port {port['target']} is open to the network"
        for volume in service.get("volumes", ()):
            if volume["type"] == "bind" and not Path(volume["source"]).exists():
                yield f"{name}: {volume['source']} is not there"
        if "build" in service:
            yield from (f"{name}: {sentence}" for sentence in _of_ours(service))


def _of_ours(service: Mapping[str, Any]) -> Iterator[str]:
    if not service.get("read_only") or service.get("cap_drop") != ["ALL"]:
        yield "it can write its root file system, or keeps capabilities"
    (command,) = service["command"]
    if command not in MODELS:
        return  # the gateway, which stands on laptops alone
    variables = dict(service["environment"])
    secrets = [_SECRETS_MOUNT / secret["source"] for secret in service.get("secrets", ())]
    folder = variables.get(SECRETS_DIR_VARIABLE)
    files = frozenset(path.name.upper() for path in secrets if str(path.parent) == folder)
    known = frozenset(file for file in files if file.startswith("HOOKFLEET_"))
    yield from faults(MODELS[command], Given(variables, known, _mounts(service)))


def _mounts(service: Mapping[str, Any]) -> Sequence[PurePosixPath]:
    return [_SECRETS_MOUNT, *(PurePosixPath(place.partition(":")[0]) for place in service.get("tmpfs", ()))]
