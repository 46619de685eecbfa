"""`segments.yml`: into which named group an account falls, for reports and for routing."""

from pathlib import Path
from typing import Annotated

from pydantic import Field, model_validator

from baton.playbook.reader import Strict, read_yaml

Heads = Annotated[int, Field(ge=0)]


class Segment(Strict):
    """An account belongs here if it meets every condition that is given."""

    name: str = Field(min_length=1)
    employees_from: Heads | None = None
    employees_below: Heads | None = None
    industries: list[str] = []
    regions: list[str] = []
    countries: list[str] = []

    @model_validator(mode="after")
    def has_a_condition(self) -> "Segment":
        """A segment without conditions would swallow all that follow."""
        sizes = (self.employees_from, self.employees_below)
        if sizes == (None, None) and not (self.industries or self.regions or self.countries):
            raise ValueError("a segment needs at least one condition; use `otherwise` for the rest")
        return self


class Segments(Strict):
    """All of `segments.yml`, in the order in which segments are tried."""

    segments: list[Segment] = Field(min_length=1)
    otherwise: str = Field(min_length=1)

    @model_validator(mode="after")
    def names_differ(self) -> "Segments":
        """Each name stands once."""
        names = [segment.name for segment in self.segments] + [self.otherwise]
        if len(set(names)) < len(names):
            raise ValueError("two segments have the same name")
        return self


def load(folder: Path) -> Segments:
    """Read `segments.yml` below the playbook's folder. Raises PlaybookError naming file and line."""
    return read_yaml(folder / "segments.yml", Segments)
