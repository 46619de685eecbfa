"""`voices/`: the house (who we are, what is never said, what writing may cost) and each rep's voice.

`house.yml` holds for everybody; every other file is one voice. `default.yml` speaks for reps who have
none of their own.
"""

from decimal import Decimal
from pathlib import Path
from string import Formatter
from typing import Annotated

from pydantic import BeforeValidator, Field, model_validator

from baton.core.errors import PlaybookError
from baton.playbook.reader import Strict, read_yaml

DEFAULT = "default"
HOUSE = "house"

Exact = Annotated[Decimal, BeforeValidator(lambda value: Decimal(str(value)))]


class Company(Strict):
    """Who is writing. `booking_url` and `reply_to` may use {rep}: what stands before the rep's @."""

    name: str = Field(min_length=1)
    product: str = Field(min_length=1)
    what_it_does: str = Field(min_length=1)
    postal_address: str = Field(min_length=10)
    booking_url: str = Field(pattern=r"^https?://")
    reply_to: str | None = None

    @model_validator(mode="after")
    def only_known_fields(self) -> "Company":
        """Refuse a {field} that code cannot fill."""
        for pattern in (self.booking_url, self.reply_to or ""):
            check_fields(pattern, ("rep",))
        return self


class ModelPrice(Strict):
    """Money per million tokens, in the budget's currency."""

    input: Exact = Field(ge=0)
    output: Exact = Field(ge=0)


class Budget(Strict):
    """What one run of draft_generation may spend. `currency` is ISO 4217."""

    currency: str = Field(pattern=r"^[A-Z]{3}$")
    model_prices: dict[str, ModelPrice]
    cost_per_run: Exact = Field(ge=0)
    drafts_per_run: int = Field(ge=1)
    parallel_requests: int = Field(ge=1, le=32)


class House(Strict):
    """What holds for every voice."""

    company: Company
    opt_out_line: str
    booking_line: str
    subject_characters: int = Field(ge=10, le=200)
    banned_phrases: list[str]
    allowed_link_hosts: list[str] = []
    budget: Budget

    @model_validator(mode="after")
    def lines_carry_their_link(self) -> "House":
        """The two lines that code puts under every message must show where their link goes."""
        for line in (self.opt_out_line, self.booking_line):
            check_fields(line, ("url",))
            if "{url}" not in line:
                raise ValueError("opt_out_line and booking_line each need {url}")
        return self


class Voice(Strict):
    """How one rep (or several) writes. The samples are shown to the model, the lines are used offline."""

    name: str
    reps: list[str] = []
    greeting: str
    sign_off: str
    lead_in: str
    question: str
    nudge: str
    traits: list[str]
    samples: list[str] = []

    @model_validator(mode="after")
    def only_known_fields(self) -> "Voice":
        """Refuse a {field} that code cannot fill."""
        check_fields(self.greeting, ("first_name",))
        check_fields(self.lead_in, ("account",))
        for line in (self.sign_off, self.question, self.nudge):
            check_fields(line, ())
        return self


class Voices(Strict):
    """All of `voices/`."""

    house: House
    by_name: dict[str, Voice]

    def of(self, rep_email: str | None) -> Voice:
        """Return the voice of the rep with this address, or the default one."""
        for voice in self.by_name.values():
            if rep_email and rep_email.lower() in voice.reps:
                return voice
        return self.by_name[DEFAULT]


def load(folder: Path) -> Voices:
    """Read `voices/` below the playbook's folder. Raises PlaybookError naming file, line and remedy."""
    path = folder / "voices"
    house = read_yaml(path / f"{HOUSE}.yml", House)
    by_name: dict[str, Voice] = {}
    owner_of: dict[str, Path] = {}
    for file in sorted(path.glob("*.yml")):
        if file.stem == HOUSE:
            continue
        voice = read_yaml(file, Voice)
        for rep in voice.reps:
            if rep != rep.lower():
                raise PlaybookError(f"{file}: write the address {rep} in lower case.")
            if rep in owner_of:
                raise PlaybookError(f"{file}: {rep} has a voice already, in {owner_of[rep].name}.")
            owner_of[rep] = file
        by_name[file.stem] = voice
    if DEFAULT not in by_name:
        raise PlaybookError(
            f"{path / (DEFAULT + '.yml')} is missing; it speaks for all other reps."
        )
    return Voices(house=house, by_name=by_name)


def check_fields(template: str, known: tuple[str, ...]) -> None:
    """Raise ValueError for a {field} in `template` that is not among `known`."""
    for _, name, _, _ in Formatter().parse(template):
        if name is not None and name not in known:
            allowed = ", ".join("{" + word + "}" for word in known) or "no fields"
            raise ValueError(f"{{{name}}} cannot be filled in here; known: {allowed}")
