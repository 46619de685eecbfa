"""What one touch is written from, and what writing it yields."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict


@dataclass(frozen=True)
class Evidence:
    """Something that happened at the account or is known of it, which a claim may rest on.

    `text` and the shorter `headline` came from outside; they have been stripped of markup and cut.
    `kind` is the signal type. `speakable` is false for what may lift a score but is never mentioned
    to the contact.
    """

    id: str
    kind: str
    text: str
    headline: str
    url: str | None
    at: datetime | None
    speakable: bool = True


@dataclass(frozen=True)
class Sent:
    """One message of the thread so far. `by` is "us" or "them"."""

    by: str
    subject: str
    text: str
    at: datetime | None


@dataclass(frozen=True)
class Contact:
    """The recipient, from ops.contact."""

    id: str
    email: str
    full_name: str
    title: str | None = None
    seniority: str | None = None


@dataclass(frozen=True)
class Account:
    """The recipient's company, from ops.account."""

    id: str
    name: str
    domain: str | None = None
    industry: str | None = None
    employees: int | None = None
    country: str | None = None


@dataclass(frozen=True)
class Sender:
    """The rep who owns the lead, from ops.rep."""

    id: str
    name: str
    email: str


@dataclass(frozen=True)
class Occasion:
    """One touch that is due: to whom, from whom, about what."""

    lead_id: str
    person_id: str
    sequence: str
    step: int
    due_at: datetime
    contact: Contact
    account: Account
    sender: Sender
    evidence: tuple[Evidence, ...] = ()
    thread: tuple[Sent, ...] = ()

    @property
    def first_name(self) -> str:
        """How the greeting calls them; a contact without a name is their company's team."""
        words = self.contact.full_name.split()
        return words[0] if words else f"{self.account.name} team"


class ClaimText(BaseModel):
    """A sentence or half-sentence of the body, and the evidence that carries it."""

    model_config = ConfigDict(extra="forbid")
    text: str
    evidence_id: str


class Written(BaseModel):
    """What a writer answers. The body goes from the greeting to the last sentence; code adds the rest."""

    model_config = ConfigDict(extra="forbid")
    subject: str
    body: str
    claims: list[ClaimText]
    nothing_worth_saying: bool


@dataclass(frozen=True)
class Finding:
    """A rule that a text breaks. Rule ids are listed in docs/drafting.md."""

    rule: str
    severity: str
    detail: str


@dataclass(frozen=True)
class CheckedClaim:
    """A claim after its check; `reason` says why it is not grounded."""

    text: str
    evidence_id: str | None
    evidence_text: str | None
    evidence_url: str | None
    grounded: bool
    reason: str | None = None


@dataclass(frozen=True)
class Checked:
    """A text that was checked, with the bytes that would be sent."""

    subject: str
    body: str
    rendered: bytes
    claims: tuple[CheckedClaim, ...] = ()
    findings: tuple[Finding, ...] = field(default=())

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings with which a text is never shown to a reviewer, nor sent."""
        return tuple(f for f in self.findings if f.severity == "error")


def as_json(value: Any) -> Any:
    """Return times as ISO 8601 text, for json.dumps(default=...)."""
    if isinstance(value, datetime):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a prompt")
