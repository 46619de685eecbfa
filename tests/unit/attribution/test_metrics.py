"""A metric is what its `type_params` and `filter` say; what a report cannot follow is a sentence."""

import json
from pathlib import Path
from typing import Any

import pytest

from baton.attribution.metrics import Metric, Metrics
from baton.core.errors import InputError
from baton.warehouse import parsed

META = {"stage": "attribution", "unit": "share", "direction": "up", "maturity_days": 0}


def shown(
    folder: Path, meta: dict[str, Any], filters: tuple[str, ...] = (), **inputs: Any
) -> Metric:
    """Return the only metric of a semantic manifest as dbt writes it."""
    where = [{"where_sql_template": each} for each in filters]
    record = {
        "name": "win_rate", "label": "Win rate", "description": "", "type": "ratio",
        "type_params": {"measure": None, "numerator": None, "denominator": None, "metrics": [], **inputs},
        "filter": {"where_filters": where} if where else None,
        "config": {"meta": meta},
    }  # fmt: skip
    measures = [{"name": name} for name in ("opportunities", "opportunities_won")]
    known = {"metrics": [record], "semantic_models": [{"measures": measures}]}
    (folder / parsed.SEMANTICS).write_text(json.dumps(known))
    return Metrics(folder).shown[0]


WON = {"name": "opportunities_won", "filter": None}


def test_what_is_counted_is_what_type_params_say(tmp_path: Path) -> None:
    found = shown(
        tmp_path, META, ("a = 1", "b or c"), numerator=WON, denominator={"name": "opportunities"}
    )
    assert (found.numerator, found.denominator) == ("opportunities_won", "opportunities")
    assert found.filter == "(a = 1) and (b or c)"
    simple = shown(tmp_path, META, measure=WON)
    assert (simple.numerator, simple.denominator, simple.filter) == (
        "opportunities_won",
        None,
        None,
    )


@pytest.mark.parametrize(
    ("meta", "inputs", "said"),
    [
        pytest.param(
            {**META, "denominator": "opportunities"}, {"numerator": WON}, "nothing else; mend denominator",
            id="defined twice",
        ),
        pytest.param({"stage": "attribution"}, {}, "mend direction, maturity_days, unit", id="no unit"),
        pytest.param(
            META, {"numerator": WON, "denominator": {"name": "oportunities"}},
            "counts 'oportunities', .* did you mean 'opportunities'?", id="a typo",
        ),
        pytest.param(
            META, {"metrics": [{"name": "zzz"}]}, "counts 'zzz', which is no measure of a semantic model.$",
            id="nothing near",
        ),
        pytest.param(
            META, {"numerator": {**WON, "filter": {"where_filters": []}}},
            "does not know 'filter' of 'opportunities_won'", id="a filter of one side",
        ),
    ],
)  # fmt: skip
def test_a_definition_that_a_report_cannot_follow_is_named(
    tmp_path: Path, meta: dict[str, Any], inputs: dict[str, Any], said: str
) -> None:
    with pytest.raises(
        InputError, match=rf"^Metric 'win_rate' in dbt_project/models/metrics.yml.*{said}"
    ):
        shown(tmp_path, meta, **inputs)
