"""`icp.yml`: who fits, how likely a lead is to become an opportunity, and which leads are taken.

Points and shares are 0 to 1, weights and fits 0 to 100. dbt reads these figures as tables, written
by `baton.warehouse.playbook_sync`.
"""

from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from baton.playbook.reader import Strict, read_yaml

Share = Annotated[float, Field(ge=0, le=1)]
Score = Annotated[float, Field(ge=0, le=100)]
Odds = Annotated[float, Field(gt=0, le=100)]


class ValuePoints(Strict):
    """Points by exact value, compared without regard to case."""

    weight: Score
    otherwise: Share
    values: dict[str, Share] = Field(min_length=1)


class WordPoints(Strict):
    """Points by word: the best word that occurs in the text counts."""

    weight: Score
    otherwise: Share
    words: dict[str, Share] = Field(min_length=1)


class Band(Strict):
    """From this number up to the next band's."""

    from_: float = Field(alias="from", ge=0)
    points: Share


class BandPoints(Strict):
    """Points by size."""

    weight: Score
    bands: list[Band] = Field(min_length=1)

    @model_validator(mode="after")
    def ascending(self) -> "BandPoints":
        """Bands start at 0 and rise."""
        starts = [band.from_ for band in self.bands]
        if starts != sorted(set(starts)) or starts[0] != 0:
            raise ValueError("bands must start at 0 and rise")
        return self


class AccountFit(Strict):
    """The attributes that an account's fit is made of."""

    industry: ValuePoints
    employees: BandPoints
    region: ValuePoints

    @model_validator(mode="after")
    def whole(self) -> "AccountFit":
        """Weights make 100."""
        total = self.industry.weight + self.employees.weight + self.region.weight
        if abs(total - 100) > 1e-9:
            raise ValueError(f"the weights of the account make {total:g}, not 100")
        return self


class ContactFit(Strict):
    """The attributes that a person's fit is made of."""

    title: WordPoints
    seniority: ValuePoints

    @model_validator(mode="after")
    def whole(self) -> "ContactFit":
        """Weights make 100."""
        total = self.title.weight + self.seniority.weight
        if abs(total - 100) > 1e-9:
            raise ValueError(f"the weights of the contact make {total:g}, not 100")
        return self


class Quartiles(Strict):
    """How cut points are drawn: each quarter, over the watchlist, never over a handful."""

    minimum_population: Annotated[int, Field(ge=4)]
    default_cuts: list[Score] = Field(min_length=3, max_length=3)

    @field_validator("default_cuts")
    @classmethod
    def falling(cls, cuts: list[float]) -> list[float]:
        """The cut of quartile 1, the best, comes first."""
        if cuts != sorted(cuts, reverse=True):
            raise ValueError("cuts must fall: quartile 1 is the best")
        return cuts


class Model(Strict):
    """A prior logistic model of the chance of an opportunity within 90 days."""

    version: str = Field(min_length=1)
    base_rate: Annotated[float, Field(gt=0, lt=1)]
    odds_per_10_fit: Odds
    odds_per_10_person: Odds
    odds_per_10_intent: Odds
    intent_counts_up_to: Annotated[float, Field(gt=0)]


class Leads(Strict):
    """Which contacts become leads."""

    sequence: str = Field(min_length=1)
    lookback_days: Annotated[int, Field(ge=1, le=730)]
    colleague_share: Share
    minimum_fit: Score
    minimum_intent: Annotated[float, Field(ge=0)]
    minimum_score: Share
    contacts_per_account: Annotated[int, Field(ge=1)]


class Holdout(Strict):
    """The share of accounts that is left alone, drawn once per experiment and account."""

    experiment: str = Field(min_length=1)
    share: Annotated[float, Field(ge=0, lt=1)]


class Icp(Strict):
    """All of `icp.yml`."""

    version: str = Field(min_length=1)
    account: AccountFit
    contact: ContactFit
    quartiles: Quartiles
    model: Model
    leads: Leads
    holdout: Holdout


def load(folder: Path) -> Icp:
    """Read `icp.yml` below the playbook's folder. Raises PlaybookError naming file and line."""
    return read_yaml(folder / "icp.yml", Icp)
