"""Who must never be written to again. Rows are never deleted; erasing leaves the keyed hash.

Every function works in the caller's transaction and first takes the lock on the contact's row, which
a claim takes too: an opt-out that was committed before an attempt is always honoured by it.
"""

from typing import Any, Literal

import psycopg

from baton.contactability import holds
from baton.core import ids
from baton.core.errors import InputError
from baton.warehouse.connect import rows, scalar

Kind = Literal["opt_out", "complaint", "bounce", "invalid", "erased", "manual"]


def opt_out(
    conn: psycopg.Connection[Any],
    contact_id: str,
    source: str,
    secret: str,
    *,
    cause_id: str | None = None,
    kind: Literal["opt_out", "complaint"] = "opt_out",
    detail: str | None = None,
) -> int:
    """Suppress every address of this person, stop their sequences and pause the account's others.

    `source` says where the wish came from ("one_click", "reply", "sendgrid"). `cause_id` names what
    caused it, so that the same wish twice changes nothing; the default is one per contact and source.
    Returns the number of addresses that were not suppressed before. Raises InputError if there is no
    such contact.
    """
    records = lock_person(conn, contact_id)
    if not records:
        raise InputError(f"There is no contact {contact_id}, so nobody can be opted out.")
    added = sum(
        _insert(conn, record["address_key"] or ids.address_key(record["email"], secret), kind,
                record["email"], source, detail)
        for record in records
        if record["email"] is not None
    )  # fmt: skip
    word = "Complained as spam" if kind == "complaint" else "Asked not to be contacted"
    for record in records:
        holds.stop_contact(
            conn,
            record["id"],
            "opt_out",
            cause_id or f"{source}:{contact_id}",
            f"{word} ({source}).",
        )
    return added


def suppress(
    conn: psycopg.Connection[Any],
    email: str,
    kind: Kind,
    source: str,
    secret: str,
    detail: str | None = None,
) -> bool:
    """Suppress one address, known to us or not. Returns whether that is new.

    `secret` keys the hash under which the address stays known when its text is erased.
    """
    address = email.strip().lower()
    known = rows(
        conn, "select address_key from ops.contact where email = %s for no key update", (address,)
    )
    keys = {ids.address_key(address, secret), *(row["address_key"] for row in known)}
    return sum(_insert(conn, key, kind, address, source, detail) for key in sorted(keys)) > 0


def is_suppressed(conn: psycopg.Connection[Any], email: str, secret: str) -> bool:
    """Tell whether mail to this address is forbidden, for whatever reason."""
    query = "select exists (select from ops.suppression where address_key = %s)"
    return bool(scalar(conn, query, (ids.address_key(email, secret),)))


def lock_person(conn: psycopg.Connection[Any], contact_id: str) -> list[dict[str, Any]]:
    """Lock all contact records of the person behind `contact_id`, in the order of their ids."""
    return rows(
        conn,
        """
        select id, account_id, email, address_key from ops.contact
        where person_id = (select person_id from ops.contact where id = %s)
        order by id for no key update
        """,
        (contact_id,),
    )


def _insert(
    conn: psycopg.Connection[Any], key: str, kind: str, email: str, source: str, detail: str | None
) -> int:
    return conn.execute(
        """
        insert into ops.suppression (address_key, kind, email, source, detail)
        values (%s, %s, %s, %s, %s) on conflict (address_key, kind) do nothing
        """,
        (key, kind, email, source, detail),
    ).rowcount
