"""How the simulated model reads a transcript: notes, next steps and CRM updates with quotes."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

NOTES: tuple[tuple[str, str], ...] = (
    (r"still plan with", "How they plan today"),
    (r"too much stock", "What goes wrong"),
    (r"decision lies with", "Who decides"),
    (r"budget of", "Budget"),
    (r"to be live by", "When it should run"),
    (r"My worry is", "Their worry"),
    (r"data protection", "Contract and data protection"),
)
# What is said of a field that it may be asked for.
SAID_OF = {
    "next_step": r"(speak again on \d{1,2} \w+ \d{4})",
    "budget": r"budget of (EUR [\d,.]+\d)",
    "go_live": r"to be live by (\d{1,2} \w+ \d{4})",
    "competitor": r"At the moment ([A-Z]\w+)",
}
STEP = re.compile(r"\bI will (?P<what>.+?) by (?P<when>\d{1,2} \w+ \d{4})|"
                  r"\b(?P<call>speak again) on (?P<date>\d{1,2} \w+ \d{4})")  # fmt: skip


def turns(data: dict[str, Any]) -> list[tuple[str, str]]:
    """(speaker, words) of the transcript, wherever and in whichever form the data holds it."""
    for name in ("segments", "transcript", "turns", "text"):
        value = data.get(name)
        if isinstance(value, dict):
            return turns(value)
        if isinstance(value, list):
            return [
                (str(t.get("speaker", "")), str(t.get("text", "")))
                for t in value
                if isinstance(t, dict)
            ]
        if isinstance(value, str) and value.strip():
            lines = [line.partition(": ") for line in value.splitlines() if line.strip()]
            return [(who, words) if words else ("", who) for who, _, words in lines]
    return []


def _sentence(words: str, at: int) -> str:
    start = max(words.rfind(mark, 0, at) for mark in (". ", "? ", "! ")) + 1
    end = re.compile(r"[.?!](?:\s|$)").search(words, at)
    return words[start : end.start() + 1 if end else len(words)].strip()


def iso_date(text: str) -> str | None:
    """`6 March 2026` as 2026-03-06; None if it is no date."""
    try:
        return datetime.strptime(f"{text} +0000", "%d %B %Y %z").date().isoformat()
    except ValueError:
        return None


def _asked(fields: Any) -> dict[str, str]:
    """Return the kind of each field that is asked for, of those that a talk may name."""
    rows = [f for f in fields if isinstance(f, dict)] if isinstance(fields, list) else []
    return {str(f["field"]): str(f.get("kind")) for f in rows if f.get("field") in SAID_OF}


def meeting_digest(data: dict[str, Any]) -> dict[str, Any]:
    """Return notes, next steps and CRM updates, each with the words that prove it.

    Updates are for the fields that `data["fields"]` names: [{"field", "kind", "means"}, ...].
    """
    notes, steps, updates = [], [], []
    asked = _asked(data.get("fields"))
    for speaker, words in turns(data):
        for pattern, topic in NOTES:
            if found := re.search(pattern, words):
                quote = _sentence(words, found.start())
                notes.append({"text": f"{topic}: {quote}", "quote": quote, "speaker": speaker})
        for found in STEP.finditer(words):
            what = found["what"] or "speak again"
            due = iso_date(found["when"] or found["date"])
            quote = _sentence(words, found.start())
            steps.append(
                {
                    "text": what[:1].upper() + what[1:],
                    "owner": speaker,
                    "due_on": due,
                    "quote": quote,
                }
            )
        for field, kind in asked.items():
            if found := re.search(SAID_OF[field], words):
                value = iso_date(found[1]) or found[1] if kind == "date" else found[1]
                quote = _sentence(words, found.start())
                updates.append({"field": field, "value": value, "quote": quote})
    return {"notes": notes, "next_steps": steps, "crm_updates": updates}
