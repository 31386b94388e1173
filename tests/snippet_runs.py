"""Runs the code that receivers are given, in its own language and process, on one request."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

_DRIVERS = {
    "python": """
import json, os, sys
verify(os.environ["SECRET"], json.loads(os.environ["HEADERS"]), sys.stdin.buffer.read())
""",
    "javascript": """
import { readFileSync } from "node:fs";
verify(process.env.SECRET, JSON.parse(process.env.HEADERS), readFileSync(0));
""",
}


def _interpreter(language: str) -> list[str]:
    if language == "python":
        return [sys.executable, "-I"]
    node = shutil.which("node")
    if node is None:
        # A laptop may go without; where changes are judged nothing may be left out.
        if {"CI", "CI_RUN_MARK"} & os.environ.keys():
            pytest.fail("node is missing, so the JavaScript snippet was not tried")
        pytest.skip("node is not installed")
    return [node]


def verifies(
    folder: Path, language: str, file: str, code: str, secret: str, headers: Mapping[str, str], body: bytes
) -> bool:
    """Whether the snippet accepts the request; an end that is neither yes nor its own no is a failure."""
    script = folder / file
    script.write_text(code + _DRIVERS[language])
    env = {"SECRET": secret, "HEADERS": json.dumps(dict(headers)), "PATH": os.environ.get("PATH", "")}
    done = subprocess.run(
        [*_interpreter(language), str(script)], input=body, env=env, capture_output=True, check=False, timeout=30
    )
    said = done.stderr.decode()
    assert done.returncode == 0 or "no signature fits" in said or "too old" in said, said
    return done.returncode == 0
