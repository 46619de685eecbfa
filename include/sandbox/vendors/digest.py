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
UPDATES: tuple[tuple[str, str], ...] = (
    ("amount", r"budget of EUR ([\d,.]+\d)"),
    ("closedate", r"to be live by (\d{1,2} \w+ \d{4})"),
    ("hs_next_step", r"(speak again on \d{1,2} \w+ \d{4})"),
)
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


def meeting_digest(data: dict[str, Any]) -> dict[str, Any]:
    """Return notes, next steps and CRM updates, each with the words that prove it."""
    notes, steps, updates = [], [], []
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
        for field, pattern in UPDATES:
            if found := re.search(pattern, words):
                value = found[1].replace(",", "") if field == "amount" else found[1]
                if field == "closedate":
                    value = iso_date(value) or value
                quote = _sentence(words, found.start())
                updates.append({"field": field, "value": value, "quote": quote})
    return {"notes": notes, "next_steps": steps, "crm_updates": updates}
