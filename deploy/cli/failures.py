"""How a command fails: words on stderr that say what and what to do, exit code 1, never a traceback.

A bug of ours is not hidden by this: an exception of no known kind still shows itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import typer
from rich.console import Console
from rich.markup import escape

from deploy.cli.api_client import Refused, Unreachable
from deploy.local.broker import BrokerFailed
from deploy.local.broker.distribution import DownloadFailed
from deploy.local.broker.ports import PortInUse
from deploy.local.demo.not_shown import NotShown
from deploy.local.fleet import FleetFailed
from deploy.local.prerequisites import PrerequisiteMissing
from shared.adapters.kafka_clients import ClusterUnusable
from shared.core.faults import Fault, InfrastructureError


class Failed(Exception):
    """A command cannot do what it was asked; the message says what to do."""

    def __init__(self, message: str, faults: Iterable[Fault] = ()) -> None:
        super().__init__(message)
        self.faults = tuple(faults)


errors = Console(stderr=True, highlight=False)


def show_faults(faults: Iterable[Fault], console: Console = errors) -> None:
    """Each fault with its field, what is wrong and the fix; a path is not broken, so that it can be copied."""
    for fault in faults:
        console.print(f"  [bold]{escape(fault.field)}[/]  {escape(fault.message)}", soft_wrap=True)
        console.print(f"    [dim]→ {escape(fault.fix)}[/]", soft_wrap=True)


@contextmanager
def readable_failures() -> Iterator[None]:
    """Turn what a user can mend into words and exit code 1."""
    try:
        yield
    except Failed as failure:
        _say(str(failure))
        show_faults(failure.faults)
    except Refused as refusal:
        detail = f": {refusal.detail}" if refusal.detail else ""
        _say(f"{refusal.title} ({refusal.status}){detail}")
        show_faults(refusal.faults)
    except (
        Unreachable,
        FleetFailed,
        NotShown,
        BrokerFailed,
        DownloadFailed,
        PortInUse,
        PrerequisiteMissing,
        ClusterUnusable,
        InfrastructureError,
    ) as error:
        _say(str(error))
    else:
        return
    raise typer.Exit(1)


def _say(text: str) -> None:
    errors.print(f"[bold red]✗[/] {escape(text)}", soft_wrap=True)
