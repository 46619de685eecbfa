"""Draws what happens at the watched accounts: 30 days before the start to 90 days after."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sandbox.market import names, truth
from sandbox.market.model import Account, Person, Signal

DAYS_BEFORE = 30
DAYS_AFTER = 90
# Mean number of each type per account in 30 days at a middling fit.
RATE_PER_30_DAYS = {
    "funding": 0.30,
    "leadership_change": 0.30,
    "tech_change": 0.30,
    "product_launch": 0.60,
    "hiring": 1.20,
    "site_visit_pricing": 0.90,
    "site_visit_docs": 1.10,
    "product_trial": 0.35,
}


def _facts(rng: random.Random, kind: str) -> dict[str, str]:
    if kind == "funding":
        return {
            "amount": str(rng.choice((8, 12, 18, 24, 35, 50, 80))),
            "round": rng.choice(("Series A", "Series B", "Series C", "growth round")),
            "investor": rng.choice(names.INVESTORS),
        }
    if kind == "leadership_change":
        return {
            "person": f"{rng.choice(names.GIVEN_NAMES)} {rng.choice(names.FAMILY_NAMES)}",
            "role": rng.choice(("Chief Operating Officer", "VP Supply Chain", "Head of Logistics")),
        }
    if kind == "tech_change":
        return {"old": rng.choice(names.TECH_FROM), "new": rng.choice(names.TECH_TO)}
    if kind == "product_launch":
        return {"what": rng.choice(("a spring range", "a same-day service", "a loyalty scheme"))}
    if kind == "hiring":
        return {"job": rng.choice(names.JOB_TITLES), "city": rng.choice(names.CITIES)}
    if kind == "product_trial":
        return {"plan": "trial", "seats": str(rng.randint(2, 25))}
    path = "/pricing" if kind == "site_visit_pricing" else "/docs/getting-started"
    return {"path": path, "seconds": str(rng.randint(15, 400))}


def draw(
    rng: random.Random, accounts: list[Account], people: list[Person], start: datetime
) -> list[Signal]:
    """All signals, oldest first. Every account has at least two in the 21 days before the start."""
    staff: dict[str, list[Person]] = {}
    for person in people:
        staff.setdefault(person.account_id, []).append(person)
    made: list[Signal] = []

    def add(account: Account, kind: str, days: float) -> None:
        source = next(e.source for e in truth.EFFECTS if e.type == kind)
        person = rng.choice(staff[account.id]) if source in ("site", "product") else None
        # Half of the visits are anonymous: only the company is known.
        known = person is not None and (source == "product" or rng.random() < 0.5)
        at = start + timedelta(days=days)
        made.append(
            Signal(
                id=f"sig_{len(made) + 1:06d}",
                account_id=account.id,
                type=kind,
                source=source,
                at=at.replace(microsecond=0),
                person_id=person.id if person and known else None,
                facts=_facts(rng, kind),
            )
        )

    kinds = list(RATE_PER_30_DAYS)
    for account in accounts:
        for _ in range(2):
            kind = rng.choices(kinds, weights=list(RATE_PER_30_DAYS.values()))[0]
            add(account, kind, -rng.uniform(0.2, 21))
        for kind, rate in RATE_PER_30_DAYS.items():
            # Good fits stir more often; the effect of a signal stays the same.
            mean = rate * (0.5 + account.icp) * (DAYS_BEFORE + DAYS_AFTER) / 30
            day = -float(DAYS_BEFORE)
            while mean > 0:
                day += rng.expovariate(mean / (DAYS_BEFORE + DAYS_AFTER))
                if day >= DAYS_AFTER:
                    break
                add(account, kind, day)
    return sorted(made, key=lambda s: (s.at, s.id))
