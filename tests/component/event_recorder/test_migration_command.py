"""The migration as a command of its own: what a deployment runs before the recorders of a new version."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from sqlalchemy import inspect

from services.event_recorder.database import writing_engine


def migrated(secrets: Path, url: str) -> subprocess.CompletedProcess[str]:
    (secrets / "hookfleet_database_url").write_text(url)
    return subprocess.run(
        [sys.executable, "-m", "services.event_recorder.migrations"],
        env={"PATH": os.environ["PATH"], "HOOKFLEET_SECRETS_DIR": str(secrets)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_it_needs_the_database_alone_and_may_run_again(tmp_path: Path, empty_database_url: str) -> None:
    for _ in range(2):
        answer = migrated(tmp_path, empty_database_url)
        assert answer.returncode == 0, answer.stderr
    engine = writing_engine(empty_database_url)
    assert "runs" in inspect(engine).get_table_names()
    engine.dispose()


def test_a_database_that_is_not_there_is_an_exit_status_and_one_line_without_its_password(tmp_path: Path) -> None:
    answer = migrated(tmp_path, "postgresql+psycopg://u:swordfish@127.0.0.1:1/hookfleet")
    assert answer.returncode == 1
    (line,) = (answer.stdout + answer.stderr).splitlines()
    assert json.loads(line)["message"] == "not_migrated"
    assert "swordfish" not in line
