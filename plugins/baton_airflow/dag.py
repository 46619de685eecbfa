"""The one way in which a DAG of Baton is made."""

from datetime import UTC, datetime, timedelta
from typing import Any

from airflow.sdk import DAG, CronDataIntervalTimetable

OWNER = "baton"

# Waits 30 s, 1 min, 2 min: a vendor's hiccup passes, and the next interval is not held up for long.
DEFAULT_ARGS: dict[str, Any] = {
    "owner": OWNER,
    "retries": 3,
    "retry_delay": timedelta(seconds=30),
    "retry_exponential_backoff": 2,
    "max_retry_delay": timedelta(minutes=5),
    "execution_timeout": timedelta(minutes=30),
    "max_active_tis_per_dag": 1,  # a backfill does not heed max_active_runs
}


def baton_dag(dag_id: str, *, layer: str, schedule: str, doc: str | None) -> DAG:
    """Return a DAG to be used as a context manager.

    `schedule` is a cron expression in UTC; every run covers the interval that just ended, also when
    it is backfilled. `doc` is the file's docstring, which is the DAG's page in the UI. Runs of one
    DAG never overlap: a layer's rows have one writer at a time.
    """
    return DAG(
        dag_id,
        schedule=CronDataIntervalTimetable(schedule, timezone="UTC"),
        start_date=datetime(2025, 1, 1, tzinfo=UTC),
        catchup=False,
        max_active_runs=1,
        default_args=DEFAULT_ARGS,
        tags=[layer],
        doc_md=doc,
    )
