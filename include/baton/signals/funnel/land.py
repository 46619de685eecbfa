"""Lands one file: raw rows first, then rejects with their reasons, then what is new.

The file goes as it came into a table of its own, `landing.raw_<source>_<entity>`. All in one
transaction: a kill in the middle leaves the file unimported.
"""

import csv
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import psycopg

from baton.core.ids import new_id
from baton.playbook.mappings import Entity, Mapping
from baton.signals.funnel.fields import Plan, identifier, literal, plan
from baton.signals.funnel.stream import Block, read_rows
from baton.warehouse.connect import scalar, sql

KEPT_CHARACTERS = 10_000  # of a rejected row, in the quarantine


@dataclass(frozen=True)
class FunnelFile:
    """A file that was found, with the header that was read.

    `hashes` are the file's and the mapping's; `amount_hash` is that of how its amounts are read.
    """

    mapping: Mapping
    entity: Entity
    path: Path
    header: list[str]
    hashes: tuple[str, str]
    amount_hash: str

    @property
    def raw_table(self) -> str:
        """The quoted name of the table that holds the file's rows as they came."""
        return identifier("landing", f"raw_{self.mapping.source}_{self.entity.entity}")

    def raw_names(self) -> dict[str, str]:
        """Return the raw table's column for each column of the file; Postgres cuts names at 63 bytes."""
        names: dict[str, str] = {}
        for number, column in enumerate(self.header, 1):
            plain = column.encode()[:60].decode(errors="ignore")
            taken = plain in names.values() or plain in ("", "intake_id", "line")
            names[column] = f"column_{number}" if taken else plain
        return names


@dataclass(frozen=True)
class Counts:
    """received = accepted + duplicates + quarantined, in rows.

    `absent` records of the source were landed before and are not in the file.
    """

    received: int
    accepted: int
    duplicates: int
    quarantined: int
    absent: int


