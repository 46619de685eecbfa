"""Every DAG is loaded and held to the same rules."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from baton.motion import MOTION, task_id
from tests.dags.conftest import DAG_FILES, docstring

CASES = [pytest.param(path, id=path.stem) for path in DAG_FILES]
HEADINGS = ("### Inputs", "### Outputs", "### When it fails")


def test_every_file_loads(bag: Any) -> None:
    assert bag.import_errors == {}


def test_the_dags_are_those_of_the_motion(bag: Any) -> None:
    assert set(bag.dags) == set(MOTION)
    assert {path.stem for path in DAG_FILES} == set(MOTION), "one file per DAG, named like it"


@pytest.mark.parametrize("path", CASES)
def test_a_dag_file_is_schedule_and_wiring(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= 60
    assert "def " not in path.read_text(), "logic belongs into the library"


@pytest.mark.parametrize("path", CASES)
def test_the_docstring_is_the_page_in_the_ui(path: Path, bag: Any) -> None:
    text = docstring(path)
    assert bag.dags[path.stem].doc_md == text
    for heading in HEADINGS:
        assert f"\n{heading}\n" in text
    told = text.partition("### When it fails")[2]
    for step in MOTION[path.stem].steps:
        assert f"**{task_id(step)}**" in told, f"what to do when {task_id(step)} fails"


@pytest.mark.parametrize("dag_id", MOTION)
def test_owner_tags_and_retries(dag_id: str, bag: Any) -> None:
    dag = bag.dags[dag_id]
    assert dag.tags == {MOTION[dag_id].layer}
    for task in dag.tasks:
        assert task.owner == "baton"
        assert task.retries >= 1
        assert task.retry_exponential_backoff > 1
        assert task.retry_delay < task.max_retry_delay
        assert timedelta(0) < task.execution_timeout <= timedelta(hours=1)
        assert task.max_active_tis_per_dag == 1


@pytest.mark.parametrize("dag_id", MOTION)
def test_runs_cover_intervals_one_after_the_other(dag_id: str, bag: Any) -> None:
    dag = bag.dags[dag_id]
    assert type(dag.timetable).__name__ == "CronDataIntervalTimetable"
    assert dag.catchup is False
    assert dag.max_active_runs == 1


@pytest.mark.parametrize("dag_id", MOTION)
def test_the_wiring_is_that_of_the_motion(dag_id: str, bag: Any) -> None:
    chain = MOTION[dag_id]
    tasks = bag.dags[dag_id].topological_sort()
    assert tuple(task.step for task in tasks) == chain.steps
    assert [task.task_id for task in tasks] == [task_id(step) for step in chain.steps]
    for earlier, later in pairwise(tasks):
        assert earlier.downstream_task_ids == {later.task_id}


@pytest.mark.parametrize("dag_id", MOTION)
def test_what_a_gate_hands_on_is_declared(dag_id: str, bag: Any) -> None:
    gate = bag.dags[dag_id].get_task("gate")
    assert gate.outlets
    for task in bag.dags[dag_id].tasks:
        for asset in (*task.inlets, *task.outlets):
            assert asset.uri == f"baton://warehouse/{asset.name.replace('.', '/')}"


def test_delivery_runs_more_often_than_the_layers_that_feed_it(bag: Any) -> None:
    every_ten_minutes = {"message_delivery", "meeting_scheduling", "meeting_handoff"}
    daily = {"list_refresh", "revenue_attribution"}
    for dag_id, dag in bag.dags.items():
        minute, hour, *rest = dag.timetable.expression.split()
        assert rest == ["*", "*", "*"]
        assert ("/10" in minute) == (dag_id in every_ten_minutes)
        assert (hour != "*") == (dag_id in daily)
