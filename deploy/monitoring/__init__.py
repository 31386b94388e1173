"""Prometheus rules, their tests, and Grafana's dashboards.

`rules/` and `rule_tests/` are written by hand, in Prometheus' own formats. `dashboards/` is written by
`python -m deploy.monitoring`: a dashboard is a list of titles, units and queries, and Grafana's JSON says everything
else forty times over.
"""
