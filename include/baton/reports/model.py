"""What a report is made of. Numbers are exact (`Decimal`), times are UTC."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

STAGES = (
    "signals", "scoring", "drafting", "review", "delivery",
    "scheduling", "handoff", "post_meeting", "attribution",
)  # fmt: skip


@dataclass(frozen=True)
class Definition:
    """One metric as it was defined when the report was made.

    `numerator` and `denominator` name what is counted. `direction` says which way is good.
    `model` is the mart that it is counted in.
    """

    metric: str
    stage: str
    label: str
    description: str
    numerator: str | None
    denominator: str | None
    unit: str
    direction: str
    maturity_days: int
    model: str


@dataclass(frozen=True)
class Figure:
    """One number, or a dash with its reason.

    `cut` is "all" or what the figure is cut by, `cut_value` the group ("" for all). `low` and `high`
    bound the 95 % interval where there is one, `n` is how many units the figure rests on. `mature` is
    false while units can still change their outcome.
    """

    metric: str
    stage: str
    unit: str
    cut: str = "all"
    cut_value: str = ""
    currency: str | None = None
    numerator: Decimal | None = None
    denominator: Decimal | None = None
    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    n: int | None = None
    mature: bool = True
    dash: str | None = None


@dataclass(frozen=True)
class Step:
    """One step of the funnel: how many units (accounts, leads, opportunities) reached it."""

    name: str
    unit: str
    count: int


@dataclass(frozen=True)
class Alarm:
    """Something that stands still or waits for a person: a failed gate, a breaker, the pause switch."""

    kind: str
    what: str
    sentences: tuple[str, ...]
    since: datetime | None


@dataclass(frozen=True)
class Report:
    """A whole report. `funnel` holds the steps by (cut, cut value)."""

    id: str
    as_of: datetime
    made_at: datetime
    seconds: Decimal
    definitions: dict[str, Definition]
    figures: tuple[Figure, ...]
    funnel: dict[tuple[str, str], tuple[Step, ...]]
    alarms: tuple[Alarm, ...] = ()
    _index: dict[tuple[str, str], list[Figure]] = field(default_factory=dict, repr=False)

    def of(self, metric: str, cut: str = "all") -> list[Figure]:
        """Return the figures of a metric in a cut, in the order in which they were computed."""
        if not self._index:
            for figure in self.figures:
                self._index.setdefault((figure.metric, figure.cut), []).append(figure)
        return self._index.get((metric, cut), [])

    def stage(self, name: str) -> list[Definition]:
        """Return the metrics of a stage, in order."""
        return [each for each in self.definitions.values() if each.stage == name]

    def cuts(self, stage: str | None = None) -> list[str]:
        """Return what a stage (or anything) can be cut by here, most general first."""
        there = {f.cut for f in self.figures if stage in (None, f.stage)}
        return [cut for cut in CUTS if cut in there]


# What figures are cut by, with the words that people see. "week" is the week in which the unit entered.
CUTS: dict[str, str] = {
    "icp_quartile": "ICP quartile",
    "sequence": "Sequence",
    "rep": "Rep",
    "segment": "Segment",
    "week": "Week",
    "region": "Region",
    "manager": "Manager",
    "agent": "Agent",
    "product": "Product",
    "sector": "Sector",
    "source": "Source",
    "stage": "Stage",
    "has_complete_brief": "Complete brief",
    "signal_type": "Signal type",
    "rule": "Rule",
    "reason": "Reason",
}
