"""The intervals, against values worked out elsewhere."""

from decimal import Decimal

import pytest

from baton.reports.intervals import none_seen, per_unit, ratio_of_sums, share_of_amount, wilson


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


def test_a_count_per_unit_never_falls_below_nothing() -> None:
    # 3 findings in 100 drafts, all in one of them: the linear interval begins at -0.029.
    half = ratio_of_sums(100, 3, 100, 9, 3, 100)
    assert half is not None
    assert 0.03 - half < 0
    low, high = per_unit(0.03, half)
    assert 0 < low < 0.03 < high
    assert low * high == pytest.approx(0.03**2), "the same factor to both sides"


def test_where_counts_are_poisson_it_is_the_interval_of_a_rate() -> None:
    # 25 of 10,000 units with one event each: exp(1.96 / sqrt(25)) to both sides.
    half = ratio_of_sums(10_000, 25, 10_000, 25, 25, 10_000)
    assert half is not None
    low, high = per_unit(0.0025, half)
    assert (low, high) == pytest.approx((0.0025 / 1.4799, 0.0025 * 1.4799), rel=2e-3)


def test_nothing_seen_has_the_exact_bound() -> None:
    # scipy.stats.chi2.ppf(0.975, 2) / 2 / 100
    assert none_seen(100) == (0.0, pytest.approx(0.03688879, rel=1e-6))


@pytest.mark.parametrize("share", [1e-6, 0.02, 0.5, 0.98, 1 - 1e-6])
def test_a_share_of_an_amount_stays_a_share(share: float) -> None:
    low, high = share_of_amount(share, 0.3)
    assert 0 <= low < share < high <= 1
    assert share_of_amount(0.5, 0.1) == pytest.approx((0.4013, 0.5987), abs=1e-4)
