"""May this contact enter a sequence? Asked before a lead is made or a draft is written."""

from typing import Any

import psycopg

from baton.contactability import protection
from baton.warehouse.connect import rows


def refused(
    conn: psycopg.Connection[Any], contact_ids: list[str], exempt: tuple[str, ...] = ()
) -> dict[str, str]:
    """Return the reason for each of these contacts who must not be enrolled; others may be.

    Reasons: "erased", "suppressed", "protected", "open_opportunity", "held" (a reply, a booking, an
    opt-out or a person's hold). `exempt` names those that the sequence is meant for ("protected",
    "open_opportunity").
    """
    accounts = rows(
        conn, "select distinct account_id from ops.contact where id = any(%s)", (contact_ids,)
    )
    protection.refresh_opportunity_holds(conn, [row["account_id"] for row in accounts])
    found = rows(
        conn,
        """
        select c.id, case
            when c.email is null then 'erased'
            when exists (select from ops.suppression s where s.address_key = c.address_key)
                then 'suppressed'
            when 'protected' <> all (%(exempt)s::text[]) and exists (
                select from (values ('contact', c.id, c.protected_reason),
                                    ('account', a.id, a.protected_reason)) p (scope, id, reason)
                where p.reason is not null and not exists (
                    select from ops.hold h where h.kind = 'protected' and h.scope = p.scope
                    and h.subject_id = p.id and h.cause_id = p.reason and h.lifted_at is not null)
            ) then 'protected'
            else (
                select case h.kind when 'protected' then 'protected'
                                   when 'open_opportunity' then 'open_opportunity'
                                   else 'held' end
                from ops.hold h
                where h.lifted_at is null and (h.until is null or h.until > ops.now())
                  and h.kind <> all (%(exempt)s::text[])
                  and (h.scope = 'account' and h.subject_id = a.id
                       or h.scope = 'contact' and h.subject_id in (
                           select id from ops.contact where person_id = c.person_id))
                order by h.kind limit 1)
            end as reason
        from ops.contact c join ops.account a on a.id = c.account_id
        where c.id = any(%(ids)s)
        """,
        {"ids": contact_ids, "exempt": list(exempt)},
    )
    return {row["id"]: row["reason"] for row in found if row["reason"] is not None}
