"""Which PostgreSQL a machine's tests run on."""

from __future__ import annotations

from pathlib import Path

from deploy.local.postgresql import find_programs


def programs(folder: Path, *names: str) -> Path:
    folder.mkdir()
    for name in names:
        program = folder / name
        program.touch(mode=0o755)
    return folder


def test_the_programs_on_the_path_go_first(tmp_path: Path) -> None:
    found = find_programs({"PATH": str(programs(tmp_path / "bin", "initdb", "postgres"))})
    assert found == tmp_path / "bin"


def test_a_server_that_cannot_make_its_data_is_passed_over(tmp_path: Path) -> None:
    half = programs(tmp_path / "bin", "postgres")
    assert find_programs({"PATH": str(half)}) != half
