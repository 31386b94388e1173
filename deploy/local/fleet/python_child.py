"""Starting one of our own Python modules as a child process that cannot outlive us."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import deploy
from deploy.local.broker.child_process import start_child

#: Where packages are imported from: the folder that holds `deploy` and `services`.
_IMPORT_ROOT = Path(str(deploy.__file__)).parents[1]
_LOG_LINES_SHOWN = 15


def start_module(module: str, *arguments: str, env: Mapping[str, str], output: Path) -> subprocess.Popen[bytes]:
    """`python -m module arguments`, with this interpreter; stdout and stderr go to the file ``output``."""
    command = [sys.executable, "-m", module, *arguments]
    return start_child(command, env=env, directory=_IMPORT_ROOT, output=output)


def last_lines(output: Path) -> str:
    """The end of a child's output, to stand behind an error."""
    lines = output.read_text(errors="replace").splitlines()[-_LOG_LINES_SHOWN:]
    return "\n".join([f" The last lines of {output}:", *lines])
