"""What an import accepted although somebody should look at it: told, never changed.

A key that leads nowhere or a close without a day contradicts nothing, so the row counts; but its
revenue ends in no sector or in no week, and only the export's owner knows better.
"""

from typing import Any

import psycopg

from baton.playbook.mappings import ENTITIES
from baton.warehouse.connect import scalar, sql

# Which entity's key a field holds.
REFERENCES = {
    "account_key": "account",
    "contact_key": "contact",
    "opportunity_key": "opportunity",
    "owner_key": "owner",
    "parent_key": "account",
    "product_key": "product",
}
# The newest version of each record, looked for only among the few that are odd.
ODD = """
    with odd as materialized (
        select o.natural_key, o.received_at, {example} as example
        from landing.{entity} o where o.source = %(source)s and {condition}
    )
    select count(*), min(odd.example) from odd
    where not exists (
        select from landing.{entity} newer
        where newer.source = %(source)s and newer.natural_key = odd.natural_key
            and newer.received_at > odd.received_at
    )
"""
# ISO 4217 gives these a minor unit of a thousandth; amounts in others have two decimals.
THOUSANDTHS = "'BHD', 'IQD', 'JOD', 'KWD', 'LYD', 'OMR', 'TND'"
IS_CLOSED = "o.outcome <> 'open' and o.closed_at"
OPPORTUNITIES = {
    "closed without a close date, which puts it in no week": f"{IS_CLOSED} is null",
    "closed on a day that has not come": f"{IS_CLOSED} > (select ops.now()) + interval '1 day'",
    "won without an amount, which adds no revenue": "o.outcome = 'won' and o.amount is null",
    "whose amount has three decimals, as thousands have under a wrong decimal_mark": (
        f"scale(o.amount) = 3 and o.currency not in ({THOUSANDTHS})"
    ),
}


def oddities(conn: psycopg.Connection[Any], source: str, files: dict[str, str]) -> list[str]:
    """Return a sentence for each kind of oddity among the records of each entity, as last said.

    `files` names each entity's file. A key is looked for in all that the source ever landed; an
    entity of which it landed nothing is missing on purpose, and keys to it are no oddity.
    """
    known = {
        target: scalar(
            conn, f"select exists (select from landing.{target} where source = %s)", (source,)
        )
        for target in ENTITIES
    }
    return [
        f"{file}: {said}"
        for entity, file in files.items()
        for said in _of(conn, source, entity, known)
    ]


def _of(
    conn: psycopg.Connection[Any], source: str, entity: str, known: dict[str, bool]
) -> list[str]:
    checks = {
        f"whose {field} no accepted {target} has": (f"o.{field}", _leads_nowhere(field, target))
        for field, target in REFERENCES.items()
        if field in ENTITIES[entity] and known[target]
    }
    if entity == "account" and known["owner"]:
        # An account may name its owner by address, as the watchlist does.
        said = "whose owner_key no accepted owner has"
        example, nowhere = checks[said]
        by_address = "lower(o.owner_key) in (select email from ops.rep where email is not null)"
        checks[said] = (example, f"{nowhere} and not {by_address}")
    if entity == "opportunity":
        checks |= {said: ("o.natural_key", condition) for said, condition in OPPORTUNITIES.items()}
    found = []
    # One query each: an anti join alone is several times quicker than all of them in one pass.
    for said, (example, condition) in checks.items():
        row = conn.execute(
            sql(ODD.format(entity=entity, example=example, condition=condition)),
            {"source": source},
        ).fetchone()
        assert row is not None, "an aggregate has one row"
        if row[0]:
            found.append(f"{row[0]:,} {said}, such as '{row[1][:60]}'")
    return found


def _leads_nowhere(field: str, target: str) -> str:
    return (
        f"o.{field} is not null and not exists (select from landing.{target} t "
        f"where t.source = o.source and t.natural_key = o.{field})"
    )
