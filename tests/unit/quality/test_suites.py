"""Every DAG has suites, and each suite says enough."""

from itertools import pairwise

import pytest

from baton.motion import MOTION
from baton.quality.gate import suites_of


@pytest.mark.parametrize("dag_id", MOTION)
def test_every_gate_asks_something(dag_id: str) -> None:
    suites = suites_of(dag_id)
    names = sorted(suite.name for suite in suites)
    assert all(earlier != later for earlier, later in pairwise(names))
    for suite in suites:
        assert suite.name.strip() == suite.name != ""
        assert suite.id_columns, f"{suite.name}: a failing row needs a name"
        assert suite.query.strip()
