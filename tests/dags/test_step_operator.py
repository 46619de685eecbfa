"""A task maps Airflow's run to the library's, and decides whether another try makes sense."""

import logging
import sys
import types
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest
from airflow.sdk.exceptions import AirflowFailException

from baton.core.errors import GateFailed, VendorUnavailable
from baton.core.ids import new_id
from baton.warehouse.connect import connect
from baton.warehouse.run import Run
from baton_airflow.steps import StepOperator, in_words

START = datetime(2026, 3, 2, 9, tzinfo=UTC)
END = datetime(2026, 3, 2, 10, tzinfo=UTC)


@pytest.fixture
def steps(monkeypatch: pytest.MonkeyPatch, database_url: str, tmp_path: Path) -> Any:
    """A module of steps that the test fills; the environment is that of a task."""
    module = types.ModuleType("baton.trial_steps")
    monkeypatch.setitem(sys.modules, "baton.trial_steps", module)
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    monkeypatch.setenv("BATON_SECRET", "a secret that only tests use")
    monkeypatch.setenv("BATON_HOME", str(tmp_path))
    return module


def _task(dag_id: str = "lead_scoring") -> StepOperator:
    from baton_airflow.dag import baton_dag

    with baton_dag(dag_id, layer="scoring", schedule="0 * * * *", doc=""):
        return StepOperator(task_id="trial", step="baton.trial_steps:trial")


def _context(start: datetime | None = START, end: datetime | None = END) -> Any:
    run = SimpleNamespace(
        run_id=new_id("airflow"), data_interval_start=start, data_interval_end=end
    )
    return {"dag_run": run}


def test_a_step_gets_the_interval_and_its_counts_come_back(
    steps: Any, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Run] = []
    steps.trial = lambda run: seen.append(run) or {"leads_routed": 3, "unrouted": 0}
    caplog.set_level(logging.INFO)

    counts = _task().execute(_context())

    assert counts == {"leads_routed": 3, "unrouted": 0}
    assert (seen[0].interval_start, seen[0].interval_end) == (START, END)
    assert (seen[0].layer, seen[0].dag_id) == ("scoring", "lead_scoring")
    assert "trial: leads routed 3, unrouted 0" in caplog.text


def test_a_retry_gets_the_same_run(steps: Any) -> None:
    seen: list[str] = []
    steps.trial = lambda run: seen.append(run.id) or {}
    context = _context()
    _task().execute(context)
    _task().execute(context)
    _task().execute(_context())
    assert seen[0] == seen[1] != seen[2]


def test_a_run_without_an_interval_covers_the_hour_up_to_the_one_clock(
    steps: Any, new_database: Callable[[], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[Run] = []
    steps.trial = lambda run: seen.append(run) or {}
    database_url = new_database()
    monkeypatch.setenv("BATON_DATABASE_URL", database_url)
    with connect(database_url) as conn:
        conn.execute("update ops.clock set sandbox = true where not sandbox")
        conn.execute("update ops.clock set shift = interval '400 days'")

    _task().execute(_context(None, None))

    run = seen[0]
    assert run.interval_end - run.interval_start == timedelta(hours=1)
    assert run.interval_end > datetime.now(UTC) + timedelta(days=399)


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        pytest.param(GateFailed("lead led_1 has no owner"), AirflowFailException, id="gate: final"),
        pytest.param(VendorUnavailable("try later"), VendorUnavailable, id="vendor down: retried"),
        pytest.param(psycopg.OperationalError("gone"), psycopg.OperationalError, id="unforeseen"),
    ],
)
def test_only_what_another_try_can_mend_is_retried(
    steps: Any, error: Exception, raised: type[Exception]
) -> None:
    def fail(_run: Run) -> dict[str, int]:
        raise error

    steps.trial = fail
    with pytest.raises(raised, match=str(error)):
        _task().execute(_context())


def test_a_missing_setting_is_final_and_named(steps: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    steps.trial = lambda _run: {}
    monkeypatch.delenv("BATON_SECRET")
    with pytest.raises(AirflowFailException, match="BATON_SECRET"):
        _task().execute(_context())


def test_steps_of_one_dag_never_overlap(
    steps: Any, make_run: Callable[..., Run], conn: psycopg.Connection[Any]
) -> None:
    """A backfill runs several runs of a DAG at once; the second step waits for the first."""
    from threading import Thread

    from baton import motion

    order: list[str] = []
    inner = make_run("scoring", "lead_scoring")

    def outer(_run: Run) -> dict[str, int]:
        other = Thread(target=lambda: motion.run_step("baton.trial_steps:inner", inner))
        other.start()
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while conn.execute(waiting).fetchone() == (0,):
            conn.rollback()
        order.append("outer")
        steps.other = other
        return {}

    steps.outer = outer
    steps.inner = lambda _run: order.append("inner") or {}
    motion.run_step("baton.trial_steps:outer", make_run("scoring", "lead_scoring"))
    steps.other.join()
    assert order == ["outer", "inner"]


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        pytest.param({"rows": 2, "sent_to": "x"}, "rows 2, sent to x", id="two"),
        pytest.param({}, "done", id="nothing counted"),
    ],
)
def test_counts_are_told_in_words(counts: dict[str, int | str], words: str) -> None:
    assert in_words(counts) == words
