"""What the simulated model writes: plausible, drawn only from the data of the request.

It dispatches on the name of the JSON schema that the request asks for:
    draft           {subject, body, claims: [{text, evidence_id}], nothing_worth_saying}
    reply_intent    {intent, confidence, quote}
    meeting_digest  {notes, next_steps, crm_updates}
    opener          {paragraph}
"""

from __future__ import annotations

import random
import re
from typing import Any

from sandbox.vendors import digest

ORDERS = re.compile(r"\b(ignore|disregard)\b.{0,40}\b(instructions?|rules?)\b", re.IGNORECASE)
MAX_CLAIM_WORDS = 28
BANNED = "I hope this email finds you well. This is a game-changer that is 100% guaranteed."


def write(name: str, schema: dict[str, Any], data: dict[str, Any], rng: random.Random) -> Any:
    """Return an answer for the schema of this name; an empty object for a name it does not know."""
    if name == "draft":
        return draft(data, rng)
    if name == "reply_intent":
        allowed = _enum_of(schema, "intent")
        return reply_intent(data, allowed)
    if name == "meeting_digest":
        return digest.meeting_digest(data)
    if name == "opener":
        return {"paragraph": opener(data)}
    return {}


def _enum_of(schema: dict[str, Any], name: str) -> list[str]:
    part = (schema.get("properties") or {}).get(name) or {}
    if "$ref" in part:
        part = (schema.get("$defs") or {}).get(str(part["$ref"]).rsplit("/", 1)[-1], {})
    return [str(value) for value in part.get("enum", [])]


def _evidence(data: dict[str, Any]) -> list[dict[str, Any]]:
    items = data.get("evidence")
    rows = [e for e in items if isinstance(e, dict)] if isinstance(items, list) else []
    # A good model neither follows nor repeats orders that stand in a text from outside.
    return [e for e in rows if e.get("id") and e.get("text") and not ORDERS.search(e["text"])]


def _shortened(text: str) -> str:
    first = re.split(r"(?<=[.!?])\s", " ".join(text.split()))[0]
    return " ".join(first.split()[:MAX_CLAIM_WORDS]).rstrip(" .!?;,:")


