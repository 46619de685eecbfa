"""Writes one empty DAG per DAG of the motion, with as many tasks in the same order.

What these cost is what Airflow itself costs: a process per task, its start and end reported to the
api-server, the scheduler's looks in between.
"""

from pathlib import Path

from baton.motion import MOTION, task_id

PREFIX = "empty_"

_FILE = '''"""An empty DAG with the tasks of {dag_id}."""

from datetime import UTC, datetime

from airflow.sdk import DAG, CronDataIntervalTimetable, chain, task


@task
def nothing() -> dict[str, int]:
    """Return what a step would: a few counts."""
    return {{"rows": 0}}


with DAG(
    "{prefix}{dag_id}",
    schedule=CronDataIntervalTimetable("0 * * * *", timezone="UTC"),
    start_date=datetime(2025, 1, 1, tzinfo=UTC),
    catchup=False,
    max_active_runs=1,
    tags=["empty"],
):
    chain(*[nothing.override(task_id=name)() for name in {tasks}])
'''


def write(folder: Path) -> dict[str, str]:
    """Write the empty DAGs into `folder`; return the empty DAG's id for each DAG id."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {}
    for dag_id, motion in MOTION.items():
        tasks = [task_id(step) for step in motion.steps]
        text = _FILE.format(prefix=PREFIX, dag_id=dag_id, tasks=tasks)
        (folder / f"{PREFIX}{dag_id}.py").write_text(text)
        made[dag_id] = f"{PREFIX}{dag_id}"
    return made
