"""Metrics as SQL: MetricFlow's engine over the project's semantic manifest, without its command.

The engine only plans; the statement runs on the caller's own connection. Importing MetricFlow takes
seconds and planning milliseconds, so make one `Metrics` per report.
"""

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.playbook.reader import nearest
from baton.warehouse import parsed
from baton.warehouse.connect import Row, rows

FILE = "dbt_project/models/metrics.yml"
META = ("stage", "unit", "direction", "maturity_days")


@dataclass(frozen=True)
class Metric:
    """One metric that reports show; see `dbt_project/models/metrics.yml`.

    `kind` is "simple", "ratio" or "derived"; `numerator` and `denominator` are measures, as its
    `type_params` name them (a simple one's measure is its numerator, a derived one has neither).
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
        """The metrics that reports show, in the order of metrics.yml.

        Raises InputError that names a metric whose definition a report cannot follow.
        """
        known = json.loads(self._path.read_text())
        measures = {
            each["name"] for model in known["semantic_models"] for each in model["measures"]
        }
        return tuple(_metric(record, measures) for record in known["metrics"] if _meta(record))

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


def _meta(record: dict[str, Any]) -> dict[str, Any]:
    return (record.get("config") or {}).get("meta") or {}


def _metric(record: dict[str, Any], measures: Collection[str]) -> Metric:
    name, meta = record["name"], _meta(record)
    # What is counted stands in type_params alone: said here too, it would be ignored.
    if wrong := sorted({*META} ^ {*meta}):
        raise InputError(
            f"Metric {name!r} in {FILE}: its meta holds {', '.join(META)} and nothing else; "
            f"mend {', '.join(wrong)}."
        )
    parameters = record["type_params"]
    inputs = [parameters["measure"], parameters["numerator"], parameters["denominator"]]
    for each in filter(None, [*inputs, *parameters["metrics"]]):
        if each["name"] not in measures:
            near = nearest(each["name"], sorted(measures))
            hint = f"; did you mean {near!r}?" if near else "."
            raise InputError(
                f"Metric {name!r} in {FILE} counts {each['name']!r}, which is no measure of a "
                f"semantic model{hint}"
            )
        if changed := [key for key, value in each.items() if value and key != "name"]:
            raise InputError(
                f"Metric {name!r} in {FILE}: a report does not know {changed[0]!r} of "
                f"{each['name']!r}; put it into a measure of its own, or, a filter, on the metric."
            )
    measure, numerator, denominator = (each and each["name"] for each in inputs)
    conditions = (record["filter"] or {}).get("where_filters") or []
    return Metric(
        name=name,
        label=record["label"] or name,
        description=record["description"] or "",
        kind=record["type"],
        stage=meta["stage"],
        unit=meta["unit"],
        direction=meta["direction"],
        maturity_days=int(meta["maturity_days"]),
        numerator=measure or numerator,
        denominator=denominator,
        filter=" and ".join(f"({each['where_sql_template']})" for each in conditions) or None,
    )
