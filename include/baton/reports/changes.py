"""`baton report --changes`: which figures differ between two reports, and the mart behind each."""

from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.reports.model import Figure
from baton.reports.store import FIGURE
from baton.warehouse.connect import Row, one, rows

NEWEST = "select id, run_id, as_of, made_at from ops.report"
ORDER = "order by as_of desc, made_at desc limit 1"
BEFORE = f"{NEWEST} where (as_of, made_at) < (%(as_of)s, %(made_at)s) {ORDER}"
SINCE = f"{NEWEST} where as_of <= %(since)s {ORDER}"

DIFFERENT = f"""
    with b as (select * from ops.report_metric where report_id = %(before)s),
    a as (select * from ops.report_metric where report_id = %(after)s)
    select {", ".join(f"b.{name} as before_{name}, a.{name} as after_{name}" for name in FIGURE)},
        d.label, d.model, d.position,
        (was.description, was.numerator, was.denominator, was.unit, was.maturity_days, was.model)
        is distinct from
        (d.description, d.numerator, d.denominator, d.unit, d.maturity_days, d.model)
        and was.metric is not null and a.metric is not null as is_redefined
    from b
    -- a full join takes no "is not distinct from"; amounts without a currency share the empty one
    full join a on a.metric = b.metric and a.cut = b.cut and a.cut_value = b.cut_value
        and coalesce(a.currency, '') = coalesce(b.currency, '')
    left join ops.report_definition was
        on was.report_id = %(before)s and was.metric = coalesce(a.metric, b.metric)
    join ops.report_definition d
        on d.metric = coalesce(a.metric, b.metric)
        and d.report_id = case when a.metric is null then %(before)s else %(after)s end
    where (a.value, a.numerator, a.denominator) is distinct from (b.value, b.numerator, b.denominator)
"""


@dataclass(frozen=True)
class Made:
    """One of the two reports: when it stands and which run made it."""

    id: str
    run_id: str
    as_of: datetime
    made_at: datetime


@dataclass(frozen=True)
class Change:
    """A figure that differs. `before` or `after` is None where that report has no such figure.

    `model` is the mart whose rows it counts; `redefined` says that the metric meant another thing in
    the report before. `size` is 0 to 1 (2 where the sign changes): the share of the larger value.
    """

    stage: str
    metric: str
    label: str
    cut: str
    cut_value: str
    currency: str | None
    model: str
    before: Figure | None
    after: Figure | None
    redefined: bool
    size: Decimal


@dataclass(frozen=True)
class Changes:
    """All that differs from one report to the next, largest first; `before` is None without one."""

    after: Made
    before: Made | None
    changes: tuple[Change, ...]


def changes_of(conn: psycopg.Connection[Any], since: datetime | None = None) -> Changes:
    """Compare the newest report with the one before, or with the newest as of `since` or earlier.

    Raises InputError if there is no report, or none other to compare with as of `since`.
    """
    newest = one(conn, f"{NEWEST} {ORDER}")
    if newest is None:
        raise InputError(
            "There is no report yet; the DAG revenue_attribution (baton run attribution) makes one."
        )
    earlier = _earlier(conn, newest, since)
    if earlier is None:
        return Changes(Made(**newest), None, ())
    found = rows(conn, DIFFERENT, {"before": earlier["id"], "after": newest["id"]})
    position = {row["after_metric"] or row["before_metric"]: row["position"] for row in found}
    changes = sorted(
        (_change(row) for row in found),
        # Of equal changes, the whole comes before its parts, and the report's order decides.
        key=lambda c: (-c.size, c.cut != "all", position[c.metric], c.cut, c.cut_value),
    )
    return Changes(Made(**newest), Made(**earlier), tuple(changes))


def moment(text: str) -> datetime:
    """Return the time that --since names; a date is its first moment, and both are UTC unless said.

    Raises InputError if it names none.
    """
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"--since {text!r} is no time; write a date or time such as 2026-03-01 or 2026-03-01T09:00Z."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _earlier(conn: psycopg.Connection[Any], newest: Row, since: datetime | None) -> Row | None:
    if since is None:
        return one(conn, BEFORE, newest)
    if newest["as_of"] <= since:
        raise InputError(
            f"The newest report is as of {newest['as_of'].isoformat()}, which is not after "
            f"{since.isoformat()}; leave --since out to compare it with the one before."
        )
    found = one(conn, SINCE, {"since": since})
    if found is None:
        oldest = one(conn, f"{NEWEST} order by as_of, made_at limit 1") or newest
        raise InputError(
            f"There is no report as of {since.isoformat()} or earlier; the oldest is as of "
            f"{oldest['as_of'].isoformat()}."
        )
    return found


def _change(row: Row) -> Change:
    before, after = (_figure(row, side) for side in ("before_", "after_"))
    known = after or before
    assert known is not None, "a full join has one side at least"
    return Change(
        known.stage, known.metric, row["label"], known.cut, known.cut_value, known.currency,
        row["model"], before, after, row["is_redefined"], _size(before, after),
    )  # fmt: skip


def _figure(row: Row, side: str) -> Figure | None:
    if row[f"{side}metric"] is None:
        return None
    return Figure(**{name: row[side + name] for name in FIGURE})


def _size(before: Figure | None, after: Figure | None) -> Decimal:
    """Return how large a change is, on one scale for all units.

    It is the value's; where that stayed, what it is counted of has changed, and that is no change
    of the value however large, so it counts nothing.
    """
    was, now = (None if figure is None else figure.value for figure in (before, after))
    if was == now:
        return Decimal(0)
    if was is None or now is None or was.is_infinite() or now.is_infinite():
        return Decimal(1)
    return abs(now - was) / max(abs(now), abs(was))
