"""The yardstick of the demo's benchmark has the motion's shape."""

from itertools import pairwise
from pathlib import Path

from airflow.dag_processing.dagbag import DagBag

from baton.motion import MOTION
from benchmarks.empty_chain.generate import write


def test_as_many_dags_with_as_many_tasks_in_the_same_order(tmp_path: Path) -> None:
    made = write(tmp_path)
    bag = DagBag(tmp_path)
    assert bag.import_errors == {}
    assert set(bag.dags) == set(made.values())
    for dag_id, empty_id in made.items():
        tasks = bag.dags[empty_id].topological_sort()
        assert len(tasks) == len(MOTION[dag_id].steps)
        for earlier, later in pairwise(tasks):
            assert earlier.downstream_task_ids == {later.task_id}