def draft(data: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Return a short message on one item of evidence that the thread has not used yet."""
    thread = " ".join(str(m.get("text", "")) for m in data.get("thread") or [])
    items = _evidence(data)
    fresh = [e for e in items if _shortened(e["text"]) not in thread]
    if not items:
        return {"subject": "", "body": "", "claims": [], "nothing_worth_saying": True}
    chosen = (fresh or items)[0]
    fact = _shortened(chosen["text"])
    contact, sender = data.get("contact") or {}, data.get("sender") or {}
    account = (data.get("account") or {}).get("name") or "your team"
    greeting = (data.get("voice") or {}).get("greeting") or (
        f"Hi {contact.get('first_name') or account},"
    )
    follow_up = int((data.get("step") or {}).get("number") or 1) > 1
    leads: tuple[str, ...] = ("I came across this", "I noticed this")
    if follow_up:
        leads = ("One more thing I noticed", "I also read this") if fresh else ("As I wrote",)
    lead = rng.choice(leads)
    offer = sender.get("what_it_does") or sender.get("product") or ""
    paragraphs = [
        greeting,
        f"{lead}: {fact}.",
        rng.choice(
            (
                "That is often when planning gets harder before it gets easier.",
                "In my experience that is when stock and demand drift apart.",
            )
        ),
    ]
    if offer:
        paragraphs.append(f"In short, what we do: {offer.rstrip('.')}.")
    paragraphs.append(
        rng.choice(("Would half an hour next week be useful?", "Is this worth a short call?"))
    )
    return {
        "subject": rng.choice((f"Planning at {account}", f"A question about {account}")),
        "body": "\n\n".join(paragraphs),
        "claims": [{"text": fact, "evidence_id": str(chosen["id"])}],
        "nothing_worth_saying": False,
    }


def spoil(answer: dict[str, Any], rng: random.Random) -> None:
    """Make a draft bad in one of the ways a checker must notice."""
    if answer.get("nothing_worth_saying"):
        return
    way = rng.choice(("ungrounded", "unknown_evidence", "placeholder", "banned"))
    if way == "ungrounded":
        claim = "You cut your stock by 37% last quarter"
        answer["body"] += f"\n\n{claim}."
        answer["claims"].append({"text": claim, "evidence_id": answer["claims"][0]["evidence_id"]})
    elif way == "unknown_evidence":
        answer["claims"][0]["evidence_id"] = "evidence-that-is-not-there"
    elif way == "placeholder":
        answer["body"] = answer["body"].replace("\n\n", "\n\nHi {first_name}, [COMPANY]\n\n", 1)
    else:
        answer["body"] += f"\n\n{BANNED}"


# In order: the first that fits decides.
INTENTS: tuple[tuple[str, str], ...] = (
    ("out_of_office", r"out of (the )?office|automatic reply|on leave until|limited access to e-?mail"),
    ("bounce", r"delivery (has )?failed|undeliverable|mailbox (is )?(full|unavailable)"),
    ("opt_out", r"remove me|unsubscribe|take me off|do not contact|stop (e-?mailing|writing)"),
    ("referral", r"not the right person|write to our|speak (to|with) (my|our) colleague"),
    ("price", r"\bpric(e|es|ing)\b|too expensive|budget|what would it cost"),
    ("not_now", r"not a priority|not (right )?now|next (quarter|year)|after the summer|later this"),
    ("objection", r"already (use|have)|not convinced|do not see why|no need|would have to do"),
    ("positive", r"let'?s talk|happy to|pick a slot|would be useful|sounds (good|interesting)"),
    ("question", r"\?"),
)  # fmt: skip
STAND_INS = {
    "price": ("price_objection", "objection"),
    "question": ("info_request", "positive"),
    "not_now": ("timing", "objection", "negative"),
    "opt_out": ("unsubscribe", "negative"),
    "out_of_office": ("auto_reply", "automatic"),
    "unclear": ("unknown", "other"),
}


def _new_words(data: dict[str, Any]) -> str:
    for name in ("reply", "text", "body", "message"):
        value = data.get(name)
        if isinstance(value, dict):
            value = value.get("text") or value.get("body")
        if isinstance(value, str) and value.strip():
            return value
    texts = [v for v in data.values() if isinstance(v, str)]
    return max(texts, key=len, default="")


def reply_intent(data: dict[str, Any], allowed: list[str]) -> dict[str, Any]:
    """Return what a reply means, judged by its own words, without the thread quoted below them."""
    words = _new_words(data)
    own = re.split(r"^(On .+ wrote:|>)", words, maxsplit=1, flags=re.MULTILINE)[0]
    for intent, pattern in INTENTS:
        if found := re.search(pattern, own, re.IGNORECASE):
            quote = _sentence(own, found.start())
            return {"intent": _named(intent, allowed), "confidence": 0.93, "quote": quote}
    quote = _sentence(own, 0)
    return {"intent": _named("unclear", allowed), "confidence": 0.35, "quote": quote}


def _named(intent: str, allowed: list[str]) -> str:
    for name in (intent, *STAND_INS.get(intent, ()), "unclear", "other"):
        if not allowed or name in allowed:
            return name
    return allowed[0]


def _sentence(text: str, at: int) -> str:
    """Return the sentence around a place, letter for letter."""
    start = max(text.rfind(mark, 0, at) for mark in (". ", "? ", "! ", "\n")) + 1
    end = re.compile(r"[.?!](\s|$)|\n").search(text, at)
    return text[start : end.start() + 1 if end else len(text)].strip()


def opener(data: dict[str, Any]) -> str:
    """One paragraph a rep could open a meeting with."""
    contact, account = data.get("contact") or {}, data.get("account") or {}
    who = contact.get("first_name") or str(contact.get("full_name") or "you").split()[0]
    items = _evidence(data) or _evidence({"evidence": data.get("signals")})
    company = account.get("name") or "your company"
    written = str(data.get("last_reply") or "")
    if written.strip() and not ORDERS.search(written):
        lines = [line for line in written.splitlines() if len(line.split()) > 3]
        return (
            f'{who}, thank you for the time. You wrote: "{_shortened(lines[0] if lines else written)}." '
            "I would like to start there. What has to change for you?"
        )
    if not items:
        return f"{who}, thank you for the time. I would like to hear what made you answer."
    fact = _shortened(items[0]["text"])
    return (
        f"{who}, thank you for the time. What caught my eye at {company} was this: {fact}. "
        "I would like to hear how that changes the way you plan, before I show anything."
    )
