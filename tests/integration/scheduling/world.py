"""Rows that the meeting layers start from: reps, accounts, contacts, leads, landed bookings."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from baton.core.ids import new_id
from baton.warehouse.run import Run

MakeRun = Callable[..., Run]
T0 = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
START = datetime(2031, 3, 6, 14, 0, tzinfo=UTC)  # far ahead: the meeting is still to come


def release(conn: psycopg.Connection[Any], run: Run) -> None:
    conn.execute("update ops.run set released_at = ops.now() where id = %s", (run.id,))
    conn.commit()


def rep(
    conn: psycopg.Connection[Any], name: str = "Clara Voss", *, active: bool = True
) -> tuple[str, str]:
    """Return (id, address) of a new rep."""
    email = f"{new_id('rep')}@seller.example"
    row = conn.execute(
        "insert into ops.rep (email, name, timezone, active) "
        "values (%s, %s, 'Europe/Berlin', %s) returning id",
        (email, name, active),
    ).fetchone()
    conn.commit()
    return row[0], email


def account(conn: psycopg.Connection[Any], owner: str | None = None) -> tuple[str, str]:
    """Return (id, domain) of a new account."""
    domain = f"{new_id('a')}.example".replace("_", "")
    row = conn.execute(
        "insert into ops.account (domain, name, owner_rep_id) values (%s, 'Acme Works', %s) "
        "returning id",
        (domain, owner),
    ).fetchone()
    conn.commit()
    return row[0], domain


def contact(conn: psycopg.Connection[Any], account_id: str, domain: str) -> tuple[str, str]:
    """Return (id, address) of a new contact."""
    email = f"{new_id('p')}@{domain}".replace("_", "")
    row = conn.execute(
        """
        with p as (insert into ops.person default values returning id)
        insert into ops.contact (person_id, account_id, email, address_key, full_name, title)
        select id, %s, %s, %s, 'Ada Lopez', 'Head of Planning' from p returning id
        """,
        (account_id, email, f"key-{email}"),
    ).fetchone()
    conn.commit()
    return row[0], email


def lead(conn: psycopg.Connection[Any], run: Run, contact_id: str, rep_id: str | None) -> str:
    """Return a new lead that `run` routed to `rep_id`."""
    row = conn.execute(
        """
        insert into ops.lead (contact_id, person_id, account_id, sequence, icp_fit, intent_score,
            lead_score, icp_quartile, cut_version, model_version, reasons, first_signal_at,
            eligible_at, run_id)
        select id, person_id, account_id, 'signal-first-touch', 80, 5, 0.2, 1, 'c1', 'm1', '[]',
            ops.now() - interval '2 days', ops.now(), %s
        from ops.contact where id = %s returning id
        """,
        (run.id, contact_id),
    ).fetchone()
    if rep_id:
        conn.execute(
            "insert into ops.routing_decision (lead_id, rep_id, rule, reason, policy_hash, run_id) "
            "values (%s, %s, 'region', 'their region', 'h', %s)",
            (row[0], rep_id, run.id),
        )
    conn.commit()
    return row[0]


def signal(
    conn: psycopg.Connection[Any], run: Run, domain: str, kind: str = "hiring",
    title: str = "Acme Works hires 14 demand planners", days_ago: int = 3, summary: str = "",
) -> str:  # fmt: skip
    key = new_id("sig")
    conn.execute(
        "insert into landing.signal (source, natural_key, occurred_at, run_id, signal_type, domain,"
        " title, url, payload) values ('jobs', %s, ops.now() - make_interval(days => %s), %s, %s,"
        " %s, %s, 'https://jobs.example/1', %s)",
        (key, days_ago, run.id, kind, domain, title, Jsonb({"summary": summary})),
    )
    conn.commit()
    return key


def booking(
    conn: psycopg.Connection[Any], trigger: str, uid: str, guest: str, host: str,
    *, start: datetime = START, at: datetime = T0, **more: Any,
) -> None:  # fmt: skip
    """Land one Cal.com event, as the receiver does."""
    payload = {
        "triggerEvent": trigger,
        "createdAt": at.isoformat(),
        "payload": {
            "uid": uid,
            "title": "Demo",
            "startTime": start.isoformat(),
            "endTime": (start + timedelta(minutes=30)).isoformat(),
            "organizer": {"email": host, "name": "Host"},
            "attendees": [{"email": guest, "name": "Ada Lopez"}],
            **more,
        },
    }
    land_booking(conn, trigger, payload, at)


def land_booking(
    conn: psycopg.Connection[Any], trigger: str, payload: Any, at: datetime = T0
) -> None:
    conn.execute(
        "insert into landing.booking_event (source, natural_key, occurred_at, event_type, payload) "
        "values ('cal', %s, %s, %s, %s) on conflict do nothing",
        (new_id("evt"), at, trigger, Jsonb(payload)),
    )
    conn.commit()


def transcript(
    conn: psycopg.Connection[Any], uid: str | None, payload: Any, at: datetime = T0
) -> str:
    key = new_id("tr")
    conn.execute(
        "insert into landing.transcript (source, natural_key, occurred_at, meeting_uid, payload) "
        "values ('recorder', %s, %s, %s, %s)",
        (key, at, uid, Jsonb(payload)),
    )
    conn.commit()
    return key


def checksum(conn: psycopg.Connection[Any], *tables: str) -> str:
    """Return a hash of whole tables, without the columns that say which run looked last."""
    parts = []
    for table in tables:
        row = conn.execute(
            f"select md5(coalesce(string_agg(md5((to_jsonb(t) - 'run_id')::text), '' "
            f"order by md5((to_jsonb(t) - 'run_id')::text)), '')) from {table} t"
        ).fetchone()
        parts.append(row[0])
    conn.commit()
    return ":".join(parts)
