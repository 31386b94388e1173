"""Every declared dependency is pinned by the lock and explained in docs/dependencies.md."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

CHECKOUT = Path(__file__).parents[2]


def normal(requirement: str) -> str:
    """The name in a requirement, spelled as indexes compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!~; ]", requirement)[0]).lower()


def declared() -> set[str]:
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    return {normal(line) for line in [*project["dependencies"], *extras["dev"], *extras["bench"], *extras["tracing"]]}


def test_every_dependency_is_locked_with_hashes() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()
    locked = {normal(name) for name in re.findall(r"^(\S+)==.* \\\n    --hash=sha256:", lock, re.MULTILINE)}
    assert declared() - locked == set(), "run `make lock`"


def test_every_dependency_has_its_reason_and_no_other_is_explained() -> None:
    reasons = (CHECKOUT / "docs" / "dependencies.md").read_text()
    explained = re.findall(r"^\| `([^`]+)`", reasons, re.MULTILINE)
    assert {normal(name) for name in explained} == declared()


def test_the_lock_names_no_index_and_no_folder() -> None:
    lock = (CHECKOUT / "requirements.lock").read_text()
    assert re.findall(r"https?://.*|--(?:extra-)?index-url.*|file:.*|@ /.*", lock) == []
