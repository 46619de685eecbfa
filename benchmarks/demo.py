"""`CI=true make demo` after set-up against an empty chain of as many DAG runs with as many tasks.

Both go through the same scheduler in the same run: first the demo, from nothing to the report, then
the empty DAGs one after the other. The demo's time is all of it, services started and stopped; the
time in which Airflow reads the empty DAGs counts for neither.
"""

import os
import shutil
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import verdict
from empty_chain import generate

from baton.core.settings import PROJECT
from baton.services import demo
from baton.services.airflow_api import AirflowApi, DagRun
from baton.services.demo_plan import PLAN, runs_of
from baton.services.profile import only_copy, open_profile
from baton.services.supervisor import stoppable
from baton.warehouse import embedded

RATIO = 2.5


def main() -> None:
    """Run both, print the verdict."""
    os.environ["CI"] = "true"
    folder = Path(tempfile.mkdtemp(prefix="baton-bench-"))
    try:
        seconds = measure(folder)
    finally:
        embedded.destroy(folder / "home")
        shutil.rmtree(folder)
    verdict.close(
        "demo",
        {"ratio": seconds["demo"] / seconds["empty_chain"], **seconds},
        {"ratio": ("<=", RATIO), "failed": ("<=", 0)},
        "as many DAG runs with as many empty tasks, one after the other through the same scheduler",
    )


def measure(folder: Path) -> dict[str, float]:
    """Return the seconds of the demo and of the empty chain, and how much of the demo failed."""
    dags = folder / "dags"
    dags.mkdir()
    for file in (PROJECT / "dags").glob("*.py"):
        (dags / file.name).symlink_to(file)
    chain = apart = 0.0

    def encore(api: AirflowApi) -> None:
        nonlocal chain, apart
        called = time.monotonic()
        # Only now, so that the demo does not pay for reading them.
        empty = generate.write(dags / "empty")
        demo.await_dags(api, set(empty.values()))
        began = time.monotonic()
        for number, each in enumerate(each for stage in PLAN for each in runs_of(stage)):
            run(api, empty[each.dag_id], number)
        chain = time.monotonic() - began
        apart = time.monotonic() - called
        print(f"The empty chain took {chain:.0f} s.", flush=True)

    profile = open_profile("demo", folder / "home")
    began = time.monotonic()
    with only_copy(profile, "make bench"), stoppable():
        status = demo.perform(profile, in_ci=True, dags=dags, encore=encore)
    whole = time.monotonic() - began
    return {"demo": whole - apart, "empty_chain": chain, "failed": float(status)}


def run(api: AirflowApi, dag_id: str, number: int) -> DagRun:
    """Run one empty DAG to its end: a chain is one after the other, where the demo runs some at once."""
    end = datetime.now(UTC)
    api.unpause(dag_id)
    api.trigger(dag_id, f"empty__{number}", end - timedelta(days=1), end)
    return api.follow(dag_id, f"empty__{number}", lambda _: None, demo.RUN_TIMEOUT)


if __name__ == "__main__":
    main()
