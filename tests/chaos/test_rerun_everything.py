"""Every DAG runs again, and is backfilled over the same interval: nothing changes, nothing is sent."""

import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from baton.motion import MOTION
from tests.chaos.motion_world import Motion, State, changed, running

pytestmark = pytest.mark.chaos

LEFT_OUT = {
    # Bookkeeping of the runs themselves.
    "ops.run": ("*",),
    "ops.gate_result": ("*",),
    "ops.dbt_result": ("*",),
    "landing.intake": ("*",),
    "ops.watermark": ("*",),
    "ops.report": ("*",),
    "ops.report_definition": ("*",),
    "ops.report_metric": ("*",),
    "ops.report_funnel": ("*",),
}


@pytest.fixture(scope="module")
def motion(
    database_url: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Motion]:
    with running(database_url, tmp_path_factory.mktemp("motion")) as world:
        began = time.monotonic()
        world.play()
        print(f"played in {time.monotonic() - began:.0f} s", file=sys.stderr)
        yield world


def differences(motion: Motion, before: State) -> dict[str, dict[str, list[str]]]:
    return changed(before, motion.state(LEFT_OUT))


@pytest.mark.parametrize("dag_id", MOTION)
def test_a_run_again(motion: Motion, dag_id: str) -> None:
    before = motion.state(LEFT_OUT)
    span = motion.spans[dag_id][-1]
    told = motion.run(dag_id, span)
    print(told)
    assert differences(motion, before) == {}
    told = motion.run(dag_id, replace(span, external_id=f"backfill__{span.end}"))
    print(told)
    assert differences(motion, before) == {}
