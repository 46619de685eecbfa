"""A brief as a rep reads it, half a minute before the meeting.

The first lines answer, in this order: who, what to say first, what they last said, why now. What was
exchanged, word for word, stands below.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import psycopg

from baton.core.outside import host_of, one_line, quoted, unlinked, visible
from baton.warehouse.connect import Row, one

TOP_SIGNALS = 3
LONGEST_NAME = 120
LONGEST_PLACE = 1_000
LONGEST_MESSAGE = 2_000


@dataclass(frozen=True)
class Brief:
    """A version of a meeting's brief, and what the page and the calendar say around it.

    `company` is what is known of the account, such as "Retail, 250 employees, DE". `signals` are {"type",
    "title", "text", "source", "at", "url", "weight", "doubt", "remark"}, strongest first and the
    doubtful below all others; `weight` is in points of the score. `thread` are
    {"at", "by", "kind", "subject", "text"} in order of time; `by` is "us", "them" or "system".
    """

    id: str
    version: int
    meeting_id: str
    starts_at: datetime
    ends_at: datetime
    guest_name: str
    guest_title: str
    guest_email: str
    account_name: str
    company: str
    location: str
    owner_name: str
    owner_timezone: str
    signals: Sequence[Mapping[str, Any]]
    thread: Sequence[Mapping[str, Any]]
    opener: str
    missing: Sequence[str]

    @property
    def is_complete(self) -> bool:
        """Whether nothing is missing."""
        return not self.missing

    def local(self, moment: datetime | str) -> datetime:
        """Return a time as the rep's clock shows it."""
        return local(moment, self.owner_timezone)

    @property
    def when(self) -> str:
        """The meeting's time, such as "Tue 24 Nov 2026, 15:00 to 15:30 (Europe/Berlin)"."""
        return span(self.starts_at, self.ends_at, self.owner_timezone)

    @property
    def who(self) -> str:
        """The guest, such as "Ada Lopez, Head of Planning, Acme"."""
        words = (self.guest_name or self.guest_email, self.guest_title, self.account_name)
        return ", ".join(word for word in words if word)

    @property
    def further(self) -> list[Mapping[str, Any]]:
        """The signals below the strongest, newest first, the doubtful last.

        The strongest are so at the time of the meeting, while the points shown are those when scored;
        in a longer list that order would explain itself to nobody.
        """
        newest = sorted(self.signals[TOP_SIGNALS:], key=lambda s: str(s["at"]), reverse=True)
        return sorted(newest, key=lambda s: bool(s.get("doubt")))

    @property
    def last_word(self) -> str:
        """The last thing that they wrote, on one line, or nothing."""
        said = [item for item in self.thread if item["by"] == "them" and item.get("text")]
        return " ".join(str(said[-1]["text"]).split())[:280] if said else ""


def local(moment: datetime | str, timezone: str) -> datetime:
    """Return a time in a time zone; where the zone is unknown, as it is."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    try:
        return moment.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return moment


def span(starts_at: datetime, ends_at: datetime, timezone: str) -> str:
    """Return a meeting's time, such as "Tue 24 Nov 2026, 15:00 to 15:30 (Europe/Berlin)"."""
    start, end = local(starts_at, timezone), local(ends_at, timezone)
    return f"{start:%a} {_day(start)} {start:%Y, %H:%M} to {end:%H:%M} ({timezone})"


QUERY = """
    select b.id, b.version, b.meeting_id, b.signals, b.thread, coalesce(b.opener, '') as opener,
        b.missing, m.starts_at, m.ends_at,
        coalesce(c.full_name, k.guest_name, '') as guest_name, coalesce(c.title, '') as guest_title,
        coalesce(c.email, k.guest_email) as guest_email, coalesce(a.name, '') as account_name,
        concat_ws(', ', a.industry, a.employees || ' employees', a.country) as company,
        coalesce(m.location, '') as location,
        coalesce(o.name, '') as owner_name, coalesce(o.timezone, 'UTC') as owner_timezone
    from ops.brief b
    join ops.meeting m on m.id = b.meeting_id
    join ops.booking k on k.id = m.booking_id
    left join ops.contact c on c.id = m.contact_id
    left join ops.account a on a.id = m.account_id
    left join ops.rep o on o.id = m.owner_rep_id
    join ops.released_run r on r.id = b.run_id
    where b.meeting_id = %s
    order by b.version desc limit 1
"""


def load(conn: psycopg.Connection[Any], meeting_id: str) -> Brief | None:
    """Return the newest released version of a meeting's brief, or None."""
    row = one(conn, QUERY, (meeting_id,))
    return None if row is None else Brief(**readable(row))


