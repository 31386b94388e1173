"""The rules hold in this checkout, and each of them can fail."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import pytest

from tests.architecture import rules
from tests.architecture.source_tree import Module, read_tree

Rule = Callable[[Iterable[Module]], Iterator[str]]

RULES: list[Rule] = [
    rules.services_stand_alone,
    rules.shared_knows_no_user,
    rules.core_is_pure,
    rules.libraries_stay_home,
    rules.names_say_something,
    rules.modules_explain_themselves,
    rules.modules_stay_short,
]

CHECKOUT = Path(__file__).parents[2]

ALLOWED = [
    ("services/ingest/handler.py", "from services.ingest.core import parse\nimport asyncio"),
    (
        "services/ingest/core/parse.py",
        "from datetime import datetime\nfrom shared.core import topics\nimport orjson",
    ),
    (
        "services/ingest/core/url.py",
        "from urllib.parse import urlsplit\nfrom services.ingest.core.parse import x",
    ),
    ("shared/adapters/publisher.py", "import kafka.admin\nfrom shared.core.topics import name"),
    ("shared/adapters/metrics.py", "import prometheus_client"),
    ("deploy/local/fleet.py", "import services.ingest.settings\nimport rich"),
    ("tests/unit/test_parse.py", "import kafka, sqlalchemy\nfrom services.disabler import app"),
    ("services/ingest/__init__.py", ""),
]

BROKEN: list[tuple[Rule, str, str]] = [
    (rules.services_stand_alone, "services/ingest/a.py", "import services.disabler"),
    (rules.services_stand_alone, "services/ingest/a.py", "from services import disabler"),
    (rules.services_stand_alone, "services/ingest/a.py", "from ..disabler import core"),
    (
        rules.services_stand_alone,
        "services/ingest/a.py",
        "def f():\n    from services.disabler.core import x",
    ),
    (rules.services_stand_alone, "services/ingest/a.py", "from deploy.local import broker"),
    (rules.shared_knows_no_user, "shared/core/a.py", "from services.ingest import core"),
    (rules.shared_knows_no_user, "shared/adapters/a.py", "import deploy"),
    (rules.shared_knows_no_user, "services/ingest/a.py", "from tests.fakes import broker"),
    (rules.core_is_pure, "shared/core/a.py", "import time"),
    (rules.core_is_pure, "shared/core/a.py", "import urllib.request"),
    (rules.core_is_pure, "shared/core/a.py", "from shared.adapters import clock"),
    (rules.core_is_pure, "services/ingest/core/a.py", "import kafka"),
    (rules.core_is_pure, "services/ingest/core/deep/a.py", "from services.ingest import handler"),
    (rules.core_is_pure, "shared/core/a.py", "from datetime import datetime\nx = datetime.now()"),
    (rules.core_is_pure, "shared/core/a.py", "from uuid import uuid4\nx = uuid4()"),
    (rules.libraries_stay_home, "services/ingest/a.py", "from kafka import KafkaProducer"),
    (rules.libraries_stay_home, "shared/adapters/a.py", "import prometheus_client"),
    (rules.libraries_stay_home, "shared/adapters/a.py", "import requests"),
    (rules.names_say_something, "shared/adapters/kafka.py", ""),
    (rules.names_say_something, "services/ingest/http/a.py", ""),
    (rules.names_say_something, "shared/core/utils.py", ""),
    (rules.names_say_something, "shared/core/a.py", "class TopicManager: ..."),
    (rules.modules_explain_themselves, "shared/core/a.py", "x = 1"),
    (rules.modules_stay_short, "shared/core/a.py", "x = 1\n" * 301),
]


def tree(root: Path, path: str, text: str) -> list[Module]:
    """A tree of one module below `root`."""
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return read_tree(root)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_rule_holds_here(rule: Rule) -> None:
    modules = read_tree(CHECKOUT)
    assert any(module.path.name == Path(__file__).name for module in modules)
    assert list(rule(modules)) == []


@pytest.mark.parametrize(("rule", "path", "text"), BROKEN)
def test_a_breach_is_reported_with_its_file(rule: Rule, path: str, text: str, tmp_path: Path) -> None:
    violations = list(rule(tree(tmp_path, path, text)))
    assert violations
    assert all(violation.startswith(path) for violation in violations)


@pytest.mark.parametrize(("path", "text"), ALLOWED)
def test_what_the_rules_allow_passes_all_of_them(path: str, text: str, tmp_path: Path) -> None:
    modules = tree(tmp_path, path, f'"""Documented."""\n{text}' if text else "")
    assert [violation for rule in RULES for violation in rule(modules)] == []


def test_every_rule_is_shown_a_breach() -> None:
    assert {rule for rule, _, _ in BROKEN} == set(RULES)
