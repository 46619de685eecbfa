"""Writes the playbook into `ops.playbook_*`, where dbt reads it. One way: nothing reads back.

The rows come from `baton.playbook.tables`; this module knows no playbook file, only tables.
"""

from collections.abc import Mapping
from typing import Any, Protocol

from psycopg.types.json import Jsonb

from baton.warehouse.connect import scalar, sql
from baton.warehouse.run import Run

# Columns with their types, per table. A table that is not named here cannot be written.
TABLES: Mapping[str, str] = {
    "playbook_icp_rule": "subject text, attribute text, kind text, weight numeric, match text, "
    "low numeric, high numeric, points numeric",
    "playbook_setting": "name text, number numeric, text text",
    "playbook_signal_type": "signal_type text, weight numeric, half_life_days numeric, "
    "description text",
    "playbook_signal_source": "source text, trusted boolean",
    "playbook_segment": "position integer, name text, employees_from integer, "
    "employees_below integer, industries text[], regions text[], countries text[]",
    "playbook_cost": "name text, layer text, signal_source text, first_month date, "
    "last_month date, monthly numeric, currency text",
    "playbook_target": "quarter_start date, region text, target numeric, currency text",
}


class Tables(Protocol):
    """What is written: rows by table, and the hashes that tell whether they changed."""

    @property
    def rows(self) -> Mapping[str, list[dict[str, Any]]]:
        """Rows by table name; absent columns are NULL."""

    @property
    def icp_hash(self) -> str:
        """Names the rules by which accounts are scored; cut points are drawn per set of rules."""

    @property
    def content_hash(self) -> str:
        """Tells whether anything changed."""


def sync(run: Run, tables: Tables) -> dict[str, int | str]:
    """Make `ops.playbook_*` say what `tables` say, in one transaction; unchanged is left alone.

    Returns the number of rows written: 0 if nothing changed.
    """
    with run.connect() as conn:
        # Readers see the old rows or the new ones, and two writers take turns.
        conn.execute("select pg_advisory_xact_lock(hashtext('baton.playbook_sync'))")
        if scalar(conn, "select content_hash from ops.playbook_sync") == tables.content_hash:
            return {"playbook_rows": 0}
        for name, shape in TABLES.items():
            columns = ", ".join(part.split()[0] for part in shape.split(", "))
            conn.execute(sql(f"delete from ops.{name}"))
            conn.execute(
                sql(
                    f"insert into ops.{name} ({columns}) "
                    f"select {columns} from jsonb_to_recordset(%s) as r ({shape})"
                ),
                (Jsonb(tables.rows[name]),),
            )
        conn.execute(
            """
            insert into ops.playbook_sync (content_hash, icp_hash, run_id) values (%s, %s, %s)
            on conflict (only_row) do update set content_hash = excluded.content_hash,
                icp_hash = excluded.icp_hash, synced_at = ops.now(), run_id = excluded.run_id
            """,
            (tables.content_hash, tables.icp_hash, run.id),
        )
    return {"playbook_rows": sum(len(rows) for rows in tables.rows.values())}
