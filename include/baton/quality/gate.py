"""The gate: decides whether a layer's rows are handed on.

It checks all rows of the DAG's unreleased runs (an earlier batch that was stopped is checked again,
once it is mended) and of the run at hand. The results and the release are one transaction: either
every suite that stops passed and the runs are released, or nothing is handed on.
"""

import json
import logging
from collections.abc import Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from baton.core import clock
from baton.core.errors import GateFailed
from baton.quality.suite import Suite
from baton.quality.validate import Validator, Verdict, open_validator
from baton.warehouse.connect import scalar, sql
from baton.warehouse.run import Run

log = logging.getLogger("baton.quality")


def check(run: Run, dag_id: str) -> dict[str, int | str]:
    """Check the suites of a DAG over its unreleased runs and release them.

    Returns the number of suites, rows and runs released, and of suites that failed and stop nothing.
    Raises GateFailed naming suite, expectation and rows; the results are kept in `ops.gate_result`
    either way. A run that was released before
    and fails now (its DAG run was cleared and made bad rows) is taken back.
    """
    suites = suites_of(dag_id)
    with open_validator(run.settings.database_url, len(suites)) as validator, run.connect() as conn:
        run_ids = _runs(conn, run, dag_id)
        verdicts = [_validate(conn, validator, suite, run, run_ids) for suite in suites]
        for verdict in verdicts:
            _keep(conn, run, dag_id, verdict)
        passed = all(verdict.passed for verdict in verdicts if verdict.suite.stops)
        _release(conn, run_ids, run.id, passed)
    for verdict in verdicts:
        log.log(logging.INFO if verdict.passed else logging.WARNING, "%s", _line(verdict))
    if not passed:
        raise GateFailed(_sentence(dag_id, run_ids, verdicts))
    return {
        "suites": len(verdicts),
        "rows": sum(verdict.row_count for verdict in verdicts),
        "released_runs": len(run_ids),
        "warnings": sum(not verdict.passed for verdict in verdicts),
    }


def suites_of(dag_id: str) -> list[Suite]:
    """Return the suites of a DAG. Raises GateFailed if it has none: an empty gate lets all pass."""
    name = f"baton.quality.suites.{dag_id}"
    suites: list[Suite] = import_module(name).SUITES if find_spec(name) else []
    if not suites:
        raise GateFailed(
            f"The gate of {dag_id} has no suites, so nothing is handed on; "
            f"write them in include/baton/quality/suites/{dag_id}.py."
        )
    return suites


def _runs(conn: psycopg.Connection[Any], run: Run, dag_id: str) -> list[str]:
    """Return the ids of the runs to decide on, held against another gate of this DAG."""
    conn.execute("select pg_advisory_xact_lock(hashtext('baton gate'), hashtext(%s))", (dag_id,))
    found = conn.execute(
        "select id from ops.run where dag_id = %s and (released_at is null or id = %s) "
        "order by id for no key update",
        (dag_id, run.id),
    )
    return [row[0] for row in found]


def _validate(
    conn: psycopg.Connection[Any], validator: Validator, suite: Suite, run: Run, run_ids: list[str]
) -> Verdict:
    params: Mapping[str, Any] = {
        "run_ids": run_ids,
        "run_id": run.id,
        "dag_id": run.dag_id,
        "now": clock.now(conn),
        "interval_start": run.interval_start,
        "interval_end": run.interval_end,
        **suite.params(run),
    }
    query = psycopg.ClientCursor(conn).mogrify(sql(suite.query), params)
    if suite.empty_ok and not scalar(conn, f"select exists ({query})"):
        return Verdict(suite, 0, len(suite.expectations(params)), [])  # no row can break a rule
    return validator.validate(suite, query, params)


def _keep(conn: psycopg.Connection[Any], run: Run, dag_id: str, verdict: Verdict) -> None:
    conn.execute(
        """
        insert into ops.gate_result (run_id, dag_id, layer, suite, passed, row_count, expectations,
                                     failed_expectations, failures)
        values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
        """,
        (
            run.id,
            dag_id,
            run.layer,
            verdict.suite.name,
            verdict.passed,
            verdict.row_count,
            verdict.expectations,
            len(verdict.failures),
            Jsonb([vars(failure) for failure in verdict.failures], dumps=_dumps),
        ),
    )


def _release(conn: psycopg.Connection[Any], run_ids: list[str], run_id: str, passed: bool) -> None:
    if passed:
        conn.execute(
            "update ops.run set released_at = coalesce(released_at, ops.now()) where id = any(%s)",
            (run_ids,),
        )
    else:
        conn.execute("update ops.run set released_at = null where id = %s", (run_id,))


def _dumps(value: Any) -> str:
    """Write ids as they are; Postgres's own types (a date, a number) become text."""
    return json.dumps(value, default=str)


def _line(verdict: Verdict) -> str:
    word = "passed" if verdict.passed else "FAILED"
    counts = f"{verdict.row_count} rows, {verdict.expectations} expectations"
    lines = [f"{word}: {verdict.suite.name} ({counts})"]
    lines += [f"  {failure.sentence}" for failure in verdict.failures]
    return "\n".join(lines)


def _sentence(dag_id: str, run_ids: list[str], verdicts: list[Verdict]) -> str:
    parts = []
    for verdict in verdicts:
        if verdict.passed or not verdict.suite.stops:
            continue
        said = "; ".join(failure.sentence for failure in verdict.failures)
        look = f" ({verdict.suite.look})" if verdict.suite.look else ""
        parts.append(f"'{verdict.suite.name}': {said}{look}")
    return (
        f"The gate of {dag_id} failed, and nothing of {len(run_ids)} run(s) was handed on. "
        f"{'. '.join(parts)}. The failing rows are in ops.gate_result and on the report page; "
        "mend them, then clear the gate (or run it again)."
    )
