"""Intervals that need the single units: of medians and percentiles, and of ratios of amounts.

The expressions are the measures' own, from dbt's semantic manifest, so that nothing is defined twice.
One statement per metric gives every cut (GROUPING SETS).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import psycopg

from baton.attribution.metrics import Metric
from baton.reports import words
from baton.reports.engine import has_cut, label_of
from baton.reports.intervals import Z, exact, none_seen, per_unit, ratio_of_sums, share_of_amount
from baton.reports.manifest import Manifest, Measure, Model
from baton.reports.model import CUTS
from baton.warehouse.connect import sql

# (metric, cut, cut value, currency)
Key = tuple[str, str, str, str | None]


@dataclass(frozen=True)
class Spread:
    """How many units a figure rests on, and its 95 % interval where there are enough.

    `high` is infinite where so many units are unfinished that no upper bound is known.
    """

    n: int
    low: Decimal | None = None
    high: Decimal | None = None


# The ranks between which a quantile lies come from the binomial distribution by its normal
# approximation (W. J. Conover, "Practical nonparametric statistics", 3.2); no shape is assumed of the
# values. Where a rank lies outside, there are too few units for an interval.
QUANTILE = """
    with units as (select ({above})::double precision as x, {columns} from {mart}),
    sorted as (
        select {names}, grouping({names}) as grouped, count(*) as n, array_agg(x order by x) as xs
        from units where x is not null group by grouping sets ({sets})
    )
    select {names}, grouped, n,
        xs[floor(n * {share} - {z} * sqrt(n * {share} * (1 - {share})))::int],
        xs[ceil(n * {share} + {z} * sqrt(n * {share} * (1 - {share})))::int + 1]
    from sorted
"""
RATIO = """
    with units as (
        select coalesce({above}, 0)::double precision as a,
            coalesce({below}, 0)::double precision as b, {columns} from {mart}
    )
    select {names}, grouping({names}), count(*) filter (where b <> 0),
        min(a), count(*), sum(a), sum(b), sum(a * a), sum(a * b), sum(b * b)
    from units where a <> 0 or b <> 0 group by grouping sets ({sets})
"""


def spreads(
    conn: psycopg.Connection[Any], metrics: Iterable[Metric], manifest: Manifest
) -> dict[Key, Spread]:
    """Return the spread of every figure that is no plain proportion, by metric, cut and group."""
    found: dict[Key, Spread] = {}
    for metric in metrics:
        above = manifest.measures.get(metric.numerator or "")
        below = manifest.measures.get(metric.denominator or "")
        if metric.filter or above is None or words.is_proportion(metric.name, metric.unit):
            continue
        if above.model.name in words.ROWS_ARE_SUMS:
            continue
        if below is None and above.percentile is not None:
            found |= _collect(conn, metric, above, None)
        elif below is not None and below.model == above.model:
            found |= _collect(conn, metric, above, below)
    return found


def _collect(
    conn: psycopg.Connection[Any], metric: Metric, above: Measure, below: Measure | None
) -> dict[Key, Spread]:
    model, money = above.model, above.name in words.MONEY and "currency" in above.model.dimensions
    cuts = [cut for cut in CUTS if has_cut(model, cut)]
    names = [f"g_{cut}" for cut in cuts] + ["currency"]
    statement = (QUANTILE if below is None else RATIO).format(
        above=_expression(above),
        below=_expression(below) if below else "",
        mart=model.mart,
        columns=_columns(model, cuts, money=money),
        names=", ".join(names),
        sets=", ".join(["(currency)", *(f"(g_{cut}, currency)" for cut in cuts)]),
        share=above.percentile,
        z=Z,
    )
    found: dict[Key, Spread] = {}
    for row in conn.execute(sql(statement)).fetchall():
        groups, grouped, rest = row[: len(names)], row[len(names)], row[len(names) + 1 :]
        # GROUPING sets a bit for each column that a row does not group by; the last is the currency.
        by = [i for i in range(len(cuts)) if not grouped >> (len(names) - 1 - i) & 1]
        cut = cuts[by[0]] if by else "all"
        value = label_of(cut, groups[by[0]]) if by else ""
        if value is not None:
            key = (metric.name, cut, value, groups[-1] if money else None)
            found[key] = _quantile(*rest) if below is None else _ratio(metric.unit, *rest)
    return found


def _columns(model: Model, cuts: list[str], *, money: bool) -> str:
    parts = [f"{model.column(cut)} as g_{cut}" for cut in cuts]
    return ", ".join([*parts, "currency" if money else "null::text as currency"])


def _expression(measure: Measure) -> str:
    return f"({measure.expr})" + ("::int" if measure.agg == "sum_boolean" else "")


def _quantile(n: int, low: float | None, high: float | None) -> Spread:
    if low is None or high is None:
        return Spread(n)
    return Spread(n, *(exact(bound) for bound in (low, high)))


def _ratio(
    unit: str, shown: int, least: float, n: int,
    a: float, b: float, aa: float, ab: float, bb: float,
) -> Spread:  # fmt: skip
    if unit in words.COUNTS and a == 0 and b > 0:
        return Spread(shown, *(exact(bound) for bound in none_seen(b)))
    half = ratio_of_sums(n, a, b, aa, ab, bb)
    if half is None:
        return Spread(shown)
    ratio = a / b
    if unit == "share" and 0 < ratio < 1:
        bounds = share_of_amount(ratio, half)
    elif least >= 0 < ratio:
        bounds = per_unit(ratio, half)
    else:
        bounds = ratio - half, ratio + half
    return Spread(shown, *(exact(bound) for bound in bounds))
