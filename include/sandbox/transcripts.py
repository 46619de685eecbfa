"""What is said in a meeting: a transcript with facts, an objection and dated next steps."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any

from sandbox.market.model import Account, Person, Rep

SECONDS_PER_WORD = 0.4


def written_date(moment: datetime) -> str:
    """Return a date as people say it: 6 March 2026."""
    return f"{moment.day} {moment.strftime('%B %Y')}"


def facts(rng: random.Random, account: Account, start: datetime) -> dict[str, str]:
    """Return the truth that the talk brings out."""
    budget = max(5, round(account.employees**0.65 * 0.42)) * 1000
    return {
        "planners": str(rng.randint(2, 9)),
        "sites": str(rng.randint(2, 14)),
        "tool": rng.choice(("spreadsheets", "an old ERP module", "a home-grown database")),
        "budget": f"EUR {budget:,}",
        "decision": rng.choice(("our CFO", "the management board", "our COO")),
        "go_live": written_date(start + timedelta(days=rng.randint(70, 130))),
        "competitor": rng.choice(("StockPilot", "Planora", "nobody else")),
        "paper_due": written_date(start + timedelta(days=2)),
        "sample_due": written_date(start + timedelta(days=5)),
        "next_call": written_date(start + timedelta(days=9)),
    }


def lines(
    rep: Rep, person: Person, account: Account, told: dict[str, str]
) -> list[tuple[str, str]]:
    """Return the dialogue as (speaker, words)."""
    r, p = rep.name, person.name
    return [
        (r, f"Hello {person.first_name}, thanks for making the time. What made you answer now?"),
        (p, (f"We run {told['sites']} sites and still plan with {told['tool']}. It takes "
            f"{told['planners']} planners two days every week.")),
        (r, "What happens when the plan is wrong?"),
        (p, ("We carry too much stock in one place and run out in another. Last quarter we paid for "
            "express freight three times.")),
        (r, "How would you decide on something like Halden Flow?"),
        (p, f"The decision lies with {told['decision']}. I prepare it and the IT team has a say."),
        (r, "Is there money set aside?"),
        (p, f"We have a budget of {told['budget']} for this year."),
        (r, "And when should it be running?"),
        (p, f"We want to be live by {told['go_live']}."),
        (r, "Who else are you looking at?"),
        (p, f"At the moment {told['competitor']}. My worry is the price once we add more sites."),
        (r, ("Fair. Let me show you how others of your size did it, and we talk about price with "
            "real numbers.")),
        (p, "Good. Our data protection officer will want to see the contract first."),
        (r, f"I will send you the data processing agreement by {told['paper_due']}."),
        (p, f"And I will send you a sample export of our stock data by {told['sample_due']}."),
        (r, f"Then let us speak again on {told['next_call']} with {told['decision']} in the call."),
        (p, f"That works for {account.name}. Thank you."),
    ]  # fmt: skip


def transcript(
    rng: random.Random, booking: dict[str, Any], rep: Rep, person: Person, account: Account
) -> dict[str, Any]:
    """Return the payload of one transcript webhook.

    Keys: id, booking_uid, title, language, started_at, ended_at, organizer and attendees (name,
    email), segments (speaker, email, start and end in seconds, text) and the whole text.
    """
    start = datetime.fromisoformat(booking["start"])
    emails = {rep.name: rep.email, person.name: person.email}
    segments, clock = [], 2.0
    for speaker, words in lines(rep, person, account, facts(rng, account, start)):
        length = len(words.split()) * SECONDS_PER_WORD
        segments.append(
            {
                "speaker": speaker,
                "email": emails[speaker],
                "start": round(clock, 1),
                "end": round(clock + length, 1),
                "text": words,
            }
        )
        clock += length + rng.uniform(0.4, 20)
    return {
        "id": f"tr_{booking['uid']}",
        "booking_uid": booking["uid"],
        "title": booking["title"],
        "language": "en",
        "started_at": start.isoformat(),
        "ended_at": (start + timedelta(seconds=round(clock))).isoformat(),
        "organizer": {"name": rep.name, "email": rep.email},
        "attendees": [{"name": person.name, "email": person.email}],
        "segments": segments,
        "text": "\n".join(f"{s['speaker']}: {s['text']}" for s in segments),
    }
