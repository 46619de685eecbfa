"""Writes to the CRM: proposed as rows, carried out once, each with what stood there before.

A write goes from `proposed` to `dispatching` and from there to
- `written`,
- `failed`: the CRM definitely refused,
- `unknown`: no answer came; it is looked up by its marker, never repeated blindly,
- `proposed` again: the CRM was not reached, or asked to come later.
A write that no longer holds goes from `proposed` to `withdrawn`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

import psycopg
from psycopg.types.json import Jsonb

from baton.core.errors import VendorAmbiguous, VendorError, VendorUnavailable
from baton.ledger.crm_target import Crm, Missing, Place, open_crm
from baton.warehouse.connect import Row, one, rows, scalar
from baton.warehouse.run import Run

Kind = Literal["note", "field", "task"]
ObjectType = Literal["contact", "company", "deal"]

# A search index lags behind the records. Only after this time does "not found" mean "not there";
# then the request is made again. Our own figure, generous against the seconds that vendors name.
LOOK_UP_AFTER = timedelta(minutes=10)
GIVE_UP_AFTER = 3  # unanswered requests in a row: the CRM is down, the next run goes on


@dataclass(frozen=True)
class Proposal:
    """One write that is to be made.

    `object_key` is our contact id for a contact, and our account id for a company or for a deal
    (the account's open deal). `after` is {"body": text} for a note, {"subject", "body", "due_on"} for
    a task and {"value": value} for the property `field`. `quote` and `evidence` prove it.
    """

    kind: Kind
    object_type: ObjectType
    object_key: str
    after: Mapping[str, Any]
    idempotency_key: str
    field: str | None = None
    quote: str | None = None
    evidence: Mapping[str, Any] | None = None


def propose(conn: psycopg.Connection[Any], run: Run, proposal: Proposal) -> bool:
    """Enter a write in the caller's transaction; return whether it is new (by its idempotency key)."""
    inserted = conn.execute(
        """
        insert into ops.crm_write (layer, kind, object_type, object_key, field, after, quote,
                                   evidence, idempotency_key, run_id)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) on conflict (idempotency_key) do nothing
        """,
        (
            run.layer,
            proposal.kind,
            proposal.object_type,
            proposal.object_key,
            proposal.field,
            Jsonb(dict(proposal.after)),
            proposal.quote,
            Jsonb(dict(proposal.evidence or {})),
            proposal.idempotency_key,
            run.id,
        ),
    )
    return inserted.rowcount == 1


def withdraw(conn: psycopg.Connection[Any], write_id: str, why: str) -> bool:
    """Take back a write that has not left yet; return whether it could still be taken back."""
    done = conn.execute(
        "update ops.crm_write set state = 'withdrawn', detail = %s "
        "where id = %s and state = 'proposed'",
        (why, write_id),
    )
    return done.rowcount == 1


def carry_out(run: Run, crm: Crm | None = None) -> dict[str, int | str]:
    """Make the released writes of the run's layer, oldest first, each in transactions of its own.

    Returns how many ended in each state, and how many wait (for a connection, for a deal, for the
    CRM to come back). Only one process does this at a time per layer; another returns at once.
    Raises VendorError if the CRM refuses our credentials: then every write stays as it was.
    """
    own = crm or open_crm(run.settings)
    counts: dict[str, int | str] = {"written": 0, "failed": 0, "unknown": 0, "waiting": 0}
    with run.connect() as conn:
        ids = [row["id"] for row in rows(conn, DUE, {"layer": run.layer})]
        conn.commit()
        if own is None:
            return {**counts, "waiting": len(ids), "detail": "no CRM is connected"}
        try:
            if not scalar(conn, LOCK, (run.layer,)):
                return {**counts, "waiting": len(ids), "detail": "another process is writing"}
            conn.commit()
            if ids:
                own.check()
            unanswered = 0
            for number, write_id in enumerate(ids):
                state, answered = _carry(conn, own, write_id)
                unanswered = 0 if answered else unanswered + 1
                counts[state] = int(counts[state]) + 1
                if unanswered >= GIVE_UP_AFTER:
                    counts["waiting"] = int(counts["waiting"]) + len(ids) - number - 1
                    counts["detail"] = "the CRM does not answer; the next run goes on"
                    break
        finally:
            if crm is None:
                own.close()
    return counts


WAITING = """
    select w.id, w.state, w.detail, w.created_at,
        case when w.kind = 'field' then 'field ' || w.field else w.kind end as what,
        coalesce(c.full_name, a.name) as name
    from ops.crm_write w
    join ops.released_run r on r.id = w.run_id
    left join ops.contact c on c.id = w.object_key
    left join ops.account a on a.id = w.object_key
    where w.state in ('proposed', 'unknown') and w.detail is not null
    order by w.created_at, w.id limit %s
"""


def waiting(conn: psycopg.Connection[Any], limit: int = 100) -> list[Row]:
    """Return the released writes that were tried and are not made yet, oldest first.

    Each says `what` (a note, a task, a field) is for whom (`name`), since when (`created_at`) and what
    it waits for (`detail`), such as an open deal of the company.
    """
    return rows(conn, WAITING, (limit,))


# The lock belongs to the session, so it is gone as soon as its process is.
LOCK = "select pg_try_advisory_lock(hashtext('baton ledger crm'), hashtext(%s))"

DUE = """
    select w.id from ops.crm_write w
    join ops.released_run r on r.id = w.run_id
    where w.layer = %(layer)s and w.state in ('proposed', 'dispatching', 'unknown')
    order by w.created_at, w.id
"""


def _carry(conn: psycopg.Connection[Any], crm: Crm, write_id: str) -> tuple[str, bool]:
    """Carry one write as far as it goes; return the state to count and whether the CRM answered."""
    row = one(
        conn,
        "select w.*, ops.now() as now, c.email, "
        "coalesce(a.domain, b.domain) as domain from ops.crm_write w "
        "left join ops.contact c on c.id = w.object_key "
        "left join ops.account a on a.id = c.account_id "
        "left join ops.account b on b.id = w.object_key where w.id = %s",
        (write_id,),
    )
    conn.commit()
    assert row is not None
    try:
        place = crm.find(conn, row)
        conn.commit()
        if row["state"] in ("dispatching", "unknown"):
            settled = _settle(conn, crm, row, place)
            if settled is not None:
                return settled
        return _request(conn, crm, row, place)
    except Missing as error:
        conn.rollback()
        state = "proposed" if error.may_come else "failed"
        if row["state"] == "unknown":
            state = "unknown"
        _keep(conn, write_id, state, str(error))
        return ("waiting" if state == "proposed" else state), True
    except VendorAmbiguous as error:
        conn.rollback()
        _keep(conn, write_id, "unknown", str(error))
        return "unknown", False
    except VendorUnavailable as error:
        conn.rollback()
        # A refusal before anything was taken; what was in doubt before stays in doubt.
        in_doubt = row["state"] in ("dispatching", "unknown")
        _keep(conn, write_id, "unknown" if in_doubt else "proposed", str(error))
        return ("unknown" if in_doubt else "waiting"), False
    except VendorError as error:
        conn.rollback()
        _keep(conn, write_id, "failed", str(error))
        return "failed", True


def _settle(
    conn: psycopg.Connection[Any], crm: Crm, row: dict[str, Any], place: Place
) -> tuple[str, bool] | None:
    """Look up a write whose answer never came. None: it is certainly not there, so make it."""
    found = crm.look_up(row, place)
    if found is not None:
        _keep(conn, row["id"], "written", "settled by look-up", crm_id=found)
        return "written", True
    if row["now"] - row["dispatched_at"] < LOOK_UP_AFTER:
        _keep(conn, row["id"], "unknown", "no answer came and it is not to be found yet")
        return "unknown", True
    return None


def _request(
    conn: psycopg.Connection[Any], crm: Crm, row: dict[str, Any], place: Place
) -> tuple[str, bool]:
    before = crm.before(row, place)
    if row["kind"] == "field" and before is not None and before == row["after"]["value"]:
        _keep(conn, row["id"], "written", "it stood there already", crm_id=place.id, before=before)
        return "written", True
    claimed = conn.execute(
        "update ops.crm_write set state = 'dispatching', attempts = attempts + 1, "
        "dispatched_at = ops.now(), before = coalesce(before, %s) where id = %s and state = %s",
        (Jsonb({"value": before}) if row["kind"] == "field" else None, row["id"], row["state"]),
    )
    conn.commit()  # the request may leave only now
    if claimed.rowcount != 1:
        return "waiting", True
    row["state"] = "proposed"  # from here on a refusal is definite again
    crm_id = crm.write(row, place)
    _keep(conn, row["id"], "written", None, crm_id=crm_id)
    return "written", True


def _keep(
    conn: psycopg.Connection[Any],
    write_id: str,
    state: str,
    detail: str | None,
    *,
    crm_id: str | None = None,
    before: Any = None,
) -> None:
    conn.execute(
        """
        update ops.crm_write
        set state = %(state)s, detail = %(detail)s, crm_id = coalesce(%(crm_id)s, crm_id),
            before = coalesce(before, %(before)s),
            written_at = case when %(state)s = 'written' then coalesce(written_at, ops.now()) end
        where id = %(id)s
        """,
        {
            "id": write_id,
            "state": state,
            "detail": detail,
            "crm_id": crm_id,
            "before": None if before is None else Jsonb({"value": before}),
        },
    )
    conn.commit()
