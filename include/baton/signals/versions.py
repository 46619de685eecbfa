"""Lands records of the business (accounts, contacts, owners, opportunities), a row per version.

A version is known by the hash of its content. Content that comes back (A, then B, then A again) does
not make a second row: the row of A is dated anew, so that the newest row is what the source says now.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from baton.core.ids import new_id
from baton.signals.landing import Counts, quarantine, write_intake
from baton.signals.records import Reject

Entity = Literal["account", "contact", "owner", "opportunity"]
Record = Mapping[str, Any]

_JSON = ("attributes", "outcome_attributes")
COLUMNS: dict[Entity, tuple[str, ...]] = {
    "account": (
        "name", "domain", "industry", "employees", "annual_revenue", "currency", "country",
        "region", "timezone", "owner_key", "parent_key",
    ),
    "contact": (
        "account_key", "email", "full_name", "title", "seniority", "phone", "country", "timezone",
    ),
    "owner": ("name", "email", "manager", "region", "active"),
    "opportunity": (
        "account_key", "contact_key", "owner_key", "product_key", "name", "stage", "outcome",
        "kind", "amount", "currency", "opened_at", "closed_at",
    ),
}  # fmt: skip
BLOCK = 5_000


def land(
    conn: psycopg.Connection[Any],
    run_id: str,
    source: str,
    entity: Entity,
    records: Sequence[Record],
    rejects: Sequence[Reject] = (),
) -> Counts:
    """Land records in the caller's transaction; each has `natural_key` and columns of its entity.

    Of two records with one key in the same batch the last counts, the other is a duplicate.
    """
    intake_id = new_id("int")
    newest = {record["natural_key"]: record for record in records}
    accepted = 0
    rows = [_row(entity, record) for record in newest.values()]
    for start in range(0, len(rows), BLOCK):
        accepted += _land_block(
            conn, run_id, source, entity, intake_id, rows[start : start + BLOCK]
        )
    held = quarantine(conn, intake_id, source, list(rejects))
    received = len(records) + len(rejects)
    counts = Counts(received, accepted, received - accepted - held, held)
    write_intake(conn, intake_id, run_id, source, entity, counts)
    return counts


def _row(entity: Entity, record: Record) -> tuple[Any, ...]:
    unknown = set(record) - {*COLUMNS[entity], *_JSON, "natural_key", "source_updated_at"}
    if unknown:
        raise ValueError(f"landing.{entity} has no column {', '.join(sorted(unknown))}")
    content = {name: record.get(name) for name in COLUMNS[entity]}
    content |= {name: record.get(name) or {} for name in _JSON}
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, default=str)
    return (
        record["natural_key"],
        hashlib.sha256(text.encode()).hexdigest(),
        record.get("source_updated_at"),
        *(content[name] for name in COLUMNS[entity]),
        *(Jsonb(content[name]) for name in _JSON),
    )


def _land_block(
    conn: psycopg.Connection[Any],
    run_id: str,
    source: str,
    entity: Entity,
    intake_id: str,
    rows: list[tuple[Any, ...]],
) -> int:
    table = sql.Identifier("landing", entity)
    names = ("natural_key", "content_hash", "source_updated_at", *COLUMNS[entity], *_JSON)
    columns = sql.SQL(", ").join(map(sql.Identifier, names))
    conn.execute("drop table if exists pg_temp.landing_version")
    conn.execute(
        sql.SQL(
            "create temp table landing_version on commit drop as select {} from {} with no data"
        ).format(columns, table)
    )
    with conn.cursor().copy(
        sql.SQL("copy landing_version ({}) from stdin").format(columns)
    ) as copy:
        for row in rows:
            copy.write_row(row)
    return conn.execute(
        sql.SQL("""
            insert into {table} as held (source, run_id, intake_id, {columns})
            select %(source)s, %(run_id)s, %(intake_id)s, {columns} from landing_version
            on conflict (source, natural_key, content_hash) do update set
                received_at = excluded.received_at, run_id = excluded.run_id,
                intake_id = excluded.intake_id, source_updated_at = excluded.source_updated_at
            where exists (
                select from {table} later
                where later.source = held.source and later.natural_key = held.natural_key
                  and later.content_hash <> held.content_hash
                  and coalesce(later.source_updated_at, later.received_at)
                      > coalesce(held.source_updated_at, held.received_at))
            """).format(table=table, columns=columns),
        {"source": source, "run_id": run_id, "intake_id": intake_id},
    ).rowcount
