"""95 % intervals: of a rate, of a ratio of sums. Those of quantiles are in `spread`."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from math import isfinite, sqrt

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
