"""The rules of the house that a machine can check: who may import what, and how modules are made.

Each rule takes modules and yields one line per violation, so that a failure lists all of them. Imports are
judged one file at a time; that is enough, because whatever a file may import is judged by the same rules.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterable, Iterator

from tests.architecture.source_tree import FIRST_PARTY, Module

LINE_LIMIT = 300

# fmt: off
PURE_STANDARD_LIBRARY = frozenset(
    {
        "__future__", "abc", "base64", "binascii", "bisect", "collections", "contextlib", "copy",
        "dataclasses", "datetime", "decimal", "email.utils", "enum", "fractions", "functools", "hashlib", "heapq",
        "hmac", "ipaddress", "itertools", "json", "math", "operator", "re", "statistics", "string", "struct",
        "types", "typing", "unicodedata", "urllib.parse", "uuid",
    }
)
# fmt: on
"""What a `core` package may use of the standard library: nothing that reads a clock, a file or the network.

`datetime`, `email.utils` and `uuid` can be misused for clock and chance; IMPURE_CALLS below catches that.
"""

PURE_LIBRARIES = frozenset({"pydantic", "orjson"})

IMPURE_CALLS = frozenset(
    {"now", "utcnow", "today", "formatdate", "localtime", "make_msgid", "uuid1", "uuid4", "uuid6", "uuid7"}
)

HOMES: dict[str, tuple[str, ...]] = {
    "aiohttp": ("deploy/local/gateway",),
    "aiokafka": ("services/disabler",),
    "alembic": ("services/event_recorder",),
    "cel_expr_python": ("shared/adapters",),
    "cryptography": ("shared/adapters",),
    "fastapi": ("services/ingest", "services/event_recorder"),
    "faust": ("services/disabler",),
    "httptools": ("services/dispatcher/http_response.py",),
    "httpx": ("services/dispatcher", "deploy"),
    "kafka": ("shared/adapters",),
    "mode": ("services/disabler",),
    "opentelemetry": ("shared/adapters/otlp_spans.py",),
    "orjson": ("services", "shared", "deploy"),
    "prometheus_client": ("shared/adapters/metrics.py",),
    "psycopg": ("services/event_recorder",),
    "pydantic": ("services", "shared", "deploy"),
    "pydantic_settings": ("services", "shared/adapters/settings.py", "deploy"),
    "rich": ("deploy/cli", "deploy/local"),
    "sqlalchemy": ("services/event_recorder",),
    "starlette": ("services/ingest", "services/event_recorder"),
    "typer": ("deploy/cli", "deploy/local"),
    "uvicorn": ("services/ingest", "services/event_recorder", "deploy/local"),
    "uvloop": ("services", "shared/adapters"),
    "yaml": ("deploy/cli", "deploy/checks", "deploy/kubernetes"),
}
"""Each foreign library and the places that may import it. Tests and benchmarks judge from outside and import any."""

VAGUE_NAMES = frozenset({"util", "utils", "helper", "helpers", "common", "misc", "manager", "managers"})


def services_stand_alone(modules: Iterable[Module]) -> Iterator[str]:
    """A service imports neither another service nor deploy: they meet on topics only."""
    for module in modules:
        if module.service is None:
            continue
        for name in module.imports():
            parts = name.split(".")
            if parts[0] == "deploy" or (parts[0] == "services" and len(parts) > 1 and parts[1] != module.service):
                yield f"{module.path} imports {name}"


def shared_knows_no_user(modules: Iterable[Module]) -> Iterator[str]:
    """The shared package imports neither services nor deploy, and production code no tests."""
    for module in modules:
        forbidden = {"shared": {"services", "deploy", "tests"}, "tests": set()}.get(module.parts[0], {"tests"})
        for name in module.imports():
            if name.split(".")[0] in forbidden:
                yield f"{module.path} imports {name}"


def core_is_pure(modules: Iterable[Module]) -> Iterator[str]:
    """A core package imports core packages, pure libraries and the pure part of the standard library."""
    for module in modules:
        if not module.is_core or module.parts[0] == "tests":
            continue
        for name in module.imports():
            if not _is_pure(name):
                yield f"{module.path} imports {name}"
        for node in ast.walk(module.syntax):
            called = node.func if isinstance(node, ast.Call) else None
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            if name in IMPURE_CALLS:
                yield f"{module.path} line {getattr(node, 'lineno', 0)} calls {name}()"


def _is_pure(name: str) -> bool:
    parts = name.split(".")
    if parts[0] in FIRST_PARTY:
        return "core" in parts
    if parts[0] in PURE_LIBRARIES:
        return True
    return any(".".join(parts[:length]) in PURE_STANDARD_LIBRARY for length in range(1, len(parts) + 1))


def libraries_stay_home(modules: Iterable[Module]) -> Iterator[str]:
    """Every foreign library is imported in its home only, and has one."""
    for module in modules:
        if module.parts[0] in ("tests", "bench"):
            continue
        for library in sorted({name.split(".")[0] for name in module.imports()}):
            if library in sys.stdlib_module_names or library in FIRST_PARTY:
                continue
            if library not in HOMES:
                yield f"{module.path} imports {library}, which has no home"
            elif not any(module.path.is_relative_to(home) for home in HOMES[library]):
                yield f"{module.path} imports {library}, at home in {', '.join(HOMES[library])}"


def names_say_something(modules: Iterable[Module]) -> Iterator[str]:
    """No module or package is named like a library or with a vague word, and no class is a Manager."""
    taken = sys.stdlib_module_names | HOMES.keys() | VAGUE_NAMES
    for module in modules:
        for part in module.parts:
            if part in taken and part != "__main__":
                yield f"{module.path}: the name {part!r} is a library's or says nothing"
        for node in ast.walk(module.syntax):
            if isinstance(node, ast.ClassDef) and node.name.endswith("Manager"):
                yield f"{module.path} line {node.lineno}: class {node.name}"


def modules_explain_themselves(modules: Iterable[Module]) -> Iterator[str]:
    """Every module that holds anything begins with a docstring."""
    for module in modules:
        if module.text.strip() and ast.get_docstring(module.syntax) is None:
            yield f"{module.path} has no docstring"


def modules_stay_short(modules: Iterable[Module]) -> Iterator[str]:
    """No module is longer than the limit: one idea per module."""
    for module in modules:
        if module.line_count > LINE_LIMIT:
            yield f"{module.path} has {module.line_count} lines, more than {LINE_LIMIT}"
