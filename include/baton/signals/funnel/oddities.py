"""What an import accepted although somebody should look at it: told, never changed.

A key that leads nowhere and a close without a day contradict nothing, so the row counts; but its
revenue ends under "without account" or in no week, and only the export's owner knows better.
"""

from typing import Any

import psycopg

from baton.playbook.mappings import ENTITIES
from baton.warehouse.connect import one, scalar

# Which entity's key a field holds.
REFERENCES = {
    "account_key": "account",
    "contact_key": "contact",
    "opportunity_key": "opportunity",
    "owner_key": "owner",
    "parent_key": "account",
    "product_key": "product",
}
IS_CLOSED = "o.outcome <> 'open' and o.closed_at"
CLOSED = {
    "closed without a close date, which puts it in no week": f"{IS_CLOSED} is null",
    "closed on a day that has not come": f"{IS_CLOSED} > ops.now() + interval '1 day'",
}


def oddities(conn: psycopg.Connection[Any], source: str, files: dict[str, str]) -> list[str]:
    """Return a sentence for each kind of oddity among the rows of each entity's newest import.

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
    fields = [f for f in ENTITIES[entity] if f in REFERENCES and known[REFERENCES[f]]]
    checks = {
        f"whose {f} no {REFERENCES[f]} has": (
            f"o.{f} is not null and {f}.key is null",
            f"o.{f}",
        )
        for f in fields
    }
    if entity == "opportunity":
        checks |= {said: (condition, "o.natural_key") for said, condition in CLOSED.items()}
    if not checks:
        return []
    counted = ", ".join(
        f"count(*) filter (where {condition}) as n{number}, "
        f"min({example}) filter (where {condition}) as e{number}"
        for number, (condition, example) in enumerate(checks.values())
    )
    joined = "".join(
        f" left join (select distinct natural_key as key from landing.{REFERENCES[f]} "
        f"where source = %(source)s) {f} on {f}.key = o.{f}"
        for f in fields
    )
    found = one(
        conn,
        f"select {counted} from landing.{entity} o{joined} where o.intake_id = ("
        "select id from landing.intake where source = %(source)s and entity = %(entity)s "
        "order by at desc, id desc limit 1)",
        {"source": source, "entity": entity},
    )
    assert found is not None
    return [
        f"{found[f'n{number}']:,} {said}, such as '{found[f'e{number}'][:60]}'"
        for number, said in enumerate(checks)
        if found[f"n{number}"]
    ]
