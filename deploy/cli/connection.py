"""The two options that every command about a running fleet has, and the client made of them."""

from __future__ import annotations

from typing import Annotated

import typer

from deploy.cli.api_client import ApiClient
from deploy.cli.failures import Failed

_PANEL = "Which fleet"

Url = Annotated[
    str,
    typer.Option("--url", envvar="HOOKFLEET_URL", help="Address of the fleet.", rich_help_panel=_PANEL, metavar="URL"),
]
ApiKey = Annotated[
    str,
    typer.Option(
        "--api-key",
        envvar="HOOKFLEET_API_KEY",
        help="API key; better given by the variable than here.",
        rich_help_panel=_PANEL,
        metavar="KEY",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for programs instead of text for people.")]

DEFAULT_URL = "http://127.0.0.1:8080"


def connect(url: str, api_key: str) -> ApiClient:
    """A client, or a clear word when there is no key."""
    if not api_key:
        raise Failed("no API key: set HOOKFLEET_API_KEY (`hookfleet up` prints it) or give --api-key")
    if not api_key.isascii() or not api_key.isprintable():
        raise Failed("the API key holds characters that cannot stand in a header: copy it again")
    return ApiClient(url, api_key)
