"""The image as its Dockerfile says it: pinned, verified, nobody's, without a shell in between."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from deploy.container.building import DOCKERFILE
from deploy.container.dockerfile import Copy, NotUnderstood, Run, Stage, stages

ROOT = DOCKERFILE.parents[2]
FIRST, LAST = stages(DOCKERFILE.read_text())


def pins(lock: Path) -> dict[str, tuple[str, frozenset[str]]]:
    """Version and checksums by package."""
    entries = re.split(r"^(?=[a-z0-9])", lock.read_text(), flags=re.MULTILINE)[1:]
    found = ((re.match(r"([a-z0-9._-]+)==(\S+)", each), each) for each in entries)
    return {name[1]: (name[2], frozenset(re.findall(r"sha256:\w+", each))) for name, each in found if name}


def test_what_runs_is_nobodys_and_has_no_shell_in_between() -> None:
    user, _, group = LAST.user.partition(":")
    assert int(user) > 0
    assert int(group) > 0
    assert LAST.entrypoint[0] == "python"
    assert [step for step in LAST.steps if isinstance(step, Run)] == []


def test_both_stages_begin_with_one_image_that_a_version_names() -> None:
    assert FIRST.base == LAST.base
    assert re.fullmatch(r"python:3\.11\.\d+-slim-bookworm", FIRST.base)


def test_nothing_is_installed_that_no_checksum_names() -> None:
    commands = [step.command for step in FIRST.steps if isinstance(step, Run)]
    assert commands
    for command in commands:
        assert "pip install" in command
        assert "--no-deps" in command
        assert ("--require-hashes" in command and "--only-binary :all:" in command) or "--no-index" in command


@pytest.mark.parametrize("lock", ["requirements.lock", "build.lock"])
def test_the_image_holds_versions_that_were_tested_and_no_others(lock: str) -> None:
    ours, tested = pins(DOCKERFILE.with_name(lock)), pins(ROOT / "requirements.lock")
    assert ours
    assert {name: pin for name, pin in ours.items() if tested.get(name) != pin} == {}, "run make lock"


def test_the_image_holds_what_the_project_needs_and_no_developers_tools() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    needed = [*project["dependencies"], *project["optional-dependencies"]["tracing"]]
    locked = pins(DOCKERFILE.with_name("requirements.lock")).keys()
    assert {re.split(r"[\[<>=]", each)[0].lower() for each in needed} <= locked
    assert not {"pytest", "mypy", "ruff", "hypothesis", "matplotlib"} & locked


def test_what_the_image_is_made_of_reaches_the_engine() -> None:
    through = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    copied = {source for step in FIRST.steps if isinstance(step, Copy) for source in step.sources}
    assert {source.split("/")[0] for source in copied} == through
    assert all((ROOT / source).exists() for source in copied)


def test_a_line_that_is_not_understood_is_not_passed_over() -> None:
    text = (
        'ARG A=x:1\nFROM ${A} AS one\nENV B=1 C=2\nUSER 1:2\nRUN a \\\n  b\nCOPY --from=one a b /c/\nENTRYPOINT ["d"]\n'
    )
    expected = Stage("x:1", "one", [Run("a b"), Copy(("a", "b"), "/c/", "one")], {"B": "1", "C": "2"}, "1:2", ("d",))
    assert stages(text) == [expected]
    for line in ("HEALTHCHECK NONE", "COPY --chown=1 a b"):
        with pytest.raises(NotUnderstood, match=line.split()[-1]):
            stages(f"FROM x\n{line}")
