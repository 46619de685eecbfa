"""`costs.yml`: what the motion costs per month, beside the text that it generates."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator

from baton.playbook.reader import Strict, read_yaml

Layer = Literal[
    "signals", "scoring", "drafting", "review", "delivery",
    "scheduling", "handoff", "post_meeting", "attribution",
]  # fmt: skip
Month = Annotated[str, Field(pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]


class Cost(Strict):
    """A monthly cost from one month to another (both included; without an end it goes on)."""

    name: str = Field(min_length=1)
    layer: Layer
    signal_source: str | None = None
    from_: Month = Field(alias="from")
    to: Month | None = None
    monthly: Annotated[float, Field(ge=0)]


class Costs(Strict):
    """All of `costs.yml`, in one currency (ISO 4217)."""

    currency: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
    costs: list[Cost]

    @field_validator("costs")
    @classmethod
    def names_differ(cls, costs: list[Cost]) -> list[Cost]:
        """A cost that changes gets an end and a second entry from the next month."""
        seen = {(cost.name, cost.from_) for cost in costs}
        if len(seen) < len(costs):
            raise ValueError("two costs have the same name and the same first month")
        return costs


def load(folder: Path) -> Costs:
    """Read `costs.yml` below the playbook's folder. Raises PlaybookError naming file and line."""
    return read_yaml(folder / "costs.yml", Costs)
