"""95 % intervals: of a rate, of a ratio of sums. Those of quantiles are in `spread`."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from math import exp, isfinite, log, sqrt

# The 97.5 % point of the normal distribution.
Z = 1.959963984540054


def wilson(hits: int, total: int) -> tuple[Decimal, Decimal] | None:
    """Return the bounds of the Wilson score interval of hits / total, or None where total is 0.

    E. B. Wilson, "Probable inference, the law of succession, and statistical inference" (1927). It
    stays within 0 and 1, and says something true of 0 out of 5.
    """
    if total <= 0 or not 0 <= hits <= total:
        return None
    rate, square = hits / total, Z * Z
    centre = (rate + square / (2 * total)) / (1 + square / total)
    half = Z / (1 + square / total) * sqrt(rate * (1 - rate) / total + square / (4 * total * total))
    # At the ends the bound is the rate itself; elsewhere it is rounded outwards, never past the rate.
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == total else centre + half
    return exact(low, ROUND_FLOOR), exact(high, ROUND_CEILING)


def exact(number: float, rounding: str = ROUND_HALF_EVEN) -> Decimal:
    """Return a float to 9 decimals, which is more than any interval is good for."""
    if not isfinite(number):
        return Decimal(number)
    return Decimal(repr(number)).quantize(Decimal("1e-9"), rounding)


def ratio_of_sums(n: int, a: float, b: float, aa: float, ab: float, bb: float) -> float | None:
    """Return half the 95 % interval of sum(a) / sum(b) over n units, or None if they cannot tell.

    Fewer than 2 units tell nothing, and neither do units of which each has the same ratio.

    `aa`, `ab` and `bb` are the sums of a*a, a*b and b*b. Linearised variance of a ratio estimator
    (W. G. Cochran, "Sampling techniques", 2.11), for units drawn from a large population.
    """
    if n < 2 or b == 0:
        return None
    ratio = a / b
    squares = max(aa - 2 * ratio * ab + ratio * ratio * bb, 0.0)
    # What is left of equal ratios after rounding.
    if squares <= 1e-12 * (aa + bb):
        return None
    return Z * sqrt(n / (n - 1) * squares) / abs(b)


# -ln(0.025): the exact upper bound of a Poisson mean of which nothing was seen (F. Garwood, "Fiducial
# limits for the Poisson distribution", Biometrika 28, 1936).
NOTHING_SEEN = 3.688879454113936


def per_unit(ratio: float, half: float) -> tuple[float, float]:
    """Return the bounds of a ratio of two sums of which neither can be negative: a count per draft.

    `half` is that of `ratio_of_sums`. It is laid off on the log scale (delta method; K. J. Rothman and
    S. Greenland, "Modern Epidemiology", on limits for rates), where no bound falls below 0. Units may
    differ as they like: findings come in bunches, so Poisson's own bounds would be too narrow.
    """
    factor = exp(half / ratio)
    return ratio / factor, ratio * factor


def share_of_amount(share: float, half: float) -> tuple[float, float]:
    """Return the bounds of a share of an amount, strictly between 0 and 1.

    `half` is that of `ratio_of_sums`, laid off on the logit scale (delta method; A. Agresti,
    "Categorical Data Analysis", on the logit), where no bound leaves 0 to 1.
    """
    middle, width = log(share / (1 - share)), half / (share * (1 - share))
    low, high = middle - width, middle + width
    # Each in the form that cannot overflow.
    return 1 / (1 + exp(min(-low, 700.0))), 1 / (1 + exp(min(-high, 700.0)))


def none_seen(units: float) -> tuple[float, float]:
    """Return the bounds of a count per unit where nothing was counted in so many units."""
    return 0.0, NOTHING_SEEN / units
