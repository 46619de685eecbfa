"""Every DAG runs again, and is backfilled over the same interval: nothing changes, nothing is sent."""

from collections.abc import Iterator

import pytest

from baton.motion import MOTION
from baton.services.demo_plan import LAYER_TABLES
from tests.chaos.motion_world import AT_ONCE, LATER, Motion, running

pytestmark = pytest.mark.chaos

WHOLE = ("*",)
# What is not compared, and why. All else is: every other table of landing, ops, marts and snapshots
# with every column, run ids and times included, the mail, the CRM's records and the calendars.
LEFT_OUT = {
    # The books of the runs themselves: that a DAG ran again is what they are there to say.
    "ops.run": WHOLE,
    "ops.gate_result": WHOLE,
    "ops.dbt_result": WHOLE,
    # How much each reading offered, accepted or known. What was accepted is compared.
    "landing.intake": WHOLE,
    "marts.signal_intake": WHOLE,
    # How far readers got, in transaction numbers, which go on whoever writes.
    "ops.watermark": WHOLE,
    # One report per run. The figures of the newest are compared.
    "ops.report": WHOLE,
    "ops.report_definition": WHOLE,
    "ops.report_metric": WHOLE,
    "ops.report_funnel": WHOLE,
}


@pytest.fixture(scope="module")
def played(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Motion]:
    """The motion after the demo's plan, in which every run was repeated at once."""
    with running(database_url, tmp_path_factory.mktemp("motion"), LEFT_OUT) as motion:
        motion.play()
        yield motion


@pytest.fixture(scope="module")
def quiet(played: Motion) -> Motion:
    """The same, once nothing is left to do."""
    played.catch_up()
    return played


@pytest.mark.parametrize("kind", AT_ONCE)
@pytest.mark.parametrize("dag_id", MOTION)
def test_a_run_repeated_at_once_changes_nothing(played: Motion, dag_id: str, kind: str) -> None:
    assert played.repeats[dag_id, kind] == {}


def test_there_is_something_that_could_have_changed(played: Motion) -> None:
    state = played.state()
    outside = ("mail", "calendars", "crm notes", "crm deals")
    empty = [name for name in (*LAYER_TABLES.values(), *outside) if not state[name]]
    assert empty == []


@pytest.mark.parametrize("dag_id", MOTION)
def test_an_old_interval_backfilled_when_all_is_done(quiet: Motion, dag_id: str) -> None:
    assert quiet.repeat(dag_id, LATER) == {}
