"""`hookfleet trail`: who did what, and when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from deploy.cli.connection import DEFAULT_URL, ApiKey, AsJson, Url, connect
from deploy.cli.failures import readable_failures
from deploy.cli.listing import Follow, Limit, Listing, show
from deploy.cli.recorded_cells import nothing_below, trail_cells
from deploy.cli.time_spans import Since, Until, asked_times


def trail(
    act: Annotated[str | None, typer.Option("--act", metavar="NAME", help="Only this act.")] = None,
    by: Annotated[str | None, typer.Option("--by", metavar="NAME", help="Only what this one did.")] = None,
    since: Since = None,
    until: Until = None,
    limit: Limit = 50,
    follow: Follow = False,
    url: Url = DEFAULT_URL,
    api_key: ApiKey = "",
    as_json: AsJson = False,
) -> None:
    """List the acts of people: what was marked, resolved, replayed, removed, by whom."""
    with readable_failures(), connect(url, api_key) as client:
        asked = {"act": act, "by": by, **asked_times(since, until, datetime.now(UTC))}
        listing = Listing(
            "/v1/trail", asked, trail_cells, nothing_below, lambda entry: str(entry["id"]), "nobody did anything yet"
        )
        show(client, listing, limit, follow=follow, as_json=as_json)
