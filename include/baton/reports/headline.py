"""The first screen: where people are lost, and what it all brought. Sentences, with their numbers."""

import itertools
from dataclasses import dataclass
from decimal import Decimal

from baton.reports.funnel import LEADS
from baton.reports.intervals import wilson
from baton.reports.model import Figure, Report, Step
from baton.reports.text import amount, interval_of, number, share, value_of

# Below this many leads before a step, a loss there says little.
ENOUGH = 10


@dataclass(frozen=True)
class Answer:
    """A question that RevOps asks, the answer in a few words, and what it rests on."""

    question: str
    answer: str
    detail: str


def headline(report: Report) -> list[Answer]:
    """Return the questions that come first, answered."""
    return [_lost(report), _brought(report), _history(report)]


def _lost(report: Report) -> Answer:
    question = "Where do we lose people?"
    steps = [step for step in report.funnel.get(("all", ""), ()) if step.unit == LEADS]
    worst = largest_loss(steps)
    if worst is None:
        leads = steps[0].count if steps else 0
        said = "No lead is in the motion yet" if not leads else "Too few leads to say"
        return Answer(question, said, f"{leads:,} leads; a step needs {ENOUGH} before it.")
    before, after = worst
    low, high = wilson(after.count, before.count) or (Decimal(0), Decimal(0))
    kept = Decimal(after.count) / before.count
    return Answer(
        question,
        f"Between {before.name} and {after.name}: {before.count - after.count:,} of "
        f"{before.count:,} leads go no further",
        f"{share(kept)} % go on ({share(low)} to {share(high)} %, n {before.count:,}). "
        f"Of {steps[0].count:,} leads, {steps[-1].count:,} were won.",
    )


def largest_loss(steps: list[Step]) -> tuple[Step, Step] | None:
    """Return the two neighbouring steps between which the largest share is lost."""
    pairs = [
        (before, after)
        for before, after in itertools.pairwise(steps)
        if before.count >= ENOUGH and after.count < before.count
    ]
    return min(pairs, key=lambda pair: pair[1].count / pair[0].count, default=None)


def _brought(report: Report) -> Answer:
    question = "What did it bring?"
    sourced = [f for f in report.of("sourced_pipeline") if f.value is not None]
    opened = _first(report, "sourced_share")
    count = opened.numerator if opened and opened.numerator is not None else Decimal(0)
    said = " and ".join(value_of(figure) for figure in sourced) or "nothing yet"
    details = []
    for figure in report.of("revenue_credit_linear") or report.of("credited_revenue"):
        free = [f for f in report.of("unattributed_revenue_share") if f.currency == figure.currency]
        if figure.value is not None and free and free[0].value is not None:
            left = figure.value * free[0].value
            details.append(
                f"Of {value_of(figure)} won, {amount(figure.value - left, 'currency')} is credited "
                f"to touches and {amount(left, 'currency')} is unattributed ({share(free[0].value)} %)."
            )
    return Answer(
        question, f"Sourced pipeline {said}, {number(count)} opportunities", " ".join(details)
    )


def _history(report: Report) -> Answer:
    question = "How do we win?"
    rate = _first(report, "win_rate")
    if rate is None or rate.value is None:
        reason = rate.dash if rate and rate.dash else "no opportunity yet"
        return Answer(question, "No win rate yet", f"{reason[0].upper()}{reason[1:]}.")
    assert rate.numerator is not None
    assert rate.denominator is not None
    revenue = " and ".join(value_of(f) for f in report.of("revenue") if f.value is not None)
    count = _first(report, "opportunity_count")
    loose = _first(report, "without_account_count")
    return Answer(
        question,
        f"Win rate {value_of(rate)} ({number(rate.numerator)} of {number(rate.denominator)} closed)",
        f"95 % interval {interval_of(rate)}. "
        f"{value_of(count) if count else '0'} opportunities, won revenue {revenue or 'none'}"
        + (f", {value_of(loose)} without an account." if loose and loose.value else "."),
    )


def _first(report: Report, metric: str) -> Figure | None:
    found = report.of(metric)
    return found[0] if found else None