def land(conn: psycopg.Connection[Any], file: FunnelFile) -> Counts:
    """Land one file in the caller's transaction and keep its landing.intake row."""
    intake = new_id("int")
    _make_raw_table(conn, file, intake)
    readable, unreadable = _copy(conn, file, intake)
    steps = plan(file.mapping, file.entity, file.raw_names(), file.hashes[1][:16])
    rows = f"select {steps.cells} from {file.raw_table} where intake_id = {literal(intake)}"
    rejected = _set_rejects_aside(conn, file, steps, rows, intake)
    repeated = _set_repeats_aside(conn, file, steps, rows, intake)
    aside = scalar(conn, "select exists (select from aside)")
    known = scalar(
        conn,
        f"select exists (select from {identifier('landing', file.entity.entity)} where source = %s)",
        (file.mapping.source,),
    )
    usable = _without_aside(rows) if aside else rows
    accepted = _accept(conn, file, steps, usable, intake, known=known)
    quarantined = unreadable + rejected + repeated
    received = readable + unreadable
    duplicates = received - quarantined - accepted
    absent = _absent(conn, file, steps, rows) if known else 0
    counts = Counts(received, accepted, duplicates, quarantined, absent)
    conn.execute(
        """
        insert into landing.intake (id, source, entity, file, file_hash, mapping_hash,
                                    amount_hash, raw_table, received, accepted, duplicates,
                                    quarantined)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            intake, file.mapping.source, file.entity.entity, file.path.name, *file.hashes,
            file.amount_hash, file.raw_table, counts.received, counts.accepted, counts.duplicates,
            counts.quarantined,
        ),
    )  # fmt: skip
    conn.execute("drop table aside")
    return counts


def _absent(conn: psycopg.Connection[Any], file: FunnelFile, steps: Plan, rows: str) -> int:
    """Return how many records of the source have no row in the file, a quarantined one or another."""
    count: int = scalar(
        conn,
        f"select count(distinct natural_key) from {identifier('landing', file.entity.entity)} old "
        "where source = %s and not exists ("
        f"select from (select {steps.key} as key from ({rows}) as row) as now "
        "where now.key = old.natural_key)",
        (file.mapping.source,),
    )
    return count


def _make_raw_table(conn: psycopg.Connection[Any], file: FunnelFile, intake: str) -> None:
    conn.execute(
        sql(
            f"create table if not exists {file.raw_table} "
            "(intake_id text not null, line bigint not null)"
        )
    )
    columns = [f"add column if not exists {identifier(n)} text" for n in file.raw_names().values()]
    # A constant default costs nothing per row, where one more column in the stream would.
    columns.append(f"alter column intake_id set default {literal(intake)}")
    conn.execute(sql(f"alter table {file.raw_table} {', '.join(columns)}"))


def _copy(conn: psycopg.Connection[Any], file: FunnelFile, intake: str) -> tuple[int, int]:
    """Stream the file into its raw table; return how many rows it took and how many it could not."""
    names = ", ".join(map(identifier, file.raw_names().values()))
    delimiter = file.mapping.delimiter
    options = f"format csv, null '', delimiter {literal(delimiter)}"
    readable = unreadable = 0
    # The connection is busy copying: rejects wait in a file, so that memory stays bounded.
    with tempfile.TemporaryFile("w+", encoding="utf-8", newline="") as rejects:
        writer = csv.writer(rejects)
        target = f"copy {file.raw_table} (line, {names}) from stdin ({options})"
        with conn.cursor() as cursor, cursor.copy(sql(target)) as copy:
            for item in read_rows(file.path, len(file.header), delimiter):
                if isinstance(item, Block):
                    copy.write(item.data)
                    readable += item.rows
                else:
                    row = (item.line, item.reason, item.text)
                    writer.writerow((intake, file.mapping.source, file.path.name, *row))
                    unreadable += 1
        if unreadable:
            _copy_rejects(conn, rejects)
    return readable, unreadable


def _copy_rejects(conn: psycopg.Connection[Any], rejects: IO[str]) -> None:
    rejects.seek(0)
    target = (
        "copy landing.quarantine (intake_id, source, file, line, reason, payload) "
        "from stdin (format csv)"
    )
    with conn.cursor() as cursor, cursor.copy(target) as copy:
        while chunk := rejects.read(1 << 20):
            copy.write(chunk)


def _set_rejects_aside(
    conn: psycopg.Connection[Any], file: FunnelFile, steps: Plan, rows: str, intake: str
) -> int:
    """Quarantine every row with a problem; return how many."""
    conn.execute(
        sql(f"""
            create temp table aside on commit drop as
            select line, problem
            from (select line, {steps.problem} as problem from ({rows}) as row) as checked
            where problem is not null
        """)
    )
    return _quarantine(conn, file, intake)


def _set_repeats_aside(
    conn: psycopg.Connection[Any], file: FunnelFile, steps: Plan, rows: str, intake: str
) -> int:
    """Set aside the rows whose key stood on an earlier line of the same file.

    With the same content they are duplicates; with another one they are quarantined, because nobody
    can tell which of the two is right. Returns how many were quarantined.
    """
    repeated = f"""
        select line, key, content,
            first_value(line) over of_key as first_line,
            first_value(content) over of_key as first_content
        from (
            select line, {steps.key} as key, {steps.content} as content
            from ({_without_aside(rows)}) as row
        ) as keyed
        where key in (select key from repeated_key)
        window of_key as (partition by key order by line)
    """
    conn.execute(
        sql(f"""
            create temp table repeated_key on commit drop as
            select {steps.key} as key from ({rows}) as row group by 1 having count(*) > 1
        """)
    )
    if not scalar(conn, "select exists (select from repeated_key where key is not null)"):
        conn.execute("drop table repeated_key")
        return 0
    conn.execute(
        sql(f"""
            create temp table repeat on commit drop as
            select line, case when content <> first_content then
                {literal(file.entity.key[0])} || E'\\t' || 'the key ''' || left(key, 60)
                || ''' stands on line ' || first_line || ' with other content' end as problem
            from ({repeated}) as ranked
            where line > first_line
        """)
    )
    conn.execute("drop table repeated_key")
    conn.execute("insert into aside (line, problem) select line, problem from repeat")
    quarantined = _quarantine(conn, file, intake, "repeat")
    conn.execute("drop table repeat")
    return quarantined


def _quarantine(
    conn: psycopg.Connection[Any], file: FunnelFile, intake: str, table: str = "aside"
) -> int:
    """Copy the rows of a temporary table of problems, with their payload, into the quarantine."""
    return conn.execute(
        sql(f"""
            insert into landing.quarantine
                (intake_id, source, file, line, column_name, reason, payload)
            select {literal(intake)}, {literal(file.mapping.source)}, {literal(file.path.name)},
                raw.line, nullif(split_part(bad.problem, E'\\t', 1), ''),
                split_part(bad.problem, E'\\t', 2),
                left((to_jsonb(raw) - 'intake_id' - 'line')::text, {KEPT_CHARACTERS})
            from {table} as bad
            inner join {file.raw_table} as raw
                on raw.intake_id = {literal(intake)} and raw.line = bad.line
            where bad.problem is not null
        """)
    ).rowcount


def _without_aside(rows: str) -> str:
    """Return the rows without those set aside. OFFSET 0 keeps casts from running before the filter."""
    return (
        f"select row.* from ({rows}) as row "
        "where not exists (select from aside where aside.line = row.line) offset 0"
    )


def _accept(
    conn: psycopg.Connection[Any],
    file: FunnelFile,
    steps: Plan,
    rows: str,
    intake: str,
    *,
    known: bool,
) -> int:
    """Land what is new; return how many rows that are. `known`: something of the source is there.

    A record that went back to an earlier content is new too: that version becomes the latest again.
    """
    table = identifier("landing", file.entity.entity)
    names = ", ".join(identifier(field.name) for field in steps.fields)
    values = ", ".join(field.value for field in steps.fields)
    moment = scalar(conn, "select ops.now()")
    # Nothing of this source is there and no key is repeated: looking for conflicts would be for nothing.
    conflict = "on conflict do nothing" if known else ""
    inserted = conn.execute(
        sql(f"""
            insert into {table} (source, natural_key, content_hash, received_at, intake_id,
                                 attributes, outcome_attributes, {names})
            select {literal(file.mapping.source)}, {steps.key}, {steps.content},
                {literal(moment.isoformat())}::timestamptz, {literal(intake)},
                {steps.attributes}, {steps.outcome_attributes}, {values}
            from ({rows}) as row
            {conflict}
        """)
    ).rowcount
    if not known:
        return inserted
    returned = conn.execute(
        sql(f"""
            update {table} as old
            set received_at = {literal(moment.isoformat())}::timestamptz,
                intake_id = {literal(intake)}
            from (select {steps.key} as key, {steps.content} as content from ({rows}) as row) as now
            where old.source = {literal(file.mapping.source)}
                and old.natural_key = now.key and old.content_hash = now.content
                and exists (
                    select from {table} as newer
                    where newer.source = old.source and newer.natural_key = old.natural_key
                        and newer.received_at > old.received_at
                        and newer.intake_id <> {literal(intake)}
                )
        """)
    ).rowcount
    return inserted + returned
