"""Writes one touch: the model first, once more with what was wrong, then the offline writer."""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from baton.clients.openai import AnswerRefused
from baton.core.settings import Settings
from baton.playbook.sequences import Sequences
from baton.playbook.voices import Voices
from baton.writing import offline
from baton.writing.checks import check
from baton.writing.generation import OFFLINE, Kept, Ledger
from baton.writing.prompts import DRAFT, draft_data
from baton.writing.records import Checked, Finding, Occasion, Written

KIND = "draft"


@dataclass(frozen=True)
class Composed:
    """What came of one occasion. `checked` is None where nothing was worth saying.

    `findings` are the errors of texts that were thrown away on the way here.
    """

    occasion: Occasion
    generation_id: str
    author: str
    checked: Checked | None
    expires_after: timedelta
    cost: Decimal = Decimal(0)
    findings: tuple[Finding, ...] = ()

    @property
    def usable(self) -> bool:
        """Whether a reviewer may see it."""
        return self.checked is None or not self.checked.errors


class Composer:
    """Writes for one run. May be used by several threads at once."""

    def __init__(
        self, ledger: Ledger, sequences: Sequences, voices: Voices, settings: Settings
    ) -> None:
        self._ledger = ledger
        self._sequences = sequences
        self._voices = voices
        self._settings = settings

    def compose(self, occasion: Occasion) -> Composed:
        """Return a text that passed every check, or the last one that did not.

        Raises VendorUnavailable or VendorError when the model cannot be asked, RenderError when the
        contact cannot be written to at all.
        """
        thrown_away: list[Finding] = []
        cost = Decimal(0)
        if not any(item.speakable for item in occasion.evidence):
            return self._offline(occasion, cost, ())
        if self._ledger.llm is not None:
            for _ in range(2):
                try:
                    kept = self._ask(occasion, tuple(thrown_away))
                except AnswerRefused as error:
                    thrown_away.append(Finding("refused", "error", str(error)))
                    continue
                cost += kept.cost
                made = self._checked(occasion, kept, cost, tuple(thrown_away))
                if made.usable:
                    return made
                thrown_away += made.checked.errors if made.checked else ()
        return self._offline(occasion, cost, tuple(thrown_away))

    def _ask(self, occasion: Occasion, findings: tuple[Finding, ...]) -> Kept[Written]:
        sequence = self._sequences.get(occasion.sequence)
        voice = self._voices.of(occasion.sender.email)
        step = sequence.touch(occasion.step)
        return self._ledger.ask(
            Written,
            DRAFT,
            kind=KIND,
            subject=("lead", occasion.lead_id),
            data=draft_data(occasion, step, voice, self._voices.house, findings),
        )

    def _offline(
        self, occasion: Occasion, cost: Decimal, findings: tuple[Finding, ...]
    ) -> Composed:
        sequence = self._sequences.get(occasion.sequence)
        voice = self._voices.of(occasion.sender.email)
        step = sequence.touch(occasion.step)
        house = self._voices.house
        kept = self._ledger.ask(
            Written,
            DRAFT,
            kind=KIND,
            subject=("lead", occasion.lead_id),
            data=draft_data(occasion, step, voice, house) | {"writer": OFFLINE},
            offline=lambda: offline.write(occasion, sequence, step, voice, house),
        )
        return self._checked(occasion, kept, cost, findings)

    def _checked(
        self,
        occasion: Occasion,
        kept: Kept[Written],
        cost: Decimal,
        findings: tuple[Finding, ...],
    ) -> Composed:
        sequence = self._sequences.get(occasion.sequence)
        written = kept.data
        checked = None
        if not written.nothing_worth_saying:
            checked = check(
                occasion,
                self._subject(occasion, written),
                written.body,
                written.claims,
                sequence=sequence,
                step=sequence.touch(occasion.step),
                voice=self._voices.of(occasion.sender.email),
                house=self._voices.house,
                settings=self._settings,
            )
        return Composed(
            occasion,
            kept.id,
            f"model:{kept.model}",
            checked,
            timedelta(days=sequence.draft_expires_after_days),
            cost,
            findings,
        )

    @staticmethod
    def _subject(occasion: Occasion, written: Written) -> str:
        """A follow-up stays in its thread: it answers our first message and says so."""
        ours = [item for item in occasion.thread if item.by == "us"]
        if not ours:
            return written.subject
        first = ours[0].subject
        return first if first.lower().startswith("re:") else f"Re: {first}"
