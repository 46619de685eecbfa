"""Days that people say aloud, as dates: "6 March 2026", "March 6", "by Friday", "tomorrow"."""

import re
from datetime import date, timedelta

MONTHS = {
    name: number
    for number, names in enumerate(
        ("january jan", "february feb", "march mar", "april apr", "may", "june jun", "july jul",
         "august aug", "september sep sept", "october oct", "november nov", "december dec"), start=1
    )
    for name in names.split()
}  # fmt: skip
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTH = "|".join(sorted(MONTHS, key=len, reverse=True))
_ISO = re.compile(r"\b(\d{4})-(\d{2})-(\d{2})\b")
_DAY_FIRST = re.compile(
    rf"\b(\d{{1,2}})(?:st|nd|rd|th)?(?: of)? ({_MONTH})\b\.?(?:,? (\d{{4}}))?", re.IGNORECASE
)
_MONTH_FIRST = re.compile(
    rf"\b({_MONTH})\.? (\d{{1,2}})(?:st|nd|rd|th)?\b(?:,? (\d{{4}}))?", re.IGNORECASE
)
_WEEKDAY = re.compile(
    rf"\b(?:by|on|until|this|next|before) (?:next )?({'|'.join(DAYS)})\b", re.IGNORECASE
)
_TOMORROW = re.compile(r"\btomorrow\b", re.IGNORECASE)
_SOONEST, _LATEST = timedelta(days=-1), timedelta(days=730)


def dates_in(text: str, said_on: date) -> list[date]:
    """Return the days named in `text`, in order; relative ones count from `said_on`.

    A day without a year is the next one of that name. What is no day (30 February) is left out.
    """
    found: list[tuple[int, date | None]] = [
        *((m.start(), _day(int(m[1]), int(m[2]), int(m[3]))) for m in _ISO.finditer(text)),
        *((m.start(), _named(m[1], m[2], m[3], said_on)) for m in _DAY_FIRST.finditer(text)),
        *((m.start(), _named(m[2], m[1], m[3], said_on)) for m in _MONTH_FIRST.finditer(text)),
        *((m.start(), _next(m[1], said_on)) for m in _WEEKDAY.finditer(text)),
        *((m.start(), said_on + timedelta(days=1)) for m in _TOMORROW.finditer(text)),
    ]
    return list(dict.fromkeys(day for _, day in sorted(found, key=lambda f: f[0]) if day))


def due_date(value: str | None, quote: str, said_on: date) -> date | None:
    """Return the day by which something is due, only if the quote says that very day.

    `value` is what a model made of it (ISO 8601); without one the quote's first day is taken. A day
    before the meeting or more than two years after it is none.
    """
    spoken = [d for d in dates_in(quote, said_on) if _SOONEST <= d - said_on <= _LATEST]
    if value is None:
        return spoken[0] if spoken else None
    try:
        meant = date.fromisoformat(value.strip())
    except ValueError:
        return None
    return meant if meant in spoken else None


def _next(weekday: str, said_on: date) -> date | None:
    if weekday.lower() not in DAYS:  # a letter that only looks like one of the name's
        return None
    ahead = (DAYS.index(weekday.lower()) - said_on.weekday() - 1) % 7 + 1
    return said_on + timedelta(days=ahead)


def _named(day: str, month: str, year: str | None, said_on: date) -> date | None:
    number = MONTHS.get(month.lower())
    if number is None:
        return None
    if year:
        return _day(int(year), number, int(day))
    found = _day(said_on.year, number, int(day))
    return found if found is None or found >= said_on else _day(said_on.year + 1, number, int(day))


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
