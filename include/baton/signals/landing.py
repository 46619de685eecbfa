"""Lands the signals of one source: set by set, in one transaction, nothing lost and nothing twice."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from baton.core.ids import new_id
from baton.signals.records import Reject, Signal, Source

BLOCK = 2_000

# A signal is known by its key alone: a page that is dated anew each day is no news.
_LAND = """
with offered as (
    select distinct on (natural_key) *
    from unnest(%(natural_key)s::text[], %(occurred_at)s::timestamptz[], %(signal_type)s::text[],
                %(domain)s::text[], %(email)s::text[], %(company)s::text[], %(title)s::text[],
                %(url)s::text[], %(payload)s::jsonb[])
        as o (natural_key, occurred_at, signal_type, domain, email, company, title, url, payload)
    order by natural_key, occurred_at
)
insert into landing.signal (source, natural_key, occurred_at, run_id, signal_type, domain, email,
                            company, title, url, payload)
select %(source)s, natural_key, occurred_at, %(run_id)s, signal_type, domain, email, company, title,
       url, payload
from offered o
where not exists (
    select from landing.signal s where s.source = %(source)s and s.natural_key = o.natural_key)
on conflict (source, natural_key, occurred_at) do nothing
"""

# What was refused before, for the same reason, is no further reject: a bad entry stays in its feed
# for weeks.
QUARANTINE = """
with offered as (
    select distinct reason, payload
    from unnest(%(reason)s::text[], %(payload)s::text[]) as o (reason, payload)
)
insert into landing.quarantine (intake_id, source, reason, payload)
select %(intake_id)s, %(source)s, reason, payload
from offered o
where not exists (
    select from landing.quarantine q
    where q.source = %(source)s and md5(q.payload) = md5(o.payload) and q.reason = o.reason)
"""


@dataclass
class Counts:
    """What became of what came in: `received` is the sum of the three others."""

    received: int = 0
    accepted: int = 0
    duplicates: int = 0
    quarantined: int = 0

    def __str__(self) -> str:
        """Return "6 received: 4 accepted, 1 duplicates, 1 quarantined"."""
        return (
            f"{self.received} received: {self.accepted} accepted, {self.duplicates} duplicates, "
            f"{self.quarantined} quarantined"
        )

    def __add__(self, other: "Counts") -> "Counts":
        """Return both together."""
        return Counts(
            self.received + other.received,
            self.accepted + other.accepted,
            self.duplicates + other.duplicates,
            self.quarantined + other.quarantined,
        )


def keep(
    conn: psycopg.Connection[Any],
    run_id: str,
    name: str,
    source: Source,
    items: Iterable[Any],
) -> tuple[Counts, list[Reject]]:
    """Parse and land the items of the source `name`, in the caller's transaction.

    Returns the counts and every reject, those that were quarantined before among them.
    """
    intake_id = new_id("int")
    total = Counts()
    refused: list[Reject] = []
    for block in _blocks(items):
        parsed = [source.parse(item) for item in block]
        rejects = [p for p in parsed if isinstance(p, Reject)]
        signals = [p for p in parsed if isinstance(p, Signal)]
        total += _keep_block(conn, run_id, name, intake_id, signals, rejects)
        refused += rejects
    write_intake(conn, intake_id, run_id, name, "signal", total)
    return total, refused


def keep_refused(
    conn: psycopg.Connection[Any], run_id: str, name: str, rejects: list[Reject]
) -> None:
    """Keep the rejects of a batch of which nothing else was landed: they are what is to be mended."""
    intake_id = new_id("int")
    quarantined = quarantine(conn, intake_id, name, rejects)
    counts = Counts(len(rejects), 0, len(rejects) - quarantined, quarantined)
    write_intake(conn, intake_id, run_id, name, "refused_signal", counts)


def _keep_block(
    conn: psycopg.Connection[Any],
    run_id: str,
    name: str,
    intake_id: str,
    signals: list[Signal],
    rejects: list[Reject],
) -> Counts:
    accepted = 0
    if signals:
        columns: dict[str, Any] = {
            field: [getattr(signal, field) for signal in signals]
            for field in ("natural_key", "occurred_at", "signal_type", "domain", "email",
                          "company", "title", "url")
        }  # fmt: skip
        columns["payload"] = [Jsonb(signal.payload) for signal in signals]
        accepted = conn.execute(_LAND, {**columns, "source": name, "run_id": run_id}).rowcount
    quarantined = quarantine(conn, intake_id, name, rejects)
    received = len(signals) + len(rejects)
    return Counts(received, accepted, received - accepted - quarantined, quarantined)


def quarantine(
    conn: psycopg.Connection[Any], intake_id: str, source: str, rejects: list[Reject]
) -> int:
    """Keep rejects with their reasons; return how many of them were not there before."""
    if not rejects:
        return 0
    params = {
        "intake_id": intake_id,
        "source": source,
        "reason": [reject.reason for reject in rejects],
        "payload": [reject.payload for reject in rejects],
    }
    return conn.execute(QUARANTINE, params).rowcount


def write_intake(
    conn: psycopg.Connection[Any],
    intake_id: str,
    run_id: str | None,
    source: str,
    entity: str,
    counts: Counts,
) -> None:
    """Write down what came in. The database refuses counts that do not add up."""
    conn.execute(
        """
        insert into landing.intake (id, run_id, source, entity, received, accepted, duplicates,
                                    quarantined)
        values (%s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (intake_id, run_id, source, entity, counts.received, counts.accepted, counts.duplicates,
         counts.quarantined),
    )  # fmt: skip


def _blocks(items: Iterable[Any]) -> Iterator[list[Any]]:
    stream = iter(items)
    while block := list(islice(stream, BLOCK)):
        yield block
