"""Moves the demo's time: the sandbox's market and Baton's own clock, always together."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

import httpx

from baton.clients.http import tls
from baton.core import clock
from baton.core.errors import BatonError
from baton.warehouse.connect import connect

# The demo begins on a Tuesday at ten, so that nobody's night or weekend decides how it ends, and
# far enough back that its two months and a half end about today.
TUESDAY = 1
OPENING = time(10, tzinfo=UTC)
LEAD_TIME = timedelta(days=77)


# One person for each rep: the last who got a message and did not opt out.
WRITTEN_TO = """
    select distinct on (r.id) c.email
    from ops.message m
    join ops.draft d on d.id = m.draft_id
    join ops.lead_owner o on o.lead_id = d.lead_id
    join ops.rep r on r.id = o.rep_id
    join ops.contact c on c.id = m.contact_id
    where m.state = 'delivered' and lower(r.email) = any(%s)
        and not exists (
            select from ops.hold h where h.scope = 'contact' and h.subject_id = c.id
                and h.kind = 'opt_out' and h.lifted_at is null)
    order by r.id, m.delivered_at desc, m.id
"""


class MarketError(BatonError):
    """The sandbox did not do what it was asked."""


@dataclass(frozen=True)
class Market:
    """The sandbox's control side and the database whose clock goes with it."""

    control: str
    database_url: str

    def now(self) -> datetime:
        """Return the market's time."""
        return datetime.fromisoformat(self._call("GET", "/clock")["now"])

    def open(self) -> datetime:
        """Start the day: the next Tuesday at ten, unless it is just that. Returns the time.

        What falls due until then (webhooks of a demo that was stopped) reaches the receiver before
        this returns.
        """
        with connect(self.database_url) as conn:
            shifted = conn.execute("select shift <> interval '0' from ops.clock").fetchone()
            latest = max(self.now(), clock.now(conn)) if shifted and shifted[0] else self.now()
        return self.advance(next_opening(latest) - self.now())

    def advance(self, by: timedelta) -> datetime:
        """Let time pass for the market and for Baton. Returns the new time."""
        # Baton's clock goes first: the receiver does not believe what lies in its future.
        self.set_clock(self.now() + max(by, timedelta(0)))
        self._call("POST", "/advance", {"by_seconds": max(0.0, by.total_seconds())})
        return self.set_clock(self.now())

    def set_clock(self, moment: datetime) -> datetime:
        """Set Baton's clock to the market's time. Works in a sandbox database only."""
        with connect(self.database_url) as conn:
            conn.execute(
                "update ops.clock set shift = %s::timestamptz - transaction_timestamp()", (moment,)
            )
            conn.execute("select landing.ensure_partitions(%s)", (moment,))
        return moment

    def book_ahead(self, reps: Sequence[str]) -> int:
        """Let one person who was written to by each of these reps book for tomorrow; return how many."""
        with connect(self.database_url) as conn:
            people = conn.execute(WRITTEN_TO, (list(reps),)).fetchall()
        tomorrow = (self.now() + timedelta(days=1)).replace(minute=30, second=0, microsecond=0)
        for (email,) in people:
            self._call(
                "POST", "/happen", {"kind": "book", "email": email, "start": tomorrow.isoformat()}
            )
        return len(people)

    def sent(self) -> dict[str, Any]:
        """Return the stand-in's audit of what was sent: accepted, duplicates, after opt-outs."""
        return self._call("GET", "/audit")

    def _call(self, method: str, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self.control}/_control{path}"
        try:
            # Two months of a market's life with all their webhooks take a while.
            answer = httpx.request(
                method, url, json=body, timeout=300, trust_env=False, verify=tls()
            )
        except httpx.HTTPError as error:
            raise MarketError(f"The sandbox does not answer at {url} ({error}).") from None
        if answer.is_error:
            raise MarketError(f"The sandbox refused {path}: {answer.text[:300]}")
        content: dict[str, Any] = answer.json()
        return content


def first_opening(today: datetime) -> datetime:
    """Return when a fresh demo begins: a Tuesday at ten UTC, LEAD_TIME or a little more ago."""
    day = (today - LEAD_TIME).date()
    day -= timedelta(days=(day.weekday() - TUESDAY) % 7)
    return datetime.combine(day, OPENING)


def next_opening(moment: datetime) -> datetime:
    """Return `moment` if it lies in a Tuesday's first hour from ten UTC, else the next such ten."""
    moment = moment.astimezone(UTC)
    opening = datetime.combine(moment.date(), OPENING)
    opening += timedelta(days=(TUESDAY - opening.weekday()) % 7)
    if opening <= moment < opening + timedelta(hours=1):
        return moment
    return opening if opening > moment else opening + timedelta(days=7)


def make_sandbox(database_url: str) -> None:
    """Mark a fresh warehouse as a sandbox, whose clock may be set; once marked it stays so."""
    with connect(database_url) as conn:
        conn.execute("update ops.clock set sandbox = true where not sandbox")
