"""The true effects: what makes a person answer, book, come and buy.

These are the figures a test may compare estimates with. The odds of a human reply start at
`BASE_REPLY` for an average person at an average account without signals; fit, persona and
signals multiply the odds, and each further touch divides them.
"""

from __future__ import annotations

import math
from datetime import datetime

from sandbox.market.model import Account, Market, Person, SignalEffect

EFFECTS: tuple[SignalEffect, ...] = (
    SignalEffect("funding", "news_rss", 1.9, 30.0),
    SignalEffect("leadership_change", "news_atom", 1.5, 45.0),
    SignalEffect("tech_change", "news_atom", 1.4, 30.0),
    # Looks like a signal and is none: a motion that learns must stop trusting it.
    SignalEffect("product_launch", "news_rss", 1.0, 14.0),
    SignalEffect("hiring", "jobs", 1.6, 21.0),
    SignalEffect("site_visit_pricing", "site", 2.6, 5.0),
    SignalEffect("site_visit_docs", "site", 1.3, 7.0),
    SignalEffect("product_trial", "product", 3.2, 10.0),
)

BASE_REPLY = 0.02
ICP_WEIGHT = 2.2  # log-odds from the poorest to the best fit
PERSONA_WEIGHT = 1.2
STEP_WEIGHT = -0.35  # log-odds per further touch
OUT_OF_OFFICE = 0.05
COMPLAINT = 0.0008
DEFERRED = 0.06
INVALID_ADDRESS = 0.03
LATE_BOUNCE = 0.004
ONE_CLICK = 0.006

# Of the people who answer: what they say at the poorest and at the best fit.
ANSWERS: dict[str, tuple[float, float]] = {
    "positive": (0.12, 0.55),
    "objection": (0.30, 0.20),
    "not_now": (0.23, 0.15),
    "referral": (0.10, 0.05),
    "opt_out": (0.25, 0.05),
}
BOOK_AFTER_POSITIVE = 0.75
SHOW = (0.65, 0.90)  # poorest fit, best fit
DEAL_AFTER_MEETING = (0.25, 0.75)
WIN = (0.10, 0.45)
CHURN = (0.35, 0.06)


def between(pair: tuple[float, float], icp: float) -> float:
    """Return the value for this fit on the line from the poorest to the best."""
    return pair[0] + (pair[1] - pair[0]) * icp


def signal_log_lift(market: Market, account: Account, at: datetime) -> float:
    """Sum of ln(lift) of the account's signals up to `at`, each halved every half-life.

    Only the freshest signal of a type counts, so that a chatty source does not add up.
    """
    freshest: dict[str, float] = {}
    for signal in market.signals_by_account.get(account.id, ()):
        if signal.at > at:
            break
        effect = market.effect_by_type[signal.type]
        age_days = (at - signal.at).total_seconds() / 86_400
        freshest[signal.type] = math.log(effect.lift) * 0.5 ** (age_days / effect.half_life_days)
    return sum(freshest.values())


def reply_probability(
    market: Market, account: Account, person: Person, at: datetime, step: int
) -> float:
    """Probability that this person answers the `step`-th touch (1 is the first) sent at `at`."""
    logit = (
        math.log(BASE_REPLY / (1 - BASE_REPLY))
        + ICP_WEIGHT * (account.icp - 0.5)
        + PERSONA_WEIGHT * (person.persona_fit - 0.5)
        + signal_log_lift(market, account, at)
        + STEP_WEIGHT * (step - 1)
    )
    return 1 / (1 + math.exp(-logit))


def answer_weights(icp: float) -> dict[str, float]:
    """Probabilities of what an answering person says; they sum to 1."""
    raw = {kind: between(pair, icp) for kind, pair in ANSWERS.items()}
    total = sum(raw.values())
    return {kind: weight / total for kind, weight in raw.items()}


def size_fit(employees: int) -> float:
    """Fit of the head count, 0 to 1: best around 800 people, falling off on a log scale."""
    return math.exp(-((math.log(employees / 800)) ** 2) / (2 * 1.1**2))
