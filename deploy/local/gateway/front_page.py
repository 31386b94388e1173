"""The page at ``/``: what is running here and where to read on. No script, no request to anywhere else."""

from __future__ import annotations

_STYLE = """
:root { color-scheme: light dark; --line: #8884; --dim: #777; --accent: #2563eb; }
@media (prefers-color-scheme: dark) { :root { --dim: #999; --accent: #7aa7ff; } }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 44rem; margin: 4rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; margin: 0; }
h1 + p { color: var(--dim); margin: .25rem 0 2rem; }
h2 { font-size: 1rem; margin: 2rem 0 .25rem; }
table { border-collapse: collapse; width: 100%; }
td { border-top: 1px solid var(--line); padding: .5rem .75rem .5rem 0; vertical-align: top; }
td:first-child { width: 18rem; white-space: nowrap; font: .9rem/1.7 ui-monospace, monospace; }
a { color: var(--accent); }
code { font: .9rem ui-monospace, monospace; }
footer { margin-top: 2.5rem; color: var(--dim); font-size: .9rem; }
"""

_ROWS = (
    (
        "What you send",
        (
            ("POST /v1/events", "system events, one or many, as CloudEvents"),
            ("POST /v1/apply", "a whole configuration, all or nothing"),
            ("/v1/webhooks", "where to post"),
            ("/v1/notification-rules", "which events matter"),
            ("/v1/credentials", "what proves that requests are ours"),
            ("/v1/integrations", "rule to webhook, and enable or disable it"),
            ("/v1/mappings", "ids by which external systems know entities"),
        ),
    ),
    (
        "What happened",
        (
            ("/v1/events/{id}/trace", "what one event led to, and why not"),
            ("/v1/runs", "runs with their attempts and HTTP exchanges"),
            ("/v1/integration-events", "errors and completions, newest first"),
            ("/v1/alerts", "what somebody should look into"),
            ("/v1/statistics", "throughput, failures and latency over time"),
            ("/v1/recent-events", "system events that are still kept"),
            ("/v1/trail", "who did what, and when"),
        ),
    ),
    (
        "What to do about it",
        (
            ("POST /v1/integration-events/acts", "mark events as actioned or resolved by hand"),
            ("POST /v1/alerts/acts", "take alerts up, and resolve them"),
            ("POST /v1/runs/{id}/replay", "send the request of one run again"),
            ("POST /v1/replays", "send again what failed or was missed"),
            ("POST /v1/removals", "take one person's data out"),
        ),
    ),
)


def front_page() -> str:
    """A complete HTML document."""
    sections = "".join(
        f"<h2>{title}</h2><table>"
        + "".join(f"<tr><td>{path}</td><td>{what}</td></tr>" for path, what in rows)
        + "</table>"
        for title, rows in _ROWS
    )
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Hookfleet</title>'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style></head><body><h1>Hookfleet</h1>"
        "<p>A system event goes in; a signed request arrives at a webhook.</p>"
        f'{sections}<p>OpenAPI: <a href="/openapi.json">what you send</a>, '
        '<a href="/v1/recorder/openapi.json">what happened</a></p>'
        "<footer>Every request carries <code>Authorization: Bearer &lt;API key&gt;</code>; "
        "<code>hookfleet up</code> printed the key.</footer></body></html>"
    )
