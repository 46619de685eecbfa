"""Reads one inbound mail: who wrote, what is new in it, and whether a machine wrote it.

Everything in here came from outside and is data: it names no recipient, no link and no tool.
"""

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from email import message_from_string
from email.message import Message
from email.utils import parseaddr
from typing import Any

# More than this is not read: nobody says what they want after 20,000 characters.
LONGEST = 20_000

SEND_KEY = re.compile(r"\bsnd_[0-9a-f]{32}\b")

# RFC 3834 and what the common programs do beside it.
AUTOMATIC_HEADERS = ("x-autoreply", "x-autorespond", "x-autoresponder", "x-auto-reply")
AUTOMATIC_PRECEDENCE = {"auto_reply", "auto-reply", "junk", "bulk"}
AUTOMATIC_SUBJECT = re.compile(
    r"""^\W*(?:(?:re|aw|fwd?|sv|tr|wg)\s*:\s*)*(?:
        automatic\ reply | auto(?:mated)?[\s-]*(?:reply|response) | out\ of\ (?:the\ )?office
      | automatische\ antwort | abwesenheit | nicht\ im\ b[uü]ro
      | r[ée]ponse\ automatique | absence\ du\ bureau | absent\ du\ bureau
      | respuesta\ autom[aá]tica | fuera\ de\ (?:la\ )?oficina
      | risposta\ automatica | fuori\ (?:sede|ufficio)
      | resposta\ autom[aá]tica | fora\ do\ escrit[oó]rio
      | automatisch\ antwoord | afwezig | autosvar | automatiskt?\ svar | fr[aå]nvaro
      | automaattinen\ vastaus | odpowied[zź]\ automatyczna | automatick[aá]\ odpov[eě][dď]
      | 自動応答 | 自動返信 | 不在 | 自动回复
    )""",
    re.IGNORECASE | re.VERBOSE,
)
BOUNCE_SENDER = re.compile(r"^(?:mailer-daemon|postmaster)@", re.IGNORECASE)
PERMANENT = re.compile(r"\b5\.\d{1,3}\.\d{1,3}\b|\b55[0-4]\b")

# Where the thread begins that mail programs quote below the new words.
QUOTE_BEGINS = re.compile(
    r"""^(?:
        >.*
      | \s*on\ .{4,200}\ wrote:\s*
      | \s*am\ .{4,200}\ schrieb.{0,200}:\s*
      | \s*le\ .{4,200}\ a\ [ée]crit\s?:\s*
      | \s*el\ .{4,200}\ escribi[oó]:\s*
      | \s*il\ .{4,200}\ ha\ scritto:\s*
      | \s*op\ .{4,200}\ schreef.{0,200}:\s*
      | \s*-{2,}\s*(?:original\ message|urspr[uü]ngliche\ nachricht|message\ d'origine).*
      | \s*_{10,}\s*
      | \s*(?:from|von|de|da|van):\ .+@.+
    )$""",
    re.IGNORECASE | re.VERBOSE,
)

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier enero",
            "feb february februar février fevrier febrero",
            "mar march märz maerz mars marzo",
            "apr april avril abril",
            "may mai mayo",
            "jun june juni juin junio",
            "jul july juli juillet julio",
            "aug august août aout agosto",
            "sep sept september septembre septiembre",
            "oct october oktober octobre octubre",
            "nov november novembre noviembre",
            "dec december dezember décembre decembre diciembre",
        ),
        start=1,
    )
    for name in names.split()
}
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
DATE = re.compile(
    rf"""\b(?:
        (?P<y1>20\d\d)-(?P<m1>\d\d)-(?P<d1>\d\d)
      | (?P<d2>\d{{1,2}})\.(?P<m2>\d{{1,2}})\.(?P<y2>20\d\d)?
      | (?P<d3>\d{{1,2}})(?:st|nd|rd|th|\.|er)?\s+(?:de\s+)?(?P<m3>{_MONTH})\b\.?
        (?:\s+(?:de\s+)?(?P<y3>20\d\d))?
      | (?P<m4>{_MONTH})\.?\s+(?P<d4>\d{{1,2}})(?:st|nd|rd|th)?\b(?:,?\s+(?P<y4>20\d\d))?
    )""",
    re.IGNORECASE | re.VERBOSE,
)
# An absence that ends later than this was read wrongly.
LONGEST_ABSENCE = timedelta(days=90)


