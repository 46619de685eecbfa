"""The intervals, against values worked out elsewhere."""

from decimal import Decimal

import pytest

from baton.reports.intervals import ratio_of_sums, wilson


# Brown, Cai and DasGupta (2001) and R's binom.confint(method = "wilson") give the same bounds.
@pytest.mark.parametrize(
    ("hits", "total", "low", "high"),
    [
        pytest.param(0, 10, 0.0, 0.2775328, id="nothing of ten"),
        pytest.param(10, 10, 0.7224672, 1.0, id="all of ten"),
        pytest.param(1, 1, 0.2065493, 1.0, id="one of one"),
        pytest.param(5, 10, 0.2365931, 0.7634069, id="half of ten"),
        pytest.param(10, 100, 0.0552291, 0.1743657, id="a tenth of a hundred"),
    ],
)
def test_wilson(hits: int, total: int, low: float, high: float) -> None:
    bounds = wilson(hits, total)
    assert bounds is not None
    assert [float(bound) for bound in bounds] == pytest.approx([low, high], abs=2e-6)


def test_the_bounds_are_where_the_score_test_just_rejects() -> None:
    # |rate - p| = z * sqrt(p (1 - p) / n), by which Wilson defines them.
    for hits, total in ((4238, 6711), (7, 30), (1, 2000)):
        for bound in wilson(hits, total) or ():
            p = float(bound)
            assert abs(hits / total - p) == pytest.approx(
                1.959964 * (p * (1 - p) / total) ** 0.5, rel=1e-4
            )


@pytest.mark.parametrize(
    ("hits", "total"),
    [
        pytest.param(0, 0, id="nothing to divide by"),
        pytest.param(3, 2, id="more than all"),
        pytest.param(-1, 2, id="less than nothing"),
    ],
)
def test_no_interval_of_what_is_no_rate(hits: int, total: int) -> None:
    assert wilson(hits, total) is None


def test_the_rate_lies_within_its_bounds_at_every_size() -> None:
    for total in (1, 2, 3, 7, 59, 998, 10**6, 10**12):
        for hits in {0, 1, total // 3, total - 1, total}:
            low, high = wilson(hits, total) or (None, None)
            assert low is not None
            assert high is not None
            assert 0 <= low <= Decimal(hits) / total <= high <= 1


def test_a_mean_has_the_interval_of_the_mean() -> None:
    # Of 2, 4, 4, 4, 5, 5, 7, 9 the mean is 5 and the sample variance 32 / 7: 1.96 * sqrt(4 / 7).
    values = [2, 4, 4, 4, 5, 5, 7, 9]
    half = ratio_of_sums(8, sum(values), 8, sum(v * v for v in values), sum(values), 8)
    assert half == pytest.approx(1.959964 * (4 / 7) ** 0.5, rel=1e-6)


def test_one_unit_or_equal_ratios_tell_nothing() -> None:
    assert ratio_of_sums(1, 5, 1, 25, 5, 1) is None
    assert ratio_of_sums(3, 6, 3, 12, 6, 3) is None
    assert ratio_of_sums(3, 6, 0, 12, 0, 0) is None
