"""Tasks: each runs one step of the library for the DAG run's data interval.

A step that fails for a reason that another try cannot mend (a gate, a wrong setting) fails at once;
everything else is retried.
"""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Asset, BaseOperator, Context

log = logging.getLogger("airflow.task")


class StepOperator(BaseOperator):
    """Runs one step (see `baton.motion`) and returns its counts, which Airflow keeps as XCom."""

    ui_color = "#e8f0fe"

    def __init__(self, *, step: str, **kwargs: Any) -> None:
        """`step` is a name as in `baton.motion`, such as "baton.signals.steps:land" or "gate"."""
        super().__init__(**kwargs)
        self.step = step

    def execute(self, context: Context) -> dict[str, int | str]:
        """Run the step. Raises AirflowFailException where a retry would be in vain."""
        from airflow.sdk.exceptions import AirflowFailException

        from baton import motion
        from baton.core.errors import BatonError
        from baton.warehouse.run import open_run
        from baton_airflow.hooks import settings

        dag_run = context["dag_run"]
        layer = motion.chain_of(self.dag_id).layer
        try:
            baton = settings()
            start, end = interval(dag_run, baton.database_url)
            run = open_run(baton, layer, self.dag_id, dag_run.run_id, start, end)
            counts = motion.run_step(self.step, run)
        except BatonError as error:
            if error.retry:
                raise
            raise AirflowFailException(str(error)) from error
        log.info("%s: %s", self.task_id, in_words(counts))
        return counts


class GateOperator(StepOperator):
    """A gate: it releases the layer's rows or stops the DAG."""

    ui_color = "#fde9c8"


class DbtOperator(StepOperator):
    """One `dbt build` of a selector."""

    ui_color = "#ffe1d6"


def step(name: str, *, inlets: Sequence[Asset] = (), outlets: Sequence[Asset] = ()) -> StepOperator:
    """Make the task of a library step, such as "baton.signals.steps:land"."""
    task = name.partition(":")[2]
    return StepOperator(task_id=task, step=name, inlets=list(inlets), outlets=list(outlets))


def dbt(
    selector: str, *, inlets: Sequence[Asset] = (), outlets: Sequence[Asset] = ()
) -> DbtOperator:
    """Make the task that builds a selector of `dbt_project/selectors.yml`."""
    return DbtOperator(
        task_id="dbt", step=f"dbt:{selector}", inlets=list(inlets), outlets=list(outlets)
    )


def gate(*, outlets: Sequence[Asset] = ()) -> GateOperator:
    """Make the gate; its outlets are the tables that it hands on."""
    return GateOperator(task_id="gate", step="gate", outlets=list(outlets))


def interval(dag_run: Any, database_url: str) -> tuple[datetime, datetime]:
    """Return the run's data interval; a run triggered without one covers the hour up to now.

    Now is `ops.now()`, the clock that everything else reads.
    """
    if dag_run.data_interval_start and dag_run.data_interval_end:
        return dag_run.data_interval_start, dag_run.data_interval_end
    from baton.core import clock
    from baton.warehouse.connect import connect

    with connect(database_url) as conn:
        end = clock.now(conn)
    return end - timedelta(hours=1), end


def in_words(counts: dict[str, int | str]) -> str:
    """Return the counts of a step as one line: "landed 12, quarantined 0"."""
    told = [f"{name.replace('_', ' ')} {value}" for name, value in counts.items()]
    return ", ".join(told) or "done"
