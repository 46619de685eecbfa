"""What is known to have happened at an account: released signals, cleaned, as numbered evidence."""

import html
import re
import unicodedata
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

import psycopg

from baton.core.outside import one_line, visible
from baton.warehouse.connect import rows
from baton.writing.records import Evidence

LONGEST = 400
PER_LEAD = 8

_TAG = re.compile(r"<[^<>]*>")
_ADDRESS = re.compile(r"\S+@\S+\.\S+|https?://|www\.", re.IGNORECASE)
# Words that are meant for a machine and not for a reader. This only keeps such a text out of mail;
# that no text can choose a recipient, a link or an approval does not rest on it.
_ORDERS = re.compile(
    r"\b(ignore|disregard|forget)\b.{0,40}\b(instructions?|prompts?|rules)\b"
    r"|\b(system|developer) (prompt|message)\b|\bapprove (all|every|each|this)\b"
    r"|\byou are (an? )?(ai|assistant|language model)\b",
    re.IGNORECASE,
)

SIGNALS = """
    select lead.id as lead_id, s.id, s.kind, s.title, s.summary, s.url, s.occurred_at as at
    from unnest(%(leads)s::text[]) lead (id)
    cross join lateral (
        select * from ops.signals_of(lead.id)
        where occurred_at <= %(as_of)s
            and occurred_at > %(as_of)s - make_interval(days => %(days)s)
        order by occurred_at desc, id
        limit %(limit)s
    ) s
    order by lead.id, s.occurred_at desc, s.id
"""


def collect(
    conn: psycopg.Connection[Any],
    leads: Iterable[str],
    as_of: datetime,
    *,
    max_age_days: int,
    silent: Collection[str] = (),
) -> dict[str, tuple[Evidence, ...]]:
    """Return the evidence per lead id, newest first, at most `PER_LEAD` each.

    Only released signals of the lead's account, no older than `max_age_days` at `as_of`. What is of
    a `silent` kind, or reads like an order to a machine, is there but not speakable. The same
    headline counts once.
    """
    found: dict[str, dict[str, Evidence]] = {}
    query = {"leads": list(leads), "as_of": as_of, "days": max_age_days, "limit": 4 * PER_LEAD}
    for row in rows(conn, SIGNALS, query):
        headline = clean(row["title"]) or row["kind"].replace("_", " ")
        text = together(headline, clean(row["summary"]))
        items = found.setdefault(row["lead_id"], {})
        if len(items) < PER_LEAD and headline.casefold() not in items:
            speakable = row["kind"] not in silent and not is_for_machines(text)
            items[headline.casefold()] = Evidence(
                row["id"], row["kind"], text, headline, safe_url(row["url"]), row["at"], speakable
            )
    return {lead: tuple(items.values()) for lead, items in found.items()}


def together(headline: str, summary: str) -> str:
    """Return headline and summary as one text, without saying the same twice.

    A summary that carries a link or an address ("Read more: ...") is left out; the headline says enough.
    One that gives orders stays, so that what came with it is seen for what it is.
    """
    if not summary or summary.casefold() in headline.casefold():
        return headline
    if headline and _ADDRESS.search(summary) and not _ORDERS.search(summary):
        return headline
    if headline.casefold() in summary.casefold():
        return summary
    return f"{headline.rstrip('.')}. {summary}"


def clean(text: str) -> str:
    """Return text from outside without markup, control characters or line breaks, cut to one line."""
    text = html.unescape(_TAG.sub(" ", text))
    return one_line(_TAG.sub(" ", text), LONGEST)


def is_for_machines(text: str) -> bool:
    """Return whether a text gives orders to software, or carries an address or a link."""
    text = " ".join(unicodedata.normalize("NFKC", visible(text)).split())
    return bool(_ORDERS.search(text) or _ADDRESS.search(text))


def safe_url(url: str | None) -> str | None:
    """Return the URL if it is an ordinary web address; a page may show it, a mail never does."""
    if url and re.fullmatch(r"https?://[^\s<>\"'\\]{1,2000}", url):
        return url
    return None
