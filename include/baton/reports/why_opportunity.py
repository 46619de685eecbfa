"""`baton why OPPORTUNITY`: what it is now, what it counts for in the report, and how it came to be so.

What it is and every version of it is read from `landing.opportunity`; where it came from, its
touchpoints and credits from the last attribution, where there was one.
"""

from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.playbook.reader import nearest
from baton.warehouse.connect import Row, one, rows, scalar

FOUND = """
    select distinct source, natural_key, source || ':' || natural_key as id
    from landing.opportunity
    -- the two parts, as a scan of all ids would use no index
    where %(id)s in (natural_key, source || ':' || natural_key)
    order by id
"""
FOUND_IN_ANY_CASE = """
    select distinct source, natural_key, source || ':' || natural_key as id
    from landing.opportunity
    where lower(%(id)s) in (lower(natural_key), lower(source || ':' || natural_key))
    order by id
"""
# Few enough to compare with one word: those that begin alike and are about as long.
NEAR = """
    select distinct natural_key from landing.opportunity
    where lower(left(natural_key, 1)) = lower(left(%(key)s, 1))
        and abs(length(natural_key) - length(%(key)s)) <= 1
    limit 10000
"""
# As the models take them: the newest version of a record counts (`stg_landing__opportunities`).
VERSIONS = """
    select o.received_at, o.source_updated_at, o.source, o.intake_id, i.file, o.run_id,
        o.stage, o.outcome, o.amount, o.currency, o.kind, o.name, o.opened_at, o.closed_at,
        o.account_key, o.contact_key, o.owner_key, o.product_key, o.attributes, o.outcome_attributes
    from landing.opportunity o left join landing.intake i on i.id = o.intake_id
    where o.source = %(source)s and o.natural_key = %(natural_key)s
    order by coalesce(o.source_updated_at, o.received_at), o.received_at
"""
ABOUT = ("received_at", "source_updated_at", "source", "intake_id", "file", "run_id")
ATTRIBUTES = ("attributes", "outcome_attributes")
NAMES = """
    select
        (select a.name from ops.account_alias s join ops.account a on a.id = s.account_id
         where s.source = %(source)s and s.natural_key = %(account_key)s) as known_account,
        (select name from landing.account
         where source = %(source)s and natural_key = %(account_key)s
         order by coalesce(source_updated_at, received_at) desc, received_at desc limit 1) as account,
        (select name from landing.owner
         where source = %(source)s and natural_key = %(owner_key)s
         order by coalesce(source_updated_at, received_at) desc, received_at desc limit 1) as owner
"""
ATTRIBUTED = """
    select origin, touches, first_motion_at, has_account, is_account_known, qualified_amount,
        stage, outcome, amount, currency, account, agent as owner, segment, icp_quartile, opened_at,
        closed_at, exists (
            select from intermediate.int_attribution__touches t
            where t.opportunity_id = o.opportunity_id or t.account_key = o.account_key
        ) as has_touches
    from marts.opportunity o where opportunity_id = %(id)s
"""
TOUCHPOINTS = """
    select touch_id, touch_source, channel, touch_type, sequence, rep, tied_by, is_motion, occurred_at
    from marts.touchpoint where opportunity_id = %(id)s order by occurred_at, touch_id
"""
CREDITS = """
    select credit_model, touch_id, touch_source, channel, sequence, rep, credit, won_credit, currency
    from marts.attribution_credit where opportunity_id = %(id)s
    order by credit_model, touched_at, touch_id
"""
# What a report counts of an opportunity: where these differ, the report is older than the record.
COUNTED = ("stage", "outcome", "amount", "currency", "opened_at", "closed_at")


def opportunity_of(conn: psycopg.Connection[Any], asked: str) -> dict[str, Any] | None:
    """Return the story of an opportunity, given by its id or its source's key, or None.

    Only where no key is exactly so, the case of its letters does not matter.

    The parts: opportunity (as it is now), attribution (as the last report has it, with the reason),
    touchpoints, credits, versions (each with the fields that it changed, newest last). Raises
    InputError if several sources use that key.
    """
    found = rows(conn, FOUND, {"id": asked}) or rows(conn, FOUND_IN_ANY_CASE, {"id": asked})
    # An id is exact, whatever another source uses for a key.
    found = [each for each in found if each["id"] == asked] or found
    if not found:
        return None
    if len(found) > 1:
        ids = ", ".join(each["id"] for each in found)
        raise InputError(f"Several opportunities have the key {asked!r}; give one of: {ids}.")
    key = found[0]
    kept = rows(conn, VERSIONS, key)
    now = kept[-1]
    names = one(conn, NAMES, {**now, "source": key["source"]}) or {}
    built = scalar(conn, "select to_regclass('marts.attribution_credit')") is not None
    attributed = one(conn, ATTRIBUTED, key) if built else None
    return {
        "opportunity": {
            **key,
            "account": names["known_account"] or names["account"] or now["account_key"],
            "is_account_known": bool(names["known_account"] or names["account"]),
            "owner": names["owner"] or now["owner_key"],
            **{name: value for name, value in now.items() if name not in ABOUT},
        },
        "attribution": attributed and _attribution(attributed, now),
        "touchpoints": rows(conn, TOUCHPOINTS, key) if attributed else [],
        "credits": rows(conn, CREDITS, key) if attributed else [],
        "versions": _versions(kept),
    }


def near_key(conn: psycopg.Connection[Any], asked: str) -> str | None:
    """Return the key of an opportunity that was most likely meant, or None."""
    key = asked.rpartition(":")[2]
    return nearest(key, [row["natural_key"] for row in rows(conn, NEAR, {"key": key})])


def _attribution(mart: Row, now: Row) -> Row:
    behind = [name for name in COUNTED if mart[name] != now[name]]
    return {**mart, "because": _because(mart), "behind": behind}


def _because(mart: Row) -> str:
    """Return why an opportunity is what it is, by the rule of `int_attribution__origins`."""
    motion, window = mart["first_motion_at"], "in the 90 days before it was opened"
    if mart["origin"] == "sourced":
        return (
            f"the motion first reached the account {motion:%Y-%m-%d %H:%M}, {window}, and no other "
            "source touched it before that"
        )
    if mart["origin"] == "influenced":
        touched = f"{mart['touches']} touches count for it"
        if mart["touches"] == 1:
            touched = "1 touch counts for it"
        if motion is not None:
            return f"{touched}, but another source touched the account before the motion did"
        return f"{touched}, but the motion did not reach the account {window}"
    if not mart["has_account"]:
        return "its record names no account, so that no touch of one counts for it"
    if not mart["has_touches"]:
        return "no touch was recorded for it or its account"
    return (
        "no touch counts for it: none until its close names it, and those of its account in the 90 days "
        "before it was opened and until its close, if any, name others"
    )


def _versions(kept: list[Row]) -> list[dict[str, Any]]:
    made = []
    before: dict[str, Any] = {}
    for version in kept:
        fields = _fields(version)
        changed = [
            {"field": name, "before": before.get(name), "after": fields.get(name)}
            for name in dict.fromkeys([*fields, *before])
            if fields.get(name) != before.get(name)
        ]
        made.append({**{name: version[name] for name in ABOUT}, "changes": changed})
        before = fields
    return made


def _fields(version: Row) -> dict[str, Any]:
    """Return what a version says; each attribute that only its source knows is a field of its own."""
    fields: dict[str, Any] = {}
    for name, value in version.items():
        if name in ATTRIBUTES:
            fields |= {f"{name}.{key}": each for key, each in value.items()}
        elif name not in ABOUT:
            fields[name] = value
    return fields
