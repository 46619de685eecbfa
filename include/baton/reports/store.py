"""Keeps reports as tables and reads them back. What is read for a page comes from here only."""

from collections.abc import Iterable
from dataclasses import fields
from decimal import Decimal
from operator import attrgetter
from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.reports.model import Definition, Figure, Report, Step
from baton.reports.standing import standing
from baton.warehouse.connect import one, rows, sql
from baton.warehouse.run import Run

FIGURE = tuple(each.name for each in fields(Figure))
DEFINITION = tuple(each.name for each in fields(Definition))
# asdict() would copy each of thousands of numbers.
_of_figure, _of_definition = attrgetter(*FIGURE), attrgetter(*DEFINITION)


def keep(
    conn: psycopg.Connection[Any],
    run: Run,
    manifest_hash: str,
    seconds: float,
    definitions: Iterable[Definition],
    figures: Iterable[Figure],
    funnel: dict[tuple[str, str], tuple[Step, ...]],
) -> str:
    """Write a run's report, in the place of the one that the run had, and return its id."""
    conn.execute("delete from ops.report where run_id = %s", (run.id,))
    row = conn.execute(
        """
        insert into ops.report (run_id, as_of, manifest_hash, seconds)
        values (%s, %s, %s, %s) returning id
        """,
        (run.id, run.interval_end, manifest_hash, Decimal(repr(round(seconds, 3)))),
    ).fetchone()
    assert row is not None
    report_id: str = row[0]
    with conn.cursor() as cursor:
        _copy(
            cursor, "report_definition", ("report_id", "position", *DEFINITION),
            ((report_id, at, *_of_definition(each)) for at, each in enumerate(definitions)),
        )  # fmt: skip
        _copy(
            cursor, "report_metric", ("report_id", *FIGURE),
            ((report_id, *_of_figure(each)) for each in figures),
        )  # fmt: skip
        _copy(
            cursor, "report_funnel",
            ("report_id", "cut", "cut_value", "position", "step", "unit", "count"),
            (
                (report_id, *group, at, step.name, step.unit, step.count)
                for group, steps in funnel.items()
                for at, step in enumerate(steps)
            ),
        )  # fmt: skip
    return report_id


def _copy(
    cursor: psycopg.Cursor[Any], table: str, columns: Iterable[str], records: Iterable[Any]
) -> None:
    statement = f"copy ops.{table} ({', '.join(columns)}) from stdin"
    with cursor.copy(sql(statement)) as copy:
        for record in records:
            copy.write_row(record)


def latest(conn: psycopg.Connection[Any]) -> Report:
    """Return the newest report, with the alarms of this moment.

    Raises InputError that says how to make one if there is none.
    """
    found = one(
        conn,
        "select id, as_of, made_at, seconds from ops.report order by as_of desc, made_at desc limit 1",
    )
    if found is None:
        raise InputError(
            "There is no report yet; the DAG revenue_attribution (baton run attribution) makes one."
        )
    key = {"id": found["id"]}
    definitions = [
        Definition(**row)
        for row in rows(
            conn,
            f"select {', '.join(DEFINITION)} from ops.report_definition "
            "where report_id = %(id)s order by position",
            key,
        )
    ]
    figures = rows(
        conn,
        f"select {', '.join(f'f.{name}' for name in FIGURE)} from ops.report_metric f "
        "join ops.report_definition d using (report_id, metric) "
        "where report_id = %(id)s order by d.position, f.cut, "
        "f.cut_value in ('none', 'unknown', 'nobody'), f.cut_value, f.currency",
        key,
    )
    return Report(
        id=found["id"],
        as_of=found["as_of"],
        made_at=found["made_at"],
        seconds=found["seconds"],
        definitions={each.metric: each for each in definitions},
        figures=tuple(Figure(**row) for row in figures),
        funnel=_funnel(conn, key),
        alarms=standing(conn),
    )


def _funnel(
    conn: psycopg.Connection[Any], key: dict[str, str]
) -> dict[tuple[str, str], tuple[Step, ...]]:
    found: dict[tuple[str, str], tuple[Step, ...]] = {}
    for row in rows(
        conn,
        "select cut, cut_value, step, unit, count from ops.report_funnel "
        "where report_id = %(id)s order by cut, cut_value, position",
        key,
    ):
        group = row["cut"], row["cut_value"]
        found[group] = (*found.get(group, ()), Step(row["step"], row["unit"], row["count"]))
    return found
