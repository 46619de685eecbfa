"""`sequences/`: one file per sequence, with its steps, its timing and the lines of the offline writer."""

from pathlib import Path

from pydantic import Field, model_validator

from baton.core.errors import PlaybookError
from baton.playbook.reader import Strict, nearest, read_yaml
from baton.playbook.voices import check_fields

FIELDS = ("first_name", "account", "evidence", "why", "product", "lead_in", "question", "nudge")
EXEMPTIONS = ("protected", "open_opportunity")


class Step(Strict):
    """One touch. `after_days` counts from the moment the step before it was delivered."""

    step: int = Field(ge=1)
    after_days: int = Field(ge=0)
    goal: str = Field(min_length=1)
    max_words: int = Field(ge=20, le=400)
    subject: str
    body: str

    @model_validator(mode="after")
    def only_known_fields(self) -> "Step":
        """Refuse a {field} that code cannot fill: nobody ever gets "Hi {name}"."""
        check_fields(self.subject, FIELDS)
        check_fields(self.body, FIELDS)
        return self


class Sequence(Strict):
    """Times in days. `silent_signals` may raise a score but are never spoken of to the contact."""

    name: str
    purpose: str
    evidence_max_age_days: int = Field(ge=1)
    draft_expires_after_days: int = Field(ge=1)
    # A follow-up that nobody wrote in time is not written any more: who reads "one more thing" months
    # later wonders.
    follow_up_days_late: int = Field(default=14, ge=1)
    silent_signals: list[str] = []
    # Reasons not to contact that this sequence is meant for: a renewal talks to protected customers.
    not_stopped_by: list[str] = []
    signal_words: dict[str, str]
    why: dict[str, str]
    steps: list[Step] = Field(min_length=1)

    @model_validator(mode="after")
    def is_whole(self) -> "Sequence":
        """Steps are 1, 2, 3 ...; `signal_words` and `why` have a line for what is not named."""
        if [step.step for step in self.steps] != list(range(1, len(self.steps) + 1)):
            raise ValueError("steps must be numbered 1, 2, 3 in this order")
        for lines in (self.signal_words, self.why):
            if "default" not in lines:
                raise ValueError("signal_words and why each need a line named default")
        for line in self.signal_words.values():
            check_fields(line, ("evidence",))
        for line in self.why.values():
            check_fields(line, ())
        if unknown := set(self.not_stopped_by) - set(EXEMPTIONS):
            raise ValueError(f"not_stopped_by knows {', '.join(EXEMPTIONS)}, not {unknown.pop()}")
        return self

    def touch(self, number: int) -> Step:
        """Return the step with this number. Raises PlaybookError if the sequence is shorter."""
        if not 1 <= number <= len(self.steps):
            raise PlaybookError(
                f"The sequence {self.name!r} has no step {number}, but leads have reached it."
            )
        return self.steps[number - 1]


class Sequences(Strict):
    """All of `sequences/`, by name."""

    by_name: dict[str, Sequence]

    def get(self, name: str) -> Sequence:
        """Return the sequence. Raises PlaybookError that names the nearest one there is."""
        if name in self.by_name:
            return self.by_name[name]
        meant = nearest(name, list(self.by_name))
        hint = f"did you mean {meant!r}?" if meant else f"there are {', '.join(self.by_name)}."
        raise PlaybookError(f"There is no sequence {name!r} in playbook/sequences; {hint}")

    def exempt(self) -> dict[str, list[str]]:
        """Return, per reason not to contact, the sequences that it does not stop."""
        return {
            reason: [s.name for s in self.by_name.values() if reason in s.not_stopped_by]
            for reason in EXEMPTIONS
        }


def load(folder: Path) -> Sequences:
    """Read `sequences/` below the playbook's folder. Raises PlaybookError naming file and line."""
    found = {}
    for file in sorted((folder / "sequences").glob("*.yml")):
        sequence = read_yaml(file, Sequence)
        if sequence.name != file.stem:
            raise PlaybookError(f"{file}: its name is {sequence.name!r}; file and name must agree.")
        found[sequence.name] = sequence
    if not found:
        raise PlaybookError(f"{folder / 'sequences'} holds no sequence; add one .yml file.")
    return Sequences(by_name=found)
