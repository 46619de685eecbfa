"""Which rep gets a lead: the rules of routing.yml, without any database.

Same leads, reps, loads and rules give the same answer: ties go to the rep who has had the fewest
leads, then to the first by address.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date

from baton.playbook.routing import Routing, Rule, When

UNROUTED = "no rule"


@dataclass(frozen=True)
class Rep:
    """A rep as routing sees them; `load` is the number of leads that count against the capacity."""

    id: str
    email: str | None
    name: str
    region: str | None
    active: bool
    load: int


@dataclass(frozen=True)
class Lead:
    """A lead as routing sees it."""

    id: str
    account: str
    owner_rep_id: str | None
    region: str | None
    country: str | None
    segment: str
    icp_quartile: int


@dataclass(frozen=True)
class Choice:
    """Who gets the lead, by which rule, and why, as a sentence; rep_id None means nobody."""

    rep_id: str | None
    rule: str
    reason: str


@dataclass
class Board:
    """The reps with their loads, which grow as leads are given out."""

    policy: Routing
    today: date
    reps: Sequence[Rep]
    given: dict[str, int] = field(default_factory=dict)

    def choose(self, lead: Lead) -> Choice:
        """Return who gets the lead and count it; the reasons of rules that failed are told too."""
        tried = []
        for rule in self.policy.rules:
            if not _applies(rule.when, lead):
                continue
            pool = self._pool(rule, lead)
            free = [rep for rep in pool if self.hindrance(rep) is None]
            if free:
                rep = min(free, key=lambda one: (self.load(one), one.email or "", one.id))
                self.given[rep.id] = self.given.get(rep.id, 0) + 1
                return Choice(rep.id, rule.name, self._reason(rule, lead, rep, len(free)))
            tried.append(f"'{rule.name}': {self._why_not(rule, pool)}")
        detail = "; ".join(tried) if tried else "no rule applies to it"
        return Choice(None, UNROUTED, f"Nobody could be found: {detail}.")

    def load(self, rep: Rep) -> int:
        """Return the leads that a rep has, those of this batch included."""
        return rep.load + self.given.get(rep.id, 0)

    def hindrance(self, rep: Rep) -> str | None:
        """Return why a rep gets no leads now, or None."""
        if not rep.active:
            return "no longer active"
        for leave in self.policy.leave:
            if leave.rep.lower() == rep.email and leave.from_ <= self.today <= leave.to:
                return f"on leave until {leave.to.isoformat()}"
        capacity = self.policy.capacity
        limit = capacity.exceptions.get(rep.email or "", capacity.open_leads_per_rep)
        return f"has {self.load(rep)} leads of {limit}" if self.load(rep) >= limit else None

    def _pool(self, rule: Rule, lead: Lead) -> list[Rep]:
        if rule.to == "account_owner":
            return [rep for rep in self.reps if rep.id == lead.owner_rep_id]
        if rule.to == "rep":
            return [rep for rep in self.reps if rep.email == (rule.rep or "").lower()]
        if rule.reps:
            named = {address.lower() for address in rule.reps}
            return [rep for rep in self.reps if rep.email in named]
        if rule.reps_of == "region":
            return [rep for rep in self.reps if rep.region and _same(rep.region, lead.region)]
        return list(self.reps)

    def _reason(self, rule: Rule, lead: Lead, rep: Rep, free: int) -> str:
        if rule.to == "account_owner":
            return f"{rep.name} owns {lead.account}."
        if rule.to == "rep":
            return f"Leads like this go to {rep.name}."
        where = f"of region {lead.region}" if rule.reps_of == "region" else "of the pool"
        if free == 1:
            return f"{rep.name} is the only free rep {where}."
        return f"{rep.name} had the fewest leads of {free} free reps {where}."

    def _why_not(self, rule: Rule, pool: list[Rep]) -> str:
        if pool:
            return ", ".join(f"{rep.name} {self.hindrance(rep)}" for rep in pool[:3])
        return "the account has no owner" if rule.to == "account_owner" else "no such rep"


def _applies(when: When, lead: Lead) -> bool:
    conditions = (
        (when.regions, lead.region),
        (when.countries, lead.country),
        (when.segments, lead.segment),
    )
    for wanted, value in conditions:
        if wanted and not any(_same(one, value) for one in wanted):
            return False
    return not when.quartiles or lead.icp_quartile in when.quartiles


def _same(one: str, other: str | None) -> bool:
    return other is not None and one.casefold() == other.casefold()
