"""Contenders that are built: their versions, where they are kept, what becomes of a build that fails."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.peers.sink import BENTO
from bench.peers.webhook_server import CONVOY
from deploy.programs.go_programs import BuildFailed, GoProgram
from deploy.programs.kept_builds import kept

BUILT = "program"


@pytest.mark.parametrize("program", [BENTO, CONVOY], ids=lambda program: program.name)
def test_the_published_version_is_the_one_that_is_built(program: GoProgram) -> None:
    text = (program.folder / "go.mod").read_text()
    assert f"{program.module} v{program.version}" in text


def test_what_was_built_is_not_built_again(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    builds: list[Path] = []

    def build(folder: Path) -> None:
        builds.append(folder)
        (folder / BUILT).touch()

    first = kept("sink", [b"1.0"], env, build)
    assert kept("sink", [b"1.0"], env, build) == first
    assert len(builds) == 1
    assert (first / BUILT).exists()


def test_another_version_is_another_build(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path)}
    old, new = (kept("sink", [version], env, lambda folder: None) for version in (b"1.0", b"1.1"))
    assert old != new


def test_a_build_that_failed_leaves_nothing_that_looks_built(tmp_path: Path) -> None:
    env = {"XDG_CACHE_HOME": str(tmp_path)}

    def fail(folder: Path) -> None:
        (folder / BUILT).touch()
        raise BuildFailed("no compiler")

    with pytest.raises(BuildFailed, match="no compiler"):
        kept("sink", [b"1.0"], env, fail)
    empty = kept("sink", [b"1.0"], env, lambda folder: None)
    assert list(empty.iterdir()) == []


def test_without_go_the_reason_is_said(tmp_path: Path) -> None:
    with pytest.raises(BuildFailed, match="Go is needed"):
        BENTO.built({"XDG_CACHE_HOME": str(tmp_path), "PATH": str(tmp_path)}, lambda line: None)
