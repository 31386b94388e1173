"""A real Prometheus on this machine: it checks our rules, scrapes a local fleet, and sees alerts fire and clear.

`python -m deploy.local.monitoring` breaks a fleet of its own, part by part, and shows what the alerts say.
"""
