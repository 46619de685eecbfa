"""The records of the simulated market.

Shares and probabilities are 0 to 1, lifts multiply the odds of a human reply, half-lives are
in days, times are aware UTC datetimes, money is whole euros.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property


@dataclass(frozen=True)
class Seller:
    """The company whose motion Baton runs."""

    name: str
    domain: str
    product: str
    postal_address: str


@dataclass(frozen=True)
class Rep:
    """A sales representative; `region` is the part of the market they own."""

    id: str
    name: str
    email: str
    region: str
    timezone: str
    manager_name: str
    manager_email: str


@dataclass(frozen=True)
class Account:
    """A company. `icp` is the true fit; `origin` is `target` (watched) or `past` (history only)."""

    id: str
    name: str
    legal_name: str
    domain: str
    industry: str
    employees: int
    country: str
    region: str
    timezone: str
    icp: float
    origin: str


@dataclass(frozen=True)
class Person:
    """Somebody who works at an account. `address_valid` false means mail to them bounces."""

    id: str
    account_id: str
    first_name: str
    last_name: str
    title: str
    seniority: str
    department: str
    email: str
    timezone: str
    persona_fit: float
    address_valid: bool

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.first_name} {self.last_name}"


@dataclass(frozen=True)
class SignalEffect:
    """What a signal type truly does: `lift` on the odds of a reply, halved every half-life."""

    type: str
    source: str
    lift: float
    half_life_days: float


@dataclass(frozen=True)
class Signal:
    """Something that truly happened at an account, and where it can be seen.

    `source` is news_rss, news_atom, jobs, site or product. `facts` fill the text of the item.
    """

    id: str
    account_id: str
    type: str
    source: str
    at: datetime
    person_id: str | None = None
    facts: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Deal:
    """An opportunity of the past, with each stage it went through and when."""

    id: str
    account_id: str
    person_id: str
    rep_id: str
    name: str
    amount: int
    created_at: datetime
    closed_at: datetime | None
    stages: tuple[tuple[datetime, str], ...]
    lost_reason: str | None = None

    @property
    def stage(self) -> str:
        """The stage it stands in now."""
        return self.stages[-1][1]


@dataclass(frozen=True)
class Customer:
    """An account that bought. `churn_probability` is the truth at its next renewal."""

    account_id: str
    since: date
    annual_amount: int
    renews_on: date
    churn_probability: float
    churned_on: date | None


@dataclass(frozen=True)
class Market:
    """Everything that is true, fixed by seed, scale and start."""

    seed: int
    scale: float
    start: datetime
    seller: Seller
    reps: tuple[Rep, ...]
    accounts: tuple[Account, ...]
    people: tuple[Person, ...]
    effects: tuple[SignalEffect, ...]
    signals: tuple[Signal, ...]
    deals: tuple[Deal, ...]
    customers: tuple[Customer, ...]

    @cached_property
    def account_by_id(self) -> dict[str, Account]:
        """Accounts by id."""
        return {a.id: a for a in self.accounts}

    @cached_property
    def person_by_email(self) -> dict[str, Person]:
        """People by lower-case address."""
        return {p.email.lower(): p for p in self.people}

    @cached_property
    def person_by_id(self) -> dict[str, Person]:
        """People by id."""
        return {p.id: p for p in self.people}

    @cached_property
    def signal_by_id(self) -> dict[str, Signal]:
        """Signals by id."""
        return {s.id: s for s in self.signals}

    @cached_property
    def rep_by_email(self) -> dict[str, Rep]:
        """Reps by lower-case address."""
        return {r.email.lower(): r for r in self.reps}

    @cached_property
    def effect_by_type(self) -> dict[str, SignalEffect]:
        """Signal effects by type."""
        return {e.type: e for e in self.effects}

    @cached_property
    def signals_by_account(self) -> dict[str, tuple[Signal, ...]]:
        """Signals by account id, oldest first."""
        found: dict[str, list[Signal]] = {}
        for signal in self.signals:
            found.setdefault(signal.account_id, []).append(signal)
        return {key: tuple(sorted(rows, key=lambda s: s.at)) for key, rows in found.items()}

    @property
    def targets(self) -> tuple[Account, ...]:
        """The accounts that belong on a watchlist."""
        return tuple(a for a in self.accounts if a.origin == "target")

    def rep_for(self, account: Account) -> Rep:
        """Return the rep whose region the account lies in."""
        return next(r for r in self.reps if r.region == account.region)
