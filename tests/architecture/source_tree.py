"""Reads a source tree as the rules see it: modules with their dotted names, imports and top-level facts.

Rules get a tree rather than this checkout, so that each can be shown a tree that breaks it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

FIRST_PARTY = ("services", "shared", "deploy", "tests", "bench")


@dataclass(frozen=True)
class Module:
    """One Python file; `path` is relative to the top of the tree."""

    path: PurePosixPath
    text: str

    @cached_property
    def syntax(self) -> ast.Module:
        return ast.parse(self.text)

    @property
    def parts(self) -> tuple[str, ...]:
        """The dotted name's parts; a package's `__init__` has the name of its folder."""
        parts = self.path.with_suffix("").parts
        return parts[:-1] if parts[-1] == "__init__" else parts

    @property
    def service(self) -> str | None:
        """The service it belongs to, if any."""
        return self.parts[1] if self.parts[0] == "services" and len(self.parts) > 1 else None

    @property
    def is_core(self) -> bool:
        return "core" in self.path.parts[:-1]

    @property
    def line_count(self) -> int:
        return len(self.text.splitlines())

    def imports(self) -> Iterator[str]:
        """Every imported dotted name, wherever in the file; `from a import b` gives both `a` and `a.b`."""
        for node in ast.walk(self.syntax):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                base = self._absolute(node)
                yield base
                yield from (f"{base}.{alias.name}" for alias in node.names)

    def _absolute(self, node: ast.ImportFrom) -> str:
        if node.level == 0:
            return node.module or ""
        package = self.path.parts[:-1]
        above = package[: len(package) - node.level + 1]
        return ".".join([*above, *([node.module] if node.module else [])])


def read_tree(root: Path) -> list[Module]:
    """All modules of the first-party packages that exist below `root`."""
    files = sorted(file for package in FIRST_PARTY for file in (root / package).rglob("*.py"))
    return [Module(PurePosixPath(file.relative_to(root).as_posix()), file.read_text()) for file in files]