def readable(row: Row) -> Row:
    """Return a brief's row with whatever came from outside as `core.outside` lets it be seen."""
    lines = ("guest_name", "guest_title", "guest_email", "account_name", "company", "owner_name")
    signals = [{**s, "title": one_line(s["title"]), "text": one_line(s.get("text") or s["title"]),
                "source": one_line(s["source"], LONGEST_NAME)} for s in row["signals"]]  # fmt: skip
    thread = [{**i, "subject": one_line(i.get("subject") or ""), "text": visible(i.get("text") or "")}
              for i in row["thread"]]  # fmt: skip
    return {
        **row,
        **{name: one_line(row[name], LONGEST_NAME) for name in lines},
        "location": one_line(row["location"], LONGEST_PLACE),
        "signals": signals,
        "thread": thread,
        "opener": visible(row["opener"]),
    }


def text(brief: Brief) -> str:
    """Return the brief as plain text.

    Calendars and terminals make addresses live, so those of others are named by their host only.
    """
    about = (
        ("WHO", unlinked(brief.who)),
        ("MAIL", unlinked(brief.guest_email)),
        ("FIRM", unlinked(brief.company)),
        ("WHEN", brief.when),
        ("WHERE", place(brief.location)),
    )
    parts = [f"{name:<5} {said}" for name, said in about if said]
    if brief.missing:
        parts += ["", f"THIS BRIEF IS NOT COMPLETE: {', '.join(brief.missing)}"]
    parts += ["", "SAY FIRST", unlinked(brief.opener) or "(nothing yet)"]
    if brief.last_word:
        parts += ["", "THEY LAST WROTE", unlinked(quoted(brief.last_word))]
    parts += [
        "",
        f"WHY NOW ({len(brief.signals)} signals, strongest first, quoted from their sources)",
    ]
    parts += [signal_line(brief, signal) for signal in brief.signals[:TOP_SIGNALS]]
    if not brief.signals:
        parts.append("- No signal lifted them: they came by themselves.")
    if brief.further:
        parts.append(f"- and {len(brief.further)} more, at the end")
    parts += ["", f"SO FAR ({len(brief.thread)})"]
    for item in brief.thread:
        ours = item["by"] == "us"
        line = thread_line(brief, item)
        parts.append(line if ours else unlinked(line))
        if item.get("text"):
            said = shortened(item["text"])
            parts += [f"  > {line}" for line in (said if ours else unlinked(said)).splitlines()]
    if brief.further:
        parts += ["", "FURTHER SIGNALS, NEWEST FIRST"]
        parts += [signal_line(brief, signal) for signal in brief.further]
    return "\n".join(parts) + "\n"


def place(location: str) -> str:
    """Return where a meeting is. Its own address has to work; inside other words it is named only."""
    return location if host_of(location) else unlinked(location)


def signal_line(brief: Brief, signal: Mapping[str, Any]) -> str:
    """Return one signal on one line: when, its words in quotation marks, what, how heavy, from where."""
    day = _day(brief.local(signal["at"]))
    said = unlinked(quoted(words_of(signal))) if signal["text"] else kind_of(signal)
    about = ", ".join(facts(signal, host_of(signal.get("url"))))
    return f"- {day}: {said} ({about})"


def words_of(signal: Mapping[str, Any]) -> str:
    """Return a signal's headline, or its whole text where that says the headline again (a job title)."""
    title, text = str(signal["title"]), str(signal["text"])
    return title if text.startswith(f"{title.rstrip('.')}. ") else text


def kind_of(signal: Mapping[str, Any]) -> str:
    """Return a signal's type in words."""
    return str(signal["type"]).replace("_", " ")


def facts(signal: Mapping[str, Any], host: str | None) -> list[str]:
    """Return what is said about a signal: its kind, weight, doubts, remark, and where it comes from."""
    told = [kind_of(signal)]
    if signal.get("weight") is not None:
        told.append(f"{signal['weight']:g} points when scored")
    told += [str(signal[name]) for name in ("doubt", "remark") if signal.get(name)]
    return [*told, f"source: {host or signal['source']}"]


def thread_line(brief: Brief, item: Mapping[str, Any]) -> str:
    """Return one line that says when, who and what, such as `24 Nov 09:12, they replied: "Re: x"`."""
    at = brief.local(item["at"])
    subject = item.get("subject")
    if subject and item["by"] != "us":
        subject = quoted(subject)
    return f"- {_day(at)} {at:%H:%M}, {item['kind']}{f': {subject}' if subject else ''}"


def shortened(message: str) -> str:
    """Return a message, cut where it would bury the rest of the brief."""
    message = message.strip()
    if len(message) <= LONGEST_MESSAGE:
        return message
    return f"{message[:LONGEST_MESSAGE]} [... {len(message) - LONGEST_MESSAGE} characters more]"


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%b}"
