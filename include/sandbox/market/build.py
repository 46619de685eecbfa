"""Draws a market from a seed. Same seed, scale and start give the same market, always."""

from __future__ import annotations

import random
import re
import unicodedata
from datetime import datetime

from sandbox.market import history, names, signals, truth
from sandbox.market.model import Account, Market, Person, Rep, Seller

DEFAULT_SEED = 7
TARGET_ACCOUNTS = 60
PAST_ACCOUNTS = 90
PEOPLE_PER_TARGET = (2, 3)

SELLER = Seller(
    name="Halden Analytics",
    domain="halden.example",
    product="Halden Flow",
    postal_address="Halden Analytics GmbH, Speicherweg 4, 20457 Hamburg, Germany",
)

REPS: tuple[Rep, ...] = tuple(
    Rep(f"rep_{number}", name, f"{local}@{SELLER.domain}", region, zone, manager, manager_mail)
    for number, (name, local, region, zone, manager, manager_mail) in enumerate(
        (
            ("Clara Voss", "clara.voss", "DACH", "Europe/Berlin",
             "Ingrid Lindqvist", f"ingrid.lindqvist@{SELLER.domain}"),
            ("Owen Hughes", "owen.hughes", "UK and Ireland", "Europe/London",
             "David Osei", f"david.osei@{SELLER.domain}"),
            ("Sanne de Boer", "sanne.deboer", "Benelux and Nordics", "Europe/Amsterdam",
             "Ingrid Lindqvist", f"ingrid.lindqvist@{SELLER.domain}"),
            ("Marcus Hill", "marcus.hill", "North America", "America/New_York",
             "David Osei", f"david.osei@{SELLER.domain}"),
            ("Elena Marchetti", "elena.marchetti", "Southern Europe", "Europe/Rome",
             "Ingrid Lindqvist", f"ingrid.lindqvist@{SELLER.domain}"),
        ),
        start=1,
    )
)  # fmt: skip


def stream(seed: int, *purpose: object) -> random.Random:
    """Return a random stream of its own for one purpose, so that adding a draw moves no other."""
    return random.Random(":".join(str(part) for part in (seed, *purpose)))


def slug(text: str) -> str:
    """ASCII lower case with hyphens, for domains and addresses."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain.lower()).strip("-")


def _accounts(seed: int, count: int, origin: str, taken: set[str]) -> list[Account]:
    rng = stream(seed, "accounts", origin)
    industries = list(names.INDUSTRIES)
    countries = list(names.COUNTRIES)
    made: list[Account] = []
    while len(made) < count:
        industry = rng.choices(industries, weights=[6, 6, 4, 4, 3, 2, 2, 2, 1, 1])[0]
        industry_fit, words = names.INDUSTRIES[industry]
        name = f"{rng.choice(names.FIRST_PARTS)} {rng.choice(words)}"
        if name in taken:
            # A name can be drawn twice in a large market; the place tells the two apart.
            name = f"{name} {rng.choice(names.CITIES)}"
            if name in taken:
                name = f"{name} {len(taken)}"
        taken.add(name)
        country = rng.choices(countries, weights=[10, 3, 3, 8, 2, 6, 4, 3, 9, 3, 5, 4, 3])[0]
        region, zone, suffix, country_fit = names.COUNTRIES[country]
        employees = max(12, round(rng.lognormvariate(6.3, 1.2)))
        fit = 0.5 * industry_fit + 0.35 * truth.size_fit(employees) + 0.15 * country_fit
        icp = min(1.0, max(0.0, fit + rng.gauss(0, 0.06)))
        made.append(
            Account(
                id=f"{origin}_{len(made) + 1:04d}",
                name=name,
                legal_name=f"{name} {suffix}",
                domain=f"{slug(name)}.example",
                industry=industry,
                employees=employees,
                country=country,
                region=region,
                timezone=zone,
                icp=round(icp, 4),
                origin=origin,
            )
        )
    return made


def _people(seed: int, accounts: list[Account]) -> list[Person]:
    made: list[Person] = []
    for account in accounts:
        rng = stream(seed, "people", account.id)
        count = rng.choice(PEOPLE_PER_TARGET) if account.origin == "target" else 1
        used: set[str] = set()
        for title, seniority, department, fit in rng.sample(
            names.TITLES, k=count, counts=[3, 4, 4, 4, 3, 3, 2, 2, 1, 2, 1, 1]
        ):
            given, family = rng.choice(names.GIVEN_NAMES), rng.choice(names.FAMILY_NAMES)
            local = f"{slug(given)}.{slug(family)}"
            if local in used:
                local = f"{local}{len(used) + 1}"
            used.add(local)
            # Dead addresses sit at poor fits, so that a motion which scores well meets few.
            invalid = account.icp < 0.5 and rng.random() < 3 * truth.INVALID_ADDRESS
            made.append(
                Person(
                    id=f"person_{len(made) + 1:05d}",
                    account_id=account.id,
                    first_name=given,
                    last_name=family,
                    title=title,
                    seniority=seniority,
                    department=department,
                    email=f"{local}@{account.domain}",
                    timezone=account.timezone,
                    persona_fit=round(min(1.0, max(0.0, fit + rng.gauss(0, 0.04))), 4),
                    address_valid=not invalid,
                )
            )
    return made


def build_market(seed: int, start: datetime, scale: float = 1.0) -> Market:
    """Return the market of this seed.

    Args:
        seed: any integer.
        start: aware time the simulation begins; signals and deals lie around it.
        scale: 1.0 is about 60 watched accounts with 150 people, and 90 past accounts.

    Raises:
        ValueError: `start` has no time zone, or `scale` is not positive.

    """
    if start.tzinfo is None:
        raise ValueError("The market's start needs a time zone, for example 2026-03-02T08:00Z.")
    if scale <= 0:
        raise ValueError(f"The market's scale must be above 0, not {scale}.")
    taken: set[str] = set()
    targets = _accounts(seed, max(1, round(TARGET_ACCOUNTS * scale)), "target", taken)
    past = _accounts(seed, max(1, round(PAST_ACCOUNTS * scale)), "past", taken)
    people = _people(seed, targets + past)
    accounts = targets + past
    deals, customers = history.draw(stream(seed, "history"), accounts, people, REPS, start)
    return Market(
        seed=seed,
        scale=scale,
        start=start,
        seller=SELLER,
        reps=REPS,
        accounts=tuple(accounts),
        people=tuple(people),
        effects=truth.EFFECTS,
        signals=tuple(signals.draw(stream(seed, "signals"), targets, people, start)),
        deals=tuple(deals),
        customers=tuple(customers),
    )
