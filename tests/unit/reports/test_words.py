"""The report's own knowledge of metrics agrees with the metrics that dbt defines."""

from typing import Any

import pytest
import yaml

from baton.core.settings import PROJECT
from baton.reports import words
from baton.reports.model import STAGES

METRICS: list[dict[str, Any]] = yaml.safe_load(
    (PROJECT / "dbt_project" / "models" / "metrics.yml").read_text()
)["metrics"]
NAMES = {metric["name"] for metric in METRICS}
MEASURES = {
    measure["name"]
    for path in (PROJECT / "dbt_project" / "models" / "marts").rglob("*__semantic.yml")
    for model in yaml.safe_load(path.read_text())["semantic_models"]
    for measure in model["measures"]
}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric["name"])
def test_every_metric_can_say_why_it_has_no_figure(metric: dict[str, Any]) -> None:
    counted = metric["type_params"]
    below = counted.get("denominator") or counted.get("measure")
    assert metric["type"] == "derived" or below in words.NOTHING


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric["name"])
def test_every_metric_belongs_to_a_stage(metric: dict[str, Any]) -> None:
    assert metric["config"]["meta"]["stage"] in STAGES


@pytest.mark.parametrize(
    ("named", "known"),
    [
        pytest.param(words.AMOUNT_SHARES, NAMES, id="shares of amounts"),
        pytest.param(words.RIPENING, NAMES, id="ripening"),
        pytest.param(words.BESIDE, NAMES, id="beside pipeline"),
        pytest.param(words.COUNTED.keys(), NAMES, id="metrics with a count"),
        pytest.param(words.COUNTED.values(), MEASURES, id="counts"),
        pytest.param(words.MONEY, MEASURES, id="money"),
        pytest.param(words.NOTHING.keys(), MEASURES, id="reasons"),
        pytest.param(words.NEEDED.keys(), MEASURES, id="needed"),
    ],
)
def test_no_name_is_out_of_date(named: Any, known: set[str]) -> None:
    assert set(named) <= known


def test_opens_are_no_metric() -> None:
    assert not any("open_rate" in name or name.startswith("opens") for name in NAMES)
