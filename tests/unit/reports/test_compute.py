"""Numbers become figures: of what there is none, a dash says why, and the reason is a true one."""

from datetime import UTC, datetime
from decimal import Decimal

from baton.attribution.metrics import Metric
from baton.reports.compute import figures
from baton.reports.engine import Answers, Group, Input
from baton.reports.model import Figure

AT = datetime(2026, 3, 2, tzinfo=UTC)


def metric(name: str, numerator: str, denominator: str, unit: str = "share") -> Metric:
    return Metric(
        name, name, "", "ratio", "attribution", unit, "up", 0, numerator, denominator, None
    )


SHARE = metric("sourced_pipeline_share", "pipeline_sourced", "qualified_pipeline")
COVERAGE = metric("pipeline_coverage", "open_closing", "target_remaining", "times")


def figure_of(metric: Metric, cut: str, group: Group, **numbers: dict[Group, int]) -> Figure:
    """Return a group's figure where the measures have these numbers."""
    found = {
        (Input(name), cut): {each: Decimal(number) for each, number in known.items()}
        for name, known in numbers.items()
    }
    made = figures(metric, Answers(found), {}, AT)
    return next(each for each in made if (each.cut_value, each.currency) == group)


def test_a_groups_own_currency_is_no_reason_for_its_dash() -> None:
    unknown, retail = ("unknown", "USD"), ("retail", "USD")
    found = figure_of(
        SHARE, "sector", unknown, pipeline_sourced={unknown: 0}, qualified_pipeline={retail: 9}
    )
    assert found.dash == "no opportunity has an amount yet"


def test_the_other_currency_of_a_group_is() -> None:
    found = figure_of(
        SHARE, "sector", ("retail", "USD"),
        pipeline_sourced={("retail", "USD"): 5}, qualified_pipeline={("retail", "EUR"): 9},
    )  # fmt: skip
    assert found.dash == "pipeline sourced is in USD, qualified pipeline is in EUR"


def test_a_measure_that_nobody_has_a_sentence_for_has_one() -> None:
    found = figure_of(metric("x", "wins", "deals_seen"), "all", ("", None), wins={}, deals_seen={})
    assert found.dash == "no deals seen yet"


def test_a_target_in_another_currency_is_a_dash_and_a_quarter_without_deals_is_0() -> None:
    all_of = ("", "EUR")
    target = {all_of: 1_800_000}
    found = figure_of(COVERAGE, "all", all_of, open_closing={}, target_remaining=target)
    assert (found.value, found.denominator) == (None, 1_800_000)
    assert found.dash == "its opportunities of this quarter are in another currency than the target"
    none = figure_of(COVERAGE, "all", all_of, open_closing={all_of: 0}, target_remaining=target)
    assert (none.value, none.dash) == (0, None)
