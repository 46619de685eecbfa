"""What a gate checks: a query, the rows it must give, and how each row is named.

A suite lives in `baton/quality/suites/<dag_id>.py`, whose `SUITES` the gate of that DAG checks:

    def _expectations(params):
        import great_expectations.expectations as gxe  # takes seconds: only inside the function

        return [
            gxe.ExpectColumnValuesToNotBeNull(column="rep_id"),
            gxe.ExpectColumnValuesToBeBetween(column="score", max_value=params["top"]),
        ]

    SUITES = [
        Suite(
            name="every lead has an owner",
            query="select id, rep_id, score from ops.lead where run_id = any(%(run_ids)s)",
            id_columns=("id",),
            expectations=_expectations,
            empty_ok=True,
            params=lambda run: {"top": load_thresholds(run.settings.playbook).scoring.top},
        )
    ]

Column expectations name the rows that fail; aggregate ones (a count, a mean, a quantile) can only say
what was found and what was expected. So prefer a query with one row per thing and a column
expectation, and compute rates per group (one row per domain, per source, per quartile).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from baton.warehouse.run import Run

if TYPE_CHECKING:
    from great_expectations.expectations.expectation import Expectation

Params = Mapping[str, Any]


def no_params(_run: Run) -> Params:
    """Add nothing to the parameters that every query has."""
    return {}


@dataclass(frozen=True, kw_only=True)
class Suite:
    """One question that a gate asks about a batch.

    `name`          short and plain; unique within the DAG; shown on the report.
    `query`         SQL with psycopg parameters. Every query has %(run_ids)s (text[], the ids of the
                    runs under the gate: write `= any(%(run_ids)s)`), %(run_id)s, %(dag_id)s, %(now)s,
                    %(interval_start)s, %(interval_end)s, and whatever `params` adds. Write a literal
                    per cent sign as %%.
    `id_columns`    columns of the query that name a row to a person.
    `expectations`  called with all parameters; returns Great Expectations objects. Import the library
                    inside it.
    `empty_ok`      whether no rows at all are fine. Where they are not, an empty batch fails.
    `params`        further parameters, such as thresholds from the playbook.
    `look`          where to look when it fails, as the end of a sentence, such as
                    "see the review desk".
    `stops`         False for a question about the world and not about the rows (is every source
                    answering?): its answer is kept and shown, and the rows are handed on all the same.
    """

    name: str
    query: str
    id_columns: tuple[str, ...]
    expectations: Callable[[Params], Sequence["Expectation"]]
    empty_ok: bool
    params: Callable[[Run], Params] = no_params
    look: str = ""
    stops: bool = True
