"""The writer that needs no model: the sequence's lines in the rep's voice, around the evidence.

Deterministic: the same occasion gives the same text. It says so when there is nothing worth a message.
"""

from baton.playbook.sequences import Sequence, Step
from baton.playbook.voices import House, Voice
from baton.writing.records import ClaimText, Evidence, Occasion, Written

NOTHING = Written(subject="", body="", claims=[], nothing_worth_saying=True)

_PLAIN_MARKS = str.maketrans('"{}[]<>', "'()()()")


def write(
    occasion: Occasion, sequence: Sequence, step: Step, voice: Voice, house: House
) -> Written:
    """Return the touch, built on the freshest evidence that earlier touches did not use yet."""
    chosen = choose(occasion, sequence)
    if chosen is None:
        return NOTHING
    claim = _line(sequence.signal_words, chosen.kind).format(evidence=quotable(chosen.headline))
    fields = {
        "first_name": occasion.first_name,
        "account": occasion.account.name,
        "evidence": claim,
        "why": _line(sequence.why, chosen.kind),
        "product": house.company.product,
        "lead_in": voice.lead_in.format(account=occasion.account.name),
        "question": voice.question,
        "nudge": voice.nudge,
    }
    greeting = voice.greeting.format(first_name=occasion.first_name)
    body = step.body.format_map(fields).strip()
    claims = [ClaimText(text=claim, evidence_id=chosen.id)] if claim in body else []
    return Written(
        subject=step.subject.format_map(fields)[: house.subject_characters],
        body=f"{greeting}\n\n{body}",
        claims=claims,
        nothing_worth_saying=False,
    )


def choose(occasion: Occasion, sequence: Sequence) -> Evidence | None:
    """Return the evidence to write about, or None when there is nothing worth a message.

    What stands first in the sequence's `why` is worth most; within a kind the freshest counts. A
    follow-up prefers what the thread has not mentioned, and falls back to what it has.
    """
    rank = {kind: place for place, kind in enumerate(sequence.why)}
    said = "\n".join(item.text for item in occasion.thread if item.by == "us")
    usable = [item for item in occasion.evidence if item.speakable and item.at is not None]
    if not usable:
        return None
    return min(
        usable,
        key=lambda item: (
            quotable(item.headline) in said,
            rank.get(item.kind, rank["default"]),
            -item.at.timestamp() if item.at else 0.0,
            item.id,
        ),
    )


def _line(lines: dict[str, str], kind: str) -> str:
    return lines.get(kind, lines["default"])


def quotable(text: str) -> str:
    """Return text from outside as it may stand in quotation marks: brackets would look like a hole."""
    return text.translate(_PLAIN_MARKS).rstrip(" .!")
