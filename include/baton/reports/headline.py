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


Group = tuple[str, str]
ALL: Group = ("all", "")


def headline(report: Report, group: Group = ALL) -> list[Answer]:
    """Return the questions that come first, answered for all or for one group of a cut.

    What the group cannot answer (opportunities are in no sequence) is left out.
    """
    answers = [_lost(report, group)]
    if _figures(report, "opportunity_count", group) or group == ALL:
        answers += [_brought(report, group), _history(report, group)]
    return answers


def _lost(report: Report, group: Group) -> Answer:
    question = "Where do we lose people?"
    steps = [step for step in report.funnel.get(group, ()) if step.unit == LEADS]
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
        f"Of {steps[0].count:,} leads, {steps[-1].count:,} are at accounts won since.",
    )


def largest_loss(steps: list[Step]) -> tuple[Step, Step] | None:
    """Return the two neighbouring steps between which the largest share is lost."""
    pairs = [
        (before, after)
        for before, after in itertools.pairwise(steps)
        if before.count >= ENOUGH and after.count < before.count
    ]
    return min(pairs, key=lambda pair: pair[1].count / pair[0].count, default=None)


def _brought(report: Report, group: Group) -> Answer:
    sourced = [f for f in _figures(report, "sourced_pipeline", group) if f.value is not None]
    opened = _first(report, "sourced_share", group)
    count = opened.numerator if opened and opened.numerator is not None else Decimal(0)
    said = " and ".join(value_of(figure) for figure in sourced) or "nothing yet"
    details = []
    for free in _figures(report, "unattributed_revenue_share", group):
        if free.numerator is not None and free.denominator is not None and free.value is not None:
            won = amount(free.denominator, "currency", free.currency)
            credited = amount(free.denominator - free.numerator, "currency")
            left = amount(free.numerator, "currency")
            details.append(
                f"Of {won} won, {credited} is credited to touches and {left} is unattributed "
                f"({share(free.value)} %)."
            )
    return Answer(
        "What did it bring?",
        f"Sourced pipeline {said}, {number(count)} opportunities",
        " ".join(details),
    )


def _history(report: Report, group: Group) -> Answer:
    question = "How do we win?"
    rate = _first(report, "win_rate", group)
    if rate is None or rate.value is None or rate.numerator is None or rate.denominator is None:
        reason = rate.dash if rate and rate.dash else "no opportunity yet"
        return Answer(question, "No win rate yet", f"{reason[0].upper()}{reason[1:]}.")
    won = [f for f in _figures(report, "revenue", group) if f.value is not None]
    count = _first(report, "opportunity_count", group)
    loose = _first(report, "without_account_count", group)
    return Answer(
        question,
        f"Win rate {value_of(rate)} ({number(rate.numerator)} of {number(rate.denominator)} closed)",
        f"95 % interval {interval_of(rate)}. {value_of(count) if count else '0'} opportunities, "
        f"won revenue {' and '.join(value_of(f) for f in won) or 'none'}"
        + (f", {value_of(loose)} without an account." if loose and loose.value else "."),
    )


def _figures(report: Report, metric: str, group: Group) -> list[Figure]:
    """Return a metric's figures of a group; an opportunity's rep is its agent."""
    cut, value = group
    found = report.of(metric, cut) or report.of(metric, {"rep": "agent"}.get(cut, cut))
    return [figure for figure in found if figure.cut_value == value]


def _first(report: Report, metric: str, group: Group) -> Figure | None:
    return next(iter(_figures(report, metric, group)), None)
