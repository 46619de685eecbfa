"""Runs dbt in this process, one build at a time per warehouse, and keeps what each node did.

The profile (`dbt_project/profiles.yml`) reads BATON_PG_HOST, _PORT, _USER, _PASSWORD and _DBNAME.
What dbt writes (compiled SQL, its log) goes to BATON_HOME/dbt, never into the project.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import unquote, urlsplit

import psycopg

from baton.core.errors import DbtFailed
from baton.core.settings import Settings
from baton.warehouse import parsed, runner
from baton.warehouse.connect import connect, scalar
from baton.warehouse.run import Run
from baton.warehouse.runner import line

log = logging.getLogger("baton.dbt")

# Any constant serves; it only has to be the same for every build in this warehouse.
BUILD_LOCK = 4_211_004
_BAD = ("error", "fail", "runtime error")


@dataclass(frozen=True)
class NodeResult:
    """What one model, test, snapshot or seed did. `node` is dbt's unique id; seconds are its own."""

    node: str
    status: str
    seconds: float
    rows: int | None
    message: str

    @property
    def name(self) -> str:
        """Return "model opportunity" for model.baton.opportunity."""
        kind, _, rest = self.node.split(".", 2)
        return f"{kind} {rest}"

    @property
    def is_bad(self) -> bool:
        """Whether the node failed."""
        return self.status in _BAD


# An interval that ends in the future (somebody's mistyped date) counts for its own run only.
AS_OF = """
    select greatest(%(end)s, max(interval_end)) from ops.run
    where dag_id = %(dag_id)s and interval_end <= ops.now()
"""


def build(run: Run, selector: str) -> dict[str, int | str]:
    """Build a selector of `dbt_project/selectors.yml`, as of the end of the run's interval.

    Where a run of the same DAG has a later interval, it is built as of the end of that one: the
    tables hold one state, and a backfill must not set them back (a score of last month would make
    leads of people whose reasons are gone).

    Returns how many nodes of each status there were. Raises DbtFailed naming each node that failed,
    with what dbt said. Waits for another build in the same warehouse to end.
    """
    arguments = ["build", "--selector", selector, "--exclude-resource-type", "unit_test"]
    with run.connect() as conn:
        as_of: datetime = scalar(conn, AS_OF, {"dag_id": run.dag_id, "end": run.interval_end})
    results = invoke(run.settings, arguments, as_of=as_of.isoformat(), use_parsed=True)
    with run.connect() as conn:
        _keep(conn, run, results)
    counts: dict[str, int | str] = {}
    for result in results:
        log.info("%-8s %6.2f s  %s  %s", result.status, result.seconds, result.name, result.message)
        counts[result.status] = int(counts.get(result.status, 0)) + 1
    if failed := [result for result in results if result.is_bad]:
        raise DbtFailed(_sentence(run.settings, selector, failed))
    return counts


def invoke(
    settings: Settings,
    arguments: Sequence[str],
    *,
    as_of: str | None = None,
    use_parsed: bool = False,
) -> list[NodeResult]:
    """Run one dbt command in this process and return what its nodes did.

    With `use_parsed` dbt reads what `baton.warehouse.parsed` keeps, which is quicker; without it
    dbt works as in any project and writes its artefacts to BATON_HOME/dbt/target.

    `as_of` (ISO 8601) is the time that the models take for now; None means `ops.now()`. It travels
    as a setting of the database session (`baton.as_of`), because dbt parses the whole project anew
    when a variable of its own changes. Raises DbtFailed if dbt could not even start.
    """
    home = settings.home / "dbt"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    parts = urlsplit(settings.database_url)
    with _one_build(settings.database_url):
        found, said = runner.run(
            arguments,
            environ=_profile(settings.database_url, as_of),
            target=home / "target",
            logs=home / "logs",
            manifest=parsed.manifest(unquote(parts.path.lstrip("/"))) if use_parsed else None,
        )
    results = [_result(node) for node in found]
    del found
    runner.let_go()
    if said and not any(result.is_bad for result in results):
        raise DbtFailed(f"dbt {arguments[0]} did not run: {said}.")
    return results


def _result(node: Any) -> NodeResult:
    response = getattr(node, "adapter_response", None) or {}
    return NodeResult(
        node=node.node.unique_id,
        status=str(node.status),
        seconds=round(node.execution_time or 0.0, 3),
        rows=response.get("rows_affected"),
        # The macros that an error went through say nothing to whoever wrote the model.
        message=line((node.message or "").split("> in macro")[0]),
    )


def _keep(conn: psycopg.Connection[Any], run: Run, results: Sequence[NodeResult]) -> None:
    with conn.cursor() as cursor:
        cursor.executemany(
            "insert into ops.dbt_result (run_id, node, status, seconds, rows_affected, message) "
            "values (%s, %s, %s, %s, %s, %s)",
            [(run.id, r.node, r.status, r.seconds, r.rows, r.message) for r in results],
        )


def _sentence(settings: Settings, selector: str, failed: Sequence[NodeResult]) -> str:
    said = "; ".join(f"{result.name}: {result.message}" for result in failed[:5])
    more = f"; and {len(failed) - 5} more" if len(failed) > 5 else ""
    return (
        f"dbt build of {selector!r} failed at {said}{more}. The tables that were built before it "
        f"stand; the SQL is below {settings.home / 'dbt' / 'target' / 'run'}."
    )


@contextmanager
def _one_build(database_url: str) -> Iterator[None]:
    """Hold the warehouse's build lock; two dbt builds at once would swap tables under each other."""
    with connect(database_url, autocommit=True) as conn:
        conn.execute("select pg_advisory_lock(%s)", (BUILD_LOCK,))
        yield


def _profile(database_url: str, as_of: str | None) -> dict[str, str]:
    """Return what the profile reads, and the session settings that libpq takes from PGOPTIONS."""
    parts = urlsplit(database_url)
    session = "-c timezone=UTC" + (f" -c baton.as_of={as_of}" if as_of else "")
    return {
        "BATON_PG_HOST": parts.hostname or "localhost",
        "BATON_PG_PORT": str(parts.port or 5432),
        "BATON_PG_USER": unquote(parts.username or ""),
        "BATON_PG_PASSWORD": unquote(parts.password or ""),
        "BATON_PG_DBNAME": unquote(parts.path.lstrip("/")),
        "PGOPTIONS": session,
    }