@dataclass(frozen=True)
class Inbound:
    """One inbound mail. `text` is what is new in it; `send_keys` are ours, if it answers a mail."""

    sender: str
    subject: str
    text: str
    received_at: datetime
    send_keys: tuple[str, ...]
    is_automatic: bool
    is_bounce: bool
    is_permanent: bool


def read(row: dict[str, Any]) -> Inbound:
    """Read a row of `landing.inbound_message`. Whatever is missing reads as empty."""
    headers = message_from_string((row["headers"] or "").lstrip())
    body = (row["body"] or "")[:LONGEST].replace("\r\n", "\n")
    sender = parseaddr(row["sender"] or "")[1].lower()
    subject = " ".join((row["subject"] or "").split())
    is_bounce = bool(BOUNCE_SENDER.match(sender)) or "report-type=delivery-status" in str(
        headers.get("content-type", "")
    )
    thread = " ".join(str(headers.get(name, "")) for name in ("in-reply-to", "references"))
    keys = SEND_KEY.findall(thread) or (SEND_KEY.findall(body) if is_bounce else [])
    return Inbound(
        sender=sender,
        subject=subject,
        text=new_words(body),
        received_at=row["occurred_at"],
        send_keys=tuple(dict.fromkeys(keys)),
        is_automatic=is_bounce or is_automatic(headers, subject),
        is_bounce=is_bounce,
        is_permanent=is_bounce and bool(PERMANENT.search(body)),
    )


def is_automatic(headers: Message, subject: str) -> bool:
    """Tell whether a machine answered: by its headers (RFC 3834), else by the subject."""
    submitted = str(headers.get("auto-submitted", "no")).partition(";")[0].strip().lower()
    precedence = str(headers.get("precedence", "")).strip().lower()
    return (
        submitted != "no"
        or precedence in AUTOMATIC_PRECEDENCE
        or any(name in headers for name in AUTOMATIC_HEADERS)
        or str(headers.get("return-path", "-")).strip() == "<>"
        or bool(AUTOMATIC_SUBJECT.match(subject))
    )


def new_words(body: str) -> str:
    """Return what the writer added, without the thread that is quoted below it.

    Answers between quoted lines are kept: then only the quoted lines go.
    """
    lines = body.splitlines()
    begin = next((i for i, line in enumerate(lines) if QUOTE_BEGINS.match(line)), len(lines))
    above = "\n".join(lines[:begin]).strip()
    if above:
        return above
    return "\n".join(line for line in lines if not QUOTE_BEGINS.match(line)).strip()


def back_on(text: str, received: datetime) -> datetime | None:
    """Return the moment from which an absent person is back: the latest date in their note.

    Dates are read as "2027-03-08", "8.3.2027", "8 March 2027" or "March 8" in several languages;
    without a year it is the next such day. None without a date within 90 days.
    """
    found = [
        moment
        for match in DATE.finditer(text[:LONGEST])
        if (day := _date(match, received.date())) is not None
        and received < (moment := datetime.combine(day, time(), UTC)) <= received + LONGEST_ABSENCE
    ]
    return max(found, default=None)


def _date(match: re.Match[str], today: date) -> date | None:
    for form in "1234":
        day, month, year = (match[f"{part}{form}"] for part in "dmy")
        if day is None or month is None:
            continue
        # A letter that only looks like one of the name's (a dotless i) is matched, and no month's.
        number = int(month) if month.isdigit() else MONTHS.get(month.lower())
        if number is None:
            return None
        try:
            if year is not None:
                return date(int(year), number, int(day))
            this_year = date(today.year, number, int(day))
            return this_year if this_year >= today else date(today.year + 1, number, int(day))
        except ValueError:
            return None
    return None
