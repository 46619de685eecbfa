"""What a digest says, as the model answers it and as it stands after its check."""

from dataclasses import dataclass, field
from datetime import date

from pydantic import BaseModel, ConfigDict

from baton.post_meeting.transcript import Segment


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid")


class NoteText(_Strict):
    """Something worth remembering, and the words that prove it."""

    text: str
    quote: str
    speaker: str


class StepText(_Strict):
    """Something that somebody promised. `due_on` is ISO 8601, where a day was named."""

    text: str
    owner: str
    due_on: str | None
    quote: str


class UpdateText(_Strict):
    """A value for a CRM field, and the words that prove it."""

    field: str
    value: str
    quote: str


class DigestText(_Strict):
    """The whole answer."""

    notes: list[NoteText]
    next_steps: list[StepText]
    crm_updates: list[UpdateText]


@dataclass(frozen=True)
class Note:
    """A note after its check; `segment` is where its quote stands, None if nowhere."""

    text: str
    quote: str
    segment: Segment | None


@dataclass(frozen=True)
class Step:
    """A next step after its check."""

    text: str
    owner: str
    due_on: date | None
    quote: str
    segment: Segment | None


@dataclass(frozen=True)
class Update:
    """A change of a CRM field whose quote holds. `value` is as it will be written."""

    name: str
    property: str
    object: str
    value: str
    quote: str


@dataclass(frozen=True)
class Doubt:
    """An update that a person must decide: the quote is there, but does not say the value."""

    name: str
    value: str
    quote: str
    reason: str


@dataclass(frozen=True)
class Digest:
    """A checked digest. `dropped` counts what was thrown away, by reason."""

    notes: tuple[Note, ...]
    steps: tuple[Step, ...]
    updates: tuple[Update, ...]
    doubts: tuple[Doubt, ...]
    dropped: dict[str, int] = field(default_factory=dict)
