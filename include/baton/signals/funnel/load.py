"""Imports a folder of CSV exports under a mapping, one transaction per file."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.core.settings import Settings
from baton.playbook import mappings
from baton.playbook.mappings import DELIMITERS, ENTITIES, Entity, Mapping
from baton.playbook.reader import nearest
from baton.signals.funnel.fields import READING
from baton.signals.funnel.land import FunnelFile, land
from baton.signals.funnel.oddities import oddities
from baton.signals.funnel.stream import read_header
from baton.warehouse.connect import connect, one

# Two imports of one source at a time would both find its rows new.
IMPORT_LOCK = 4_211_014


@dataclass(frozen=True)
class EntitySummary:
    """What became of one file: received = accepted + duplicates + quarantined."""

    entity: str
    file: str
    received: int
    accepted: int
    duplicates: int
    quarantined: int
    unused_columns: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Summary:
    """What became of a whole folder. `oddities` are sentences about accepted rows."""

    source: str
    entities: tuple[EntitySummary, ...]
    oddities: tuple[str, ...] = ()

    @property
    def quarantined(self) -> int:
        """How many rows wait in landing.quarantine."""
        return sum(entity.quarantined for entity in self.entities)


def import_folder(settings: Settings, folder: Path, mapping_path: Path) -> Summary:
    """Import every file that the mapping names.

    Raises PlaybookError (the mapping is wrong) or InputError (a file or a column is missing); nothing
    is imported then. Importing the same folder twice changes nothing.
    """
    mapping = mappings.load(mapping_path)
    files, absent = _check(mapping, folder, mapping_path)
    done = []
    for file in files:
        with connect(settings.database_url) as conn:
            conn.execute("select pg_advisory_xact_lock(%s)", (IMPORT_LOCK,))
            done.append(_import_file(conn, file))
    with connect(settings.database_url) as conn:
        odd = oddities(conn, mapping.source, {each.entity: each.file for each in done})
    return Summary(mapping.source, tuple(done + absent), tuple(odd))


def reasons(settings: Settings, summary: Summary, at_most: int) -> tuple[list[str], int]:
    """Return a sentence for each of the first reasons of the quarantine, and how many rows they are of.

    They come in the order of the files' lines; rows of one file and reason are told together.
    """
    entities = [entity.entity for entity in summary.entities if entity.quarantined]
    with connect(settings.database_url) as conn:
        found = conn.execute(
            "with latest as (select distinct on (entity) id from landing.intake "
            "where source = %s and entity = any(%s) order by entity, at desc, id desc) "
            "select file, min(line) as line, column_name, reason, count(*) from landing.quarantine "
            "where intake_id in (select id from latest) group by file, column_name, reason "
            "order by file, line limit %s",
            (summary.source, entities, at_most),
        ).fetchall()
    said = [
        f"{file}, line {line}{f', {column}' if column else ''}: {reason}"
        + (f" (and {count - 1:,} more such rows)" if count > 1 else "")
        for file, line, column, reason, count in found
    ]
    return said, sum(row[-1] for row in found)


def _check(
    mapping: Mapping, folder: Path, mapping_path: Path
) -> tuple[list[FunnelFile], list[EntitySummary]]:
    """Find every mistake that can be found before the first row is read."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder; name the folder that holds the CSV exports.")
    files, absent, mistakes = [], [], []
    for name, entity in mapping.entities().items():
        path = folder / entity.file
        if not path.is_file():
            if entity.optional:
                absent.append(EntitySummary(name, entity.file, 0, 0, 0, 0, note="not there"))
            else:
                mistakes.append(_absent(path, name, mapping_path))
            continue
        header = read_header(path, mapping.delimiter)
        unknown = [column for column in entity.named_columns() if column not in header]
        if unknown and (delimiter := _other_delimiter(header)):
            mistakes.append(
                f"{path} has its columns set apart by {delimiter!r}; write "
                f"`delimiter: {json.dumps(delimiter)}` in {mapping_path.name}"
            )
        else:
            mistakes += [_unknown_column(name, header, path, mapping_path) for name in unknown]
        digest = hashlib.sha256(entity.model_dump_json().encode())
        read_as = (mapping.currency, mapping.timezone, mapping.dates, mapping.decimal_mark)
        digest.update(" ".join((READING, *read_as)).encode())
        with path.open("rb") as handle:
            file_hash = hashlib.file_digest(handle, "sha256").hexdigest()
        hashes = (file_hash, digest.hexdigest())
        files.append(
            FunnelFile(mapping, entity, path, header, hashes, _amount_hash(mapping, entity))
        )
    if mistakes:
        raise InputError("\n".join(mistakes))
    return files, absent


def _amount_hash(mapping: Mapping, entity: Entity) -> str:
    """Return the hash of what makes a number of an amount's cell. It is kept, so its form must be too."""
    if "amount" not in ENTITIES[entity.entity]:
        return ""
    rule = entity.column_of("amount")
    read_as = [
        rule and [rule.column, None if rule.multiply is None else f"{rule.multiply.normalize():f}"],
        entity.constant_of("amount"),
        entity.values_of("amount"),
        mapping.decimal_mark,
    ]
    return hashlib.sha256(json.dumps(read_as, sort_keys=True).encode()).hexdigest()


def _absent(path: Path, entity: str, mapping_path: Path) -> str:
    there = [p.name for p in path.parent.iterdir() if p.suffix == ".csv"]
    meant = nearest(path.name, there)
    hint = f"did you mean {meant}?" if meant else "add it, or write `optional: true` in its section"
    return f"{path} is missing, and {mapping_path.name} names it for '{entity}'; {hint}"


def _other_delimiter(header: list[str]) -> str | None:
    """Return what seems to set the columns apart where the mapping's delimiter finds but one."""
    return next((mark for mark in DELIMITERS if len(header) == 1 and mark in header[0]), None)


def _unknown_column(column: str, header: list[str], path: Path, mapping_path: Path) -> str:
    line = next(
        (n for n, text in enumerate(mapping_path.read_text().splitlines(), 1) if column in text), 1
    )
    meant = nearest(column, header)
    hint = f"did you mean '{meant}'?" if meant else f"it has {', '.join(header)}."
    return f"{mapping_path}, line {line}: {path.name} has no column '{column}'; {hint}"


def _import_file(conn: psycopg.Connection[Any], file: FunnelFile) -> EntitySummary:
    entity, name = file.entity.entity, file.path.name
    unused = tuple(c for c in file.header if c not in file.entity.named_columns())
    before = one(
        conn,
        "select * from landing.intake where source = %s and entity = %s "
        "order by at desc, id desc limit 1",
        (file.mapping.source, entity),
    )
    same = before and (before["file_hash"], before["mapping_hash"]) == file.hashes
    if before and same:
        received, rejected = before["received"], before["quarantined"]
        note = f"imported before, on {before['at']:%Y-%m-%d %H:%M} UTC"
        return EntitySummary(entity, name, received, 0, received - rejected, rejected, unused, note)
    counts = land(conn, file)
    return EntitySummary(
        entity,
        name,
        counts.received,
        counts.accepted,
        counts.duplicates,
        counts.quarantined,
        unused,
        f"{counts.absent:,} from before not in it, kept as last said" if counts.absent else "",
    )
