"""Panels in Grafana's JSON, from what differs between them: a title, a unit, and queries.

Panels are laid out in rows of equal height by the order they come in, 24 columns wide. Both kinds of queries are named
by `A`, `B`… as Grafana names them. Nothing here knows what is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

Json = dict[str, Any]

PROMETHEUS: Final = {"type": "prometheus", "uid": "${prometheus}"}
POSTGRESQL: Final = {"type": "postgres", "uid": "${postgresql}"}
_COLUMNS: Final = 24


@dataclass(frozen=True, slots=True)
class PromQL:
    """A question to Prometheus; ``legend`` is written with its labels in double braces."""

    expression: str
    legend: str = ""
    instant: bool = False

    def target(self, name: str) -> Json:
        target: Json = {"refId": name, "datasource": PROMETHEUS, "expr": self.expression, "legendFormat": self.legend}
        return target | ({"instant": True, "format": "table"} if self.instant else {"range": True, "exemplar": True})


@dataclass(frozen=True, slots=True)
class Sql:
    """A question to the recorder's database; a time series has a column ``time``, and ``metric`` names its lines."""

    statement: str
    format: Literal["time_series", "table"]

    def target(self, name: str) -> Json:
        return {
            "refId": name,
            "datasource": POSTGRESQL,
            "rawQuery": True,
            "rawSql": self.statement,
            "format": self.format,
        }


Query = PromQL | Sql


@dataclass(frozen=True, slots=True)
class Panel:
    """``unit`` is Grafana's name of one. ``bad`` is the value from which a number is red, amber from half of it."""

    kind: Literal["timeseries", "stat", "table"]
    title: str
    description: str
    unit: str
    queries: Sequence[Query]
    width: int = 8
    height: int = 8
    bad: float | None = None
    stacked: bool = False

    def document(self, number: int, x: int, y: int) -> Json:
        return {
            "id": number,
            "type": self.kind,
            "title": self.title,
            "description": self.description,
            "datasource": PROMETHEUS if isinstance(self.queries[0], PromQL) else POSTGRESQL,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": [query.target(chr(ord("A") + place)) for place, query in enumerate(self.queries)],
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": self._options(),
        }

    def _defaults(self) -> Json:
        steps: list[Json] = [{"color": "green", "value": None}]
        if self.bad is not None:
            steps += [{"color": "orange", "value": self.bad / 2}, {"color": "red", "value": self.bad}]
        defaults: Json = {"unit": self.unit, "thresholds": {"mode": "absolute", "steps": steps}}
        if self.kind == "timeseries":
            stacking = {"mode": "normal", "group": "A"} if self.stacked else {"mode": "none", "group": "A"}
            fill = 30 if self.stacked else 0
            defaults |= {"min": 0, "custom": {"lineWidth": 1, "fillOpacity": fill, "stacking": stacking}}
        return defaults

    def _options(self) -> Json:
        match self.kind:
            case "stat":
                calculation = {"calcs": ["lastNotNull"], "fields": "", "values": False}
                return {"reduceOptions": calculation, "colorMode": "background", "graphMode": "area"}
            case "timeseries":
                legend = {"displayMode": "list", "placement": "bottom", "showLegend": True, "calcs": []}
                return {"legend": legend, "tooltip": {"mode": "multi", "sort": "desc"}}
            case "table":
                return {"showHeader": True}


@dataclass(frozen=True, slots=True)
class Row:
    """Panels under a heading."""

    title: str
    panels: Sequence[Panel]


@dataclass(frozen=True, slots=True)
class Dashboard:
    """``uid`` is its address in Grafana and stays."""

    uid: str
    title: str
    description: str
    rows: Sequence[Row]
    variables: Sequence[Json]
    since: str = "now-6h"
    links: Sequence[Json] = field(default_factory=list)

    def document(self) -> Json:
        return {
            "uid": self.uid,
            "title": self.title,
            "description": self.description,
            "tags": ["hookfleet"],
            "schemaVersion": 38,
            "editable": True,
            "graphTooltip": 1,
            "refresh": "30s",
            "time": {"from": self.since, "to": "now"},
            "templating": {"list": list(self.variables)},
            "links": list(self.links),
            "panels": list(self._panels()),
        }

    def _panels(self) -> Iterator[Json]:
        number, y = 0, 0
        for row in self.rows:
            number += 1
            grid = {"x": 0, "y": y, "w": _COLUMNS, "h": 1}
            yield {"id": number, "type": "row", "title": row.title, "collapsed": False, "gridPos": grid, "panels": []}
            x, y, height = 0, y + 1, 0
            for panel in row.panels:
                if x + panel.width > _COLUMNS:
                    x, y = 0, y + height
                number += 1
                yield panel.document(number, x, y)
                x, height = x + panel.width, panel.height
            y += height


def data_source(name: str, kind: str, label: str) -> Json:
    """A variable by which whoever looks chooses where data comes from."""
    return {"name": name, "type": "datasource", "query": kind, "label": label}


def chosen(name: str, label: str, statement: str) -> Json:
    """A variable whose values the recorder's database knows."""
    return {
        "name": name,
        "type": "query",
        "label": label,
        "datasource": POSTGRESQL,
        "query": statement,
        "refresh": 2,
        "sort": 1,
    }
