"""`routing.yml`: who gets a lead: rules in order, capacity, leave, and how soon a lead is due."""

from datetime import date
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, model_validator

from baton.playbook.reader import Strict, read_yaml

Quartile = Annotated[int, Field(ge=1, le=4)]
Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class When(Strict):
    """A rule applies to leads that meet every condition given here."""

    regions: list[str] = []
    countries: list[str] = []
    segments: list[str] = []
    quartiles: list[Quartile] = []


class Rule(Strict):
    """Whom a rule means.

    `account_owner`: the rep who owns the account. `rep`: this one. `round_robin`: the one of a pool
    who has had the fewest leads; the pool is named (`reps`) or described (`reps_of`).
    """

    name: str = Field(min_length=1)
    to: Literal["account_owner", "rep", "round_robin"]
    rep: Address | None = None
    reps: list[Address] = []
    reps_of: Literal["region", "all"] | None = None
    when: When = When()

    @model_validator(mode="after")
    def says_whom(self) -> "Rule":
        """Each kind of rule names whom it means, and nothing else."""
        if (self.to == "rep") != (self.rep is not None):
            raise ValueError("`rep: address` goes with `to: rep`, and only with it")
        pools = bool(self.reps) + (self.reps_of is not None)
        if pools != (1 if self.to == "round_robin" else 0):
            raise ValueError("`to: round_robin`, and only it, has either `reps` or `reps_of`")
        return self


class Capacity(Strict):
    """How many leads a rep gets within a time; `exceptions` are by address."""

    open_leads_per_rep: Annotated[int, Field(ge=0)]
    counts_for_days: Annotated[int, Field(ge=1)]
    exceptions: dict[str, Annotated[int, Field(ge=0)]] = {}


class Leave(Strict):
    """From the first to the last day, both included."""

    rep: Address
    from_: date = Field(alias="from")
    to: date

    @model_validator(mode="after")
    def forward(self) -> "Leave":
        """Leave ends after it starts."""
        if self.to < self.from_:
            raise ValueError("the leave ends before it starts")
        return self


class Routing(Strict):
    """All of `routing.yml`."""

    version: str = Field(min_length=1)
    rules: list[Rule] = Field(min_length=1)
    capacity: Capacity
    leave: list[Leave] = []
    speed_to_lead_hours: dict[Quartile, Annotated[float, Field(gt=0)]]

    @model_validator(mode="after")
    def whole(self) -> "Routing":
        """Rule names differ, and each quartile has its hours."""
        names = [rule.name for rule in self.rules]
        if len(set(names)) < len(names):
            raise ValueError("two rules have the same name")
        if sorted(self.speed_to_lead_hours) != [1, 2, 3, 4]:
            raise ValueError("speed_to_lead_hours needs the quartiles 1, 2, 3 and 4")
        return self


def load(folder: Path) -> Routing:
    """Read `routing.yml` below the playbook's folder. Raises PlaybookError naming file and line."""
    return read_yaml(folder / "routing.yml", Routing)
