"""The Dockerfile as a list of steps, in the few words of the language that ours uses.

Pure. A word that is not known is an error rather than skipped: what is not understood would not be rehearsed.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field


class NotUnderstood(Exception):
    """A line that this reader does not know; the message is the line."""


@dataclass(frozen=True, slots=True)
class Copy:
    """``sources`` of the context, or of an earlier stage, to a place in this one."""

    sources: tuple[str, ...]
    target: str
    stage: str | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """A command line for the stage's shell."""

    command: str


@dataclass(slots=True)
class Stage:
    """One image: what it begins with, its steps, and how it is started."""

    base: str
    name: str | None
    steps: list[Copy | Run] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    entrypoint: tuple[str, ...] = ()


def stages(text: str) -> list[Stage]:
    """Every stage, in order. Raises NotUnderstood."""
    arguments: dict[str, str] = {}
    found: list[Stage] = []
    for line in _lines(text):
        word, _, rest = line.partition(" ")
        rest = re.sub(r"\$\{(\w+)\}", lambda name: arguments.get(name[1], name[0]), rest) if word == "FROM" else rest
        match word:
            case "ARG" if not found:
                name, _, value = rest.partition("=")
                arguments[name] = value
            case "FROM":
                base, _, name = rest.partition(" AS ")
                found.append(Stage(base, name or None))
            case "COPY":
                found[-1].steps.append(_copy(rest))
            case "RUN":
                found[-1].steps.append(Run(rest))
            case "ENV":
                found[-1].environment |= dict(pair.split("=", 1) for pair in shlex.split(rest))
            case "USER":
                found[-1].user = rest
            case "ENTRYPOINT":
                found[-1].entrypoint = tuple(json.loads(rest))
            case "EXPOSE":
                pass  # says something to people, does nothing
            case _:
                raise NotUnderstood(line)
    return found


def _copy(rest: str) -> Copy:
    words = shlex.split(rest)
    stage = None
    if words[0].startswith("--from="):
        stage = words.pop(0).removeprefix("--from=")
    if words[0].startswith("--"):
        raise NotUnderstood(f"COPY {rest}")
    return Copy(tuple(words[:-1]), words[-1], stage)


def _lines(text: str) -> Iterator[str]:
    joined = re.sub(r"\\\n\s*", "", text)
    return (line.strip() for line in joined.splitlines() if line.strip() and not line.lstrip().startswith("#"))
