"""Turns what was counted into figures: a value with its interval, or a dash with the reason."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal

from baton.attribution.metrics import Metric
from baton.reports import words
from baton.reports.engine import Answers, Group, Input, Numbers, inputs_of
from baton.reports.intervals import wilson
from baton.reports.manifest import Manifest
from baton.reports.model import CUTS, Definition, Figure
from baton.reports.spread import Key, Spread
from baton.reports.text import NO_GROUP, UNATTRIBUTED

ZERO = Decimal(0)
Spreads = Mapping[Key, Spread]


def definition(metric: Metric, manifest: Manifest) -> Definition:
    """Return what is kept of a metric's definition beside its figures."""
    counted_in = manifest.models(metric.numerator or metric.name)[0]
    return Definition(
        metric=metric.name,
        stage=metric.stage,
        label=metric.label,
        description=metric.description,
        numerator=metric.numerator,
        denominator=metric.denominator,
        unit=metric.unit,
        direction=metric.direction,
        maturity_days=metric.maturity_days,
        model=counted_in.mart,
    )


def wanted(metrics: Iterable[Metric]) -> set[Input]:
    """Return everything that must be counted for these metrics."""
    found: set[Input] = set()
    for metric in metrics:
        found |= {each for each in inputs_of(metric) if each is not None}
        if (counted := _counted(metric)) is not None:
            found.add(counted)
        if metric.name in words.RIPENING:
            # The weeks show the young units too.
            found |= {Input(each.name, each.condition) for each in inputs_of(metric) if each}
    return found


def _counted(metric: Metric) -> Input | None:
    """Return what says how many units a sum rests on: per currency, where the sum is money."""
    name = words.COUNTED.get(metric.name)
    return Input(name, by_currency=metric.numerator in words.MONEY) if name else None


def figures(metric: Metric, answers: Answers, spreads: Spreads, as_of: datetime) -> list[Figure]:
    """Return a metric's figure for all, and for each group of each cut that it knows.

    For all there is always a figure, be it a dash; groups without anything to count are left out.
    """
    made = []
    for cut in ["all", *CUTS]:
        above, below = inputs_of(metric)
        if cut == "week" and metric.name in words.RIPENING:
            # Every week is shown, and the young ones are marked, so nothing is left out here.
            above, below = (each and Input(each.name, each.condition) for each in (above, below))
        top = answers.of(above, cut) if above else None
        bottom = answers.of(below, cut) if below else {}
        if top is None or bottom is None:
            continue
        for group in _groups(top, bottom, cut):
            figure = _figure(metric, cut, group, top, bottom, answers)
            made.append(_judged(figure, metric, spreads, as_of, answers))
    return made


def _groups(top: Numbers, bottom: Numbers, cut: str) -> list[Group]:
    """Return the groups to show: one per currency where either number is money."""
    values = sorted({value for value, _ in [*top, *bottom]}, key=_order)
    groups: list[Group] = []
    for value in values:
        above = {c for v, c in top if v == value and c is not None}
        currencies = above or {c for v, c in bottom if v == value and c is not None}
        groups += [(value, currency) for currency in sorted(currencies)] or [(value, None)]
    return groups if groups or cut != "all" else [("", None)]


def _order(value: str) -> tuple[bool, bool, str]:
    """Known groups first, in the order of their names; what nothing earned stands last."""
    return value == UNATTRIBUTED, value in NO_GROUP, value


def _figure(
    metric: Metric, cut: str, group: Group, top: Numbers, bottom: Numbers, answers: Answers
) -> Figure:
    value, currency = group
    numerator, denominator = _number(top, group), _number(bottom, group)
    figure = Figure(
        metric.name, metric.stage, metric.unit, cut, value, currency, numerator, denominator,
    )  # fmt: skip
    if metric.denominator is None:
        counted = _units(metric, cut, group, answers)
        return _with(figure, value=numerator, n=None if counted is None else int(counted))
    if not denominator or not denominator.is_finite():
        return figure
    if numerator is None and metric.numerator in words.NEEDED:
        return figure
    numerator = numerator or ZERO
    figure = _with(figure, numerator=numerator, value=numerator / denominator)
    if words.is_proportion(metric.name, metric.unit):
        bounds = wilson(int(numerator), int(denominator))
        low, high = bounds or (None, None)
        return _with(figure, low=low, high=high, n=int(denominator))
    if _counted(metric) is not None:
        return _with(figure, n=int(_units(metric, cut, group, answers) or 0))
    counts = metric.denominator not in words.MONEY and words.is_whole(denominator)
    return _with(figure, n=int(denominator) if counts else None)


def _units(metric: Metric, cut: str, group: Group, answers: Answers) -> Decimal | None:
    """Return how many units a group's sum rests on, or None if nothing counts them."""
    counted = _counted(metric)
    return _number(answers.of(counted, cut) or {}, group) if counted else None


def _number(numbers: Numbers, group: Group) -> Decimal | None:
    """Return a group's number: in its currency, or, where it is no money, without one."""
    value, _ = group
    return numbers.get(group, numbers.get((value, None)))


def _judged(
    figure: Figure, metric: Metric, spreads: Spreads, as_of: datetime, answers: Answers
) -> Figure:
    """Add the interval from single units, maturity, and the reason where there is no value."""
    if figure.value is not None and not figure.value.is_finite():
        figure = _with(figure, value=None, numerator=None, dash=words.UNFINISHED)
    spread = spreads.get((metric.name, figure.cut, figure.cut_value, figure.currency))
    if spread is not None:
        figure = _with(figure, n=spread.n)
        if spread.low is not None and spread.high is not None and figure.value is not None:
            bounds = min(spread.low, figure.value), max(spread.high, figure.value)
            figure = _with(figure, low=bounds[0], high=bounds[1])
    if figure.cut == "week":
        week = date.fromisoformat(figure.cut_value)
        ripe = as_of.date() - timedelta(days=7 + metric.maturity_days)
        figure = _with(figure, mature=week <= ripe)
    if figure.value is None and figure.dash is None:
        figure = _with(figure, dash=_reason(figure, metric, answers))
    return figure


def _reason(figure: Figure, metric: Metric, answers: Answers) -> str:
    """Say why there is no figure."""
    if metric.kind == "derived":
        return words.HELD_OUT
    below, above = metric.denominator or "", metric.numerator or ""
    if metric.name in words.RIPENING and answers.of(Input(below), figure.cut):
        return words.YOUNG.format(days=metric.maturity_days)
    if below in words.MONEY and figure.denominator is None and figure.currency:
        known = answers.of(Input(below), figure.cut) or {}
        others = {c for (value, c), x in known.items() if value == figure.cut_value and c and x}
        if others:
            return words.TWO_CURRENCIES.format(
                numerator=above.replace("_", " "), one=figure.currency,
                denominator=below.replace("_", " "), other=" and ".join(sorted(others)),
            )  # fmt: skip
    if above in words.NEEDED and figure.numerator is None and figure.denominator:
        return words.NEEDED[above]
    if below == "delivered_at_reporting" and not _any(answers, "messages_delivered"):
        return words.NOTHING["messages_delivered"]
    return words.nothing(below or above)


def _any(answers: Answers, name: str) -> bool:
    return any((answers.of(Input(name), "all") or {}).values())


def _with(figure: Figure, **changes: object) -> Figure:
    return Figure(**{**figure.__dict__, **changes})
