"""Draws two years of past opportunities, and the customers that came of them."""

from __future__ import annotations

import math
import random
from datetime import date, datetime, timedelta

from sandbox.market import names, truth
from sandbox.market.model import Account, Customer, Deal, Person, Rep

OPEN_STAGES = ("qualifiedtobuy", "presentationscheduled", "contractsent")
OPEN_TARGETS = 4  # watched accounts that already have an open opportunity
LOOKBACK_DAYS = 720


def deal_amount(rng: random.Random, employees: int) -> int:
    """Return a yearly price in euros that grows with the company, rounded to hundreds."""
    hundreds = math.pow(employees, 0.65) * 4.2 * rng.uniform(0.7, 1.4)
    return max(3_000, round(hundreds) * 100)


def _history(
    created: datetime, closed: datetime | None, last: str
) -> tuple[tuple[datetime, str], ...]:
    stages = [(created, "qualifiedtobuy")]
    if closed is None:
        reached = OPEN_STAGES.index(last)
        stages += [(created + timedelta(days=7 * n), OPEN_STAGES[n]) for n in range(1, reached + 1)]
        return tuple(stages)
    length = closed - created
    stages.append((created + length * 0.3, "presentationscheduled"))
    if last == "closedwon":
        stages.append((created + length * 0.8, "contractsent"))
    stages.append((closed, last))
    return tuple((at.replace(microsecond=0), stage) for at, stage in stages)


def draw(
    rng: random.Random,
    accounts: list[Account],
    people: list[Person],
    reps: tuple[Rep, ...],
    start: datetime,
) -> tuple[list[Deal], list[Customer]]:
    """Past deals (won, lost and a few open) and the customers, oldest deal first."""
    staff: dict[str, list[Person]] = {}
    for person in people:
        staff.setdefault(person.account_id, []).append(person)
    past = [a for a in accounts if a.origin == "past"]
    targets = [a for a in accounts if a.origin == "target"]
    still_open = rng.sample(targets, k=min(OPEN_TARGETS, len(targets)))
    drawn: list[tuple[Account, str]] = [(a, "open") for a in still_open]
    for account in past:
        likely = truth.between(truth.WIN, account.icp) * 1.4
        drawn += [
            (account, "closedwon" if rng.random() < likely else "closedlost")
            for _ in range(rng.choice((1, 1, 2)))
        ]
    for account in rng.sample(targets, k=len(targets) // 6):
        if account not in still_open:
            drawn.append((account, "closedlost"))

    deals: list[Deal] = []
    customers: dict[str, Customer] = {}
    for account, outcome in drawn:
        rep = next(r for r in reps if r.region == account.region)
        if outcome == "open":
            created = start - timedelta(days=rng.uniform(16, 60))
            closed, last = None, rng.choice(OPEN_STAGES)
        else:
            created = start - timedelta(days=rng.uniform(130, LOOKBACK_DAYS))
            closed, last = created + timedelta(days=rng.uniform(18, 110)), outcome
        created = created.replace(microsecond=0)
        amount = deal_amount(rng, account.employees)
        number = len(deals) + 1
        deals.append(
            Deal(
                id=f"deal_{number:05d}",
                account_id=account.id,
                person_id=rng.choice(staff[account.id]).id,
                rep_id=rep.id,
                name=f"{account.name} - Halden Flow",
                amount=amount,
                created_at=created,
                closed_at=closed.replace(microsecond=0) if closed else None,
                stages=_history(created, closed, last),
                lost_reason=rng.choice(names.LOST_REASONS) if last == "closedlost" else None,
            )
        )
        if last == "closedwon" and closed and account.id not in customers:
            customers[account.id] = _customer(rng, account, closed.date(), amount, start.date())
    deals.sort(key=lambda d: (d.created_at, d.id))
    return deals, list(customers.values())


def _customer(
    rng: random.Random, account: Account, since: date, amount: int, today: date
) -> Customer:
    churn = truth.between(truth.CHURN, account.icp)
    renews = since + timedelta(days=365)
    churned = None
    while renews <= today:
        if rng.random() < churn:
            churned = renews
            break
        renews += timedelta(days=365)
    return Customer(account.id, since, amount, renews, round(churn, 4), churned)
