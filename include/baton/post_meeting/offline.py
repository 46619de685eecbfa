"""The digest without a model: sentences picked by rules, each its own quote."""

import re
from collections.abc import Iterator
from datetime import date

from baton.playbook.crm_fields import CrmFields
from baton.post_meeting.dates import dates_in, due_date
from baton.post_meeting.records import DigestText, NoteText, StepText, UpdateText
from baton.post_meeting.transcript import Segment, Transcript, joined

MOST_NOTES = 10
SENTENCE = re.compile(r"[^.!?\n]+(?:[.](?=\d)[^.!?\n]+)*[.!?]*")
PROMISE = re.compile(r"\b(?:i|we)(?:'ll| will| shall)\b|\blet (?:us|me)\b|\blet's\b", re.IGNORECASE)
DOING = re.compile(
    r"\b(?:send|share|speak|talk|call|meet|schedule|prepare|check|bring|invite|introduce|show|book|"
    r"review|sign|forward|follow)\b",
    re.IGNORECASE,
)
MATTER = re.compile(
    r"\d|%|\b(?:budget|decide|decision|decides|problem|worry|worried|risk|cost|costs|price|contract|"
    r"board|deadline|competitor|replace|too (?:much|many|slow|late)|need|must|cannot)\b",
    re.IGNORECASE,
)
MONEY = re.compile(
    r"(?:EUR|USD|GBP|CHF|€|\$|£)\s?\d[\d.,]*\d(?:\s?(?:k|million|thousand))?\b"
    r"|\b\d[\d.,]*\s?(?:k|million|thousand)?\s?(?:EUR|USD|GBP|CHF|euros?|dollars?|€)",
    re.IGNORECASE,
)


def digest(said: Transcript, fields: CrmFields, said_on: date, staff: frozenset[str]) -> DigestText:
    """Return notes (what guests said of figures, money, decisions, worries, and what they asked),
    next steps (promises with a deed) and the CRM updates that plain rules can find.

    `staff` are names and addresses of our reps, lower case.
    """  # noqa: D205
    notes: list[NoteText] = []
    steps: list[StepText] = []
    updates: list[UpdateText] = []
    for segment, sentence in _sentences(said):
        guest = not ({segment.speaker.lower(), segment.email or ""} & staff)
        if _is_promise(sentence, said_on):
            due = due_date(None, sentence, said_on)
            steps.append(
                StepText(
                    text=sentence.rstrip(".! "),
                    owner=segment.speaker,
                    due_on=due.isoformat() if due else None,
                    quote=sentence,
                )
            )
        elif guest and len(notes) < MOST_NOTES:
            if sentence.endswith("?"):
                notes.append(NoteText(text=f"They asked: {sentence}", quote=sentence,
                                      speaker=segment.speaker))  # fmt: skip
            elif MATTER.search(sentence):
                notes.append(NoteText(text=sentence, quote=sentence, speaker=segment.speaker))
        if guest:
            updates += _updates(sentence, fields, said_on)
    agreed = [s for s in steps if s.due_on] or steps
    if agreed and "next_step" in fields.fields:
        last = agreed[-1]
        updates.append(UpdateText(field="next_step", value=last.text, quote=last.quote))
    return DigestText(notes=notes, next_steps=steps, crm_updates=updates)


def _sentences(said: Transcript) -> Iterator[tuple[Segment, str]]:
    for segment in joined(said.segments):
        for match in SENTENCE.finditer(segment.text):
            sentence = match.group().strip()
            if len(sentence.split()) >= 3:
                yield segment, sentence


def _is_promise(sentence: str, said_on: date) -> bool:
    if sentence.endswith("?") or not PROMISE.search(sentence):
        return False
    return bool(DOING.search(sentence)) or bool(dates_in(sentence, said_on))


def _updates(sentence: str, fields: CrmFields, said_on: date) -> Iterator[UpdateText]:
    for name, field in fields.fields.items():
        said = any(
            re.search(rf"\b{re.escape(words)}\b", sentence, re.IGNORECASE)
            for words in field.said_as
        )
        if not said:
            continue
        if field.kind == "money" and (sum_ := MONEY.search(sentence)):
            yield UpdateText(field=name, value=sum_.group(), quote=sentence)
        elif field.kind == "date" and (days := dates_in(sentence, said_on)):
            yield UpdateText(field=name, value=days[0].isoformat(), quote=sentence)
