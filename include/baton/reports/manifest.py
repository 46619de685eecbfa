"""What the report needs to know of dbt's semantic manifest beside the metrics themselves."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from baton.warehouse import parsed


@dataclass(frozen=True)
class Model:
    """A semantic model: the mart it reads, its primary entity and what it can be cut by.

    `dimensions` holds the SQL of each dimension by its name, `time` the column whose week is meant;
    a measure that belongs to another time has a model of its own, alike but for that.
    """

    name: str
    mart: str
    entity: str
    dimensions: Mapping[str, str] = field(hash=False)
    time: str | None

    def group(self, cut: str) -> str:
        """Return the name under which MetricFlow knows a cut of this model."""
        return "metric_time__week" if cut == "week" else f"{self.entity}__{cut}"

    def column(self, cut: str) -> str:
        """Return the SQL that gives a cut's value in the mart, as MetricFlow's does."""
        return f"date_trunc('week', {self.time})" if cut == "week" else self.dimensions[cut]


@dataclass(frozen=True)
class Measure:
    """A measure: an aggregate of an expression over the rows of a model."""

    name: str
    model: Model
    agg: str
    expr: str
    percentile: float | None


class Manifest:
    """dbt's semantic_manifest.json, read once. `hash` changes when any definition does."""

    def __init__(self, folder: Path) -> None:
        """Read the semantic manifest in `folder`, which `baton.warehouse.parsed` keeps."""
        content = (folder / parsed.SEMANTICS).read_bytes()
        self.hash = hashlib.sha256(content).hexdigest()
        known = json.loads(content)
        self.measures: dict[str, Measure] = {}
        for record in known["semantic_models"]:
            model = _model(record)
            for measure in record["measures"]:
                self.measures[measure["name"]] = _measure(model, measure)
        self._derived = {
            record["name"]: [each["name"] for each in record["type_params"]["metrics"]]
            for record in known["metrics"]
            if record["type"] == "derived"
        }

    def models(self, name: str) -> list[Model]:
        """Return the models that a measure, or a derived metric, is computed from."""
        return [self.measures[each].model for each in self._derived.get(name, [name])]


def _model(record: dict[str, Any]) -> Model:
    entity = next(each["name"] for each in record["entities"] if each["type"] == "primary")
    return Model(
        name=record["name"],
        mart=f"{record['node_relation']['schema_name']}.{record['node_relation']['alias']}",
        entity=entity,
        dimensions={
            each["name"]: each.get("expr") or each["name"]
            for each in record["dimensions"]
            if each["type"] == "categorical"
        },
        time=(record.get("defaults") or {}).get("agg_time_dimension"),
    )


def _measure(model: Model, record: dict[str, Any]) -> Measure:
    parameters = record.get("agg_params") or {}
    if own_time := record.get("agg_time_dimension"):
        model = replace(model, time=own_time)
    return Measure(
        name=record["name"],
        model=model,
        agg=record["agg"],
        expr=record.get("expr") or record["name"],
        percentile=parameters.get("percentile"),
    )
