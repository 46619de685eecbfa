"""Metrics as SQL: MetricFlow's engine over the project's semantic manifest, without its command.

The engine only plans; the statement runs on the caller's own connection. Importing MetricFlow takes
seconds and planning milliseconds, so make one `Metrics` per report.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from baton.warehouse import parsed
from baton.warehouse.connect import Row, rows


@dataclass(frozen=True)
class Metric:
    """One metric that reports show; see `dbt_project/models/metrics.yml`.

    `kind` is "simple", "ratio" or "derived"; `numerator` and `denominator` are metrics themselves.
    `direction` says which way is good: "up", "down" or "none". Cohorts younger than `maturity_days`
    are not comparable yet. `filter` narrows numerator and denominator in the same way.
    """

    name: str
    label: str
    description: str
    kind: str
    stage: str
    unit: str
    direction: str
    maturity_days: int
    numerator: str | None
    denominator: str | None
    filter: str | None


class Metrics:
    """The metrics of one parsed dbt project: `folder` is what `baton.warehouse.parsed` keeps of it."""

    def __init__(self, folder: Path) -> None:
        """Read the semantic manifest in `folder` when it is first asked for."""
        self.folder = folder
        self._path = folder / parsed.SEMANTICS

    @cached_property
    def shown(self) -> tuple[Metric, ...]:
        """The metrics that reports show, in the order of metrics.yml."""
        known = json.loads(self._path.read_text())["metrics"]
        return tuple(_metric(record) for record in known if "stage" in (_meta(record) or {}))

    def query(
        self,
        conn: psycopg.Connection[Any],
        names: Sequence[str],
        group_by: Sequence[str] = (),
        where: Sequence[str] = (),
    ) -> list[Row]:
        """Return one row per group, with a column per metric and per name in `group_by`.

        `group_by` names dimensions as `metric_time__week` or `<entity>__<dimension>`; `where` holds
        conditions of ours in MetricFlow's notation, never text from outside.
        """
        return rows(conn, self.sql(names, group_by, where).replace("%", "%%"), ())

    def sql(
        self, names: Sequence[str], group_by: Sequence[str] = (), where: Sequence[str] = ()
    ) -> str:
        """Return the statement that computes these metrics."""
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        request = MetricFlowQueryRequest.create(
            metric_names=list(names),
            group_by_names=list(group_by) or None,
            where_constraints=list(where) or None,
        )
        return str(self._engine.explain(request).sql_statement.sql)

    def dimensions(self, names: Sequence[str]) -> list[str]:
        """Return what these metrics can all be cut by, as names for `group_by`."""
        found = self._engine.simple_dimensions_for_metrics(list(names))
        return sorted({str(dimension.granularity_free_dunder_name) for dimension in found})

    @cached_property
    def _engine(self) -> Any:
        from metricflow.engine.metricflow_engine import MetricFlowEngine
        from metricflow_semantics.model.dbt_manifest_parser import (
            parse_manifest_from_dbt_generated_manifest,
        )
        from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup

        manifest = parse_manifest_from_dbt_generated_manifest(self._path.read_text())
        return MetricFlowEngine(SemanticManifestLookup(manifest), _planner())


def _planner() -> Any:
    from metricflow.protocols.sql_client import SqlEngine
    from metricflow.sql.render.postgres import PostgresSQLSqlPlanRenderer

    class Planner:
        """What the engine asks of a client when it only plans."""

        sql_engine_type = SqlEngine.POSTGRES
        sql_plan_renderer = PostgresSQLSqlPlanRenderer()

    return Planner()


def _meta(record: dict[str, Any]) -> dict[str, Any] | None:
    return (record.get("config") or {}).get("meta")


def _metric(record: dict[str, Any]) -> Metric:
    meta = _meta(record) or {}
    conditions = (record.get("filter") or {}).get("where_filters") or []
    return Metric(
        name=record["name"],
        label=record.get("label") or record["name"],
        description=record.get("description") or "",
        kind=record["type"],
        stage=meta["stage"],
        unit=meta["unit"],
        direction=meta["direction"],
        maturity_days=int(meta["maturity_days"]),
        numerator=meta.get("numerator"),
        denominator=meta.get("denominator"),
        filter=conditions[0]["where_sql_template"] if conditions else None,
    )
