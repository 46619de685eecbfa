"""The check of a digest: every item stands on words that were said, or it goes nowhere."""

from datetime import date

from baton.playbook.crm_fields import CrmField, CrmFields
from baton.post_meeting.dates import due_date
from baton.post_meeting.records import (
    Digest,
    DigestText,
    Doubt,
    Note,
    Step,
    Update,
    UpdateText,
)
from baton.post_meeting.transcript import Transcript, normalised
from baton.writing.grounding import names, numbers

MOST_ITEMS = 40
LONGEST_TEXT = 1_000


def check(
    digest: DigestText, said: Transcript, fields: CrmFields, said_on: date, quote_words: int
) -> Digest:
    """Return the digest as it may be kept.

    Notes and steps whose quote is not in the transcript stay, marked as such, and never leave the
    house. A text with a figure that its quote does not have is dropped. A CRM update needs an allowed
    field, its quote, and a value that the quote says; where only the value is in doubt, a person
    decides.
    """
    dropped: dict[str, int] = {}

    def drop(reason: str) -> None:
        dropped[reason] = dropped.get(reason, 0) + 1

    notes: list[Note] = []
    steps: list[Step] = []
    updates: list[Update] = []
    doubts: list[Doubt] = []
    for item in digest.notes[:MOST_ITEMS]:
        if not item.text.strip() or _invents(item.text, item.quote):
            drop("note_without_ground")
            continue
        notes.append(
            Note(item.text.strip()[:LONGEST_TEXT], item.quote, said.find(item.quote, quote_words))
        )
    for step in digest.next_steps[:MOST_ITEMS]:
        if not step.text.strip() or _invents(step.text, step.quote):
            drop("step_without_ground")
            continue
        segment = said.find(step.quote, quote_words)
        due = due_date(step.due_on, step.quote, said_on) if segment else None
        owner = step.owner.strip() or (segment.speaker if segment else "")
        steps.append(Step(step.text.strip()[:LONGEST_TEXT], owner, due, step.quote, segment))
    for update in digest.crm_updates[:MOST_ITEMS]:
        allowed = fields.get(update.field)
        if allowed is None:
            drop("field_not_allowed")
        elif said.find(update.quote, quote_words) is None:
            drop("update_without_quote")
        else:
            decided = _decide(allowed[0], allowed[1], update, said_on)
            if isinstance(decided, Doubt):
                doubts.append(decided)
            elif not any(known.name == decided.name for known in updates):
                updates.append(decided)
            else:
                drop("field_said_twice")
    return Digest(tuple(notes), tuple(steps), tuple(updates), tuple(doubts), dropped)


def _invents(text: str, quote: str) -> bool:
    """Whether a text has a figure that its quote does not have."""
    return bool(numbers(text) - numbers(quote))


def _decide(name: str, field: CrmField, update: UpdateText, said_on: date) -> Update | Doubt:
    value = " ".join(update.value.split())[:LONGEST_TEXT]
    reason = None
    if not value:
        reason = "The value is empty."
    elif field.kind == "date":
        meant = due_date(value, update.quote, said_on) or (
            None if _is_iso(value) else due_date(None, value, said_on)
        )
        if meant is None or due_date(meant.isoformat(), update.quote, said_on) is None:
            reason = "The quote does not name this day."
        else:
            value = meant.isoformat()
    elif field.kind == "money":
        if not numbers(value) or numbers(value) - numbers(update.quote):
            reason = "The quote does not say this sum."
    elif not _says(value, update.quote):
        reason = "The quote does not say this."
    if reason is not None:
        return Doubt(name, value, update.quote, reason)
    return Update(name, field.property, field.object, value, update.quote)


def _says(value: str, quote: str) -> bool:
    """Whether a quote says a value: in these words, or at least with its every figure and name."""
    if normalised(value).casefold() in normalised(quote).casefold():
        return True
    known = names(quote, all_of_them=True)
    # The first word may be a name as well as the start of a sentence: it must be there too.
    strange = names(f"x {value}") - known
    overlap = names(value, all_of_them=True) & known
    return not strange and not _invents(value, quote) and len(overlap) >= 2


def _is_iso(value: str) -> bool:
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True
