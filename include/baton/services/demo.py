"""`make demo`: the whole motion on an invented market, through the real Airflow scheduler.

The demo has a database and a folder of its own (`.baton/demo`). A second one goes on where the first
ended: nothing that was sent is sent again. With CI=true it stops everything at the end, and its exit
status says whether every DAG run succeeded and every layer has rows.
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg

from baton.core.errors import BatonError
from baton.core.settings import PROJECT, load
from baton.motion import MOTION
from baton.services import demo_plan
from baton.services.airflow_api import AirflowApi, AirflowError, DagRun
from baton.services.airflow_config import LOCAL_USERS, passwords
from baton.services.demo_plan import PLAN, Book, Decide, Pass, RunDag, runs_of
from baton.services.market import Market, MarketError, first_opening
from baton.services.profile import Profile, only_copy, open_profile
from baton.services.progress import Shown
from baton.services.stack import Stack, prepare
from baton.services.supervisor import Stopped, Supervisor, SupervisorError, stoppable
from baton.warehouse import embedded
from baton.warehouse.connect import connect, scalar

USER = "admin"
RUN_TIMEOUT = 600.0  # seconds for one DAG run; the longest takes well under a minute
PARSE_TIMEOUT = 120.0
# How far back the first interval of a DAG reaches; afterwards each begins where the last one ended.
FIRST_INTERVAL = timedelta(days=1)


def main(arguments: list[str] | None = None) -> int:
    """Run the demo and return the exit status. `--home DIR` puts it elsewhere than .baton/demo."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--home", type=Path, default=None)
    home = parser.parse_args(arguments).home
    in_ci = os.environ.get("CI") == "true"
    try:
        profile = open_profile("demo", home)
        with only_copy(profile, "make demo"), stoppable():
            return perform(profile, in_ci=in_ci)
    except Stopped:
        print("Stopped. Nothing is left running; `make demo` goes on from here.")
        return 130
    except (BatonError, psycopg.OperationalError) as error:
        if os.environ.get("BATON_DEBUG") == "1":
            raise
        print(f"make demo: {error}", file=sys.stderr)
        return 1


def perform(
    profile: Profile,
    *,
    in_ci: bool,
    dags: Path = PROJECT / "dags",
    encore: Callable[[AirflowApi], None] | None = None,
) -> int:
    """Start everything, go through the plan, report, and stop everything (not in CI: at Ctrl-C).

    `encore` is called after the summary, while all services still run. Returns the exit status.
    """
    began = time.monotonic()
    # Its bars are drawn by a thread, so it is entered only when all services are started.
    shown = Shown(_totals(), plain=in_ci or None)
    if (profile.folder / "postgres").exists():
        shown.say("This demo goes on where the last one ended; `make clean` begins anew.")
    shown.say("Starting Postgres, the sandbox, the webhook receiver and Airflow ...")
    try:
        with Supervisor(profile) as services, _said_when_stopped():
            stack = prepare(
                profile,
                sandbox=True,
                schedules=False,
                sandbox_start=first_opening(datetime.now(UTC)),
                dags=dags,
            )
            stack.start(services)
            # The market's first morning reaches the receiver while Airflow is still coming up.
            services.wait_ready("sandbox", "receiver")
            now = Market(stack.url("sandbox"), stack.database_url).open()
            stack.wait_ready(services, whole=False)
            password = passwords(profile.folder)[USER]
            with AirflowApi(stack.url("airflow"), USER, password) as api:
                await_dags(api, set(MOTION), services.check)
                shown.say(f"Ready after {time.monotonic() - began:.0f} s.")
                shown.say(f"The demo's clock says {now:%A %Y-%m-%d %H:%M} UTC.")
                try:
                    with shown:
                        failed = Play(stack, services, api, shown).run()
                except (AirflowError, MarketError, psycopg.OperationalError):
                    services.check()  # what fell says more than what was missed
                    raise
                complete = _summary(stack, failed, time.monotonic() - began)
                if encore is not None:
                    encore(api)
            if not in_ci:
                _pages(stack, password)
                _watch(services)
            return 0 if complete and not failed else 1
    finally:
        if (server := embedded.running(profile.folder)) is not None:
            server.stop()


@contextmanager
def _said_when_stopped() -> Iterator[None]:
    """Say at once that a Ctrl-C was heard: ending everything takes a while."""
    try:
        yield
    except Stopped:
        print("\nStopping everything that was started ...", flush=True)
        raise


def _totals() -> dict[str, int]:
    """Return how many tasks each layer has in the plan, in the plan's order."""
    totals: dict[str, int] = {}
    for run in (run for stage in PLAN for run in runs_of(stage)):
        totals[run.layer] = totals.get(run.layer, 0) + len(MOTION[run.dag_id].steps)
    return totals


def await_dags(api: AirflowApi, wanted: set[str], check: Callable[[], None] = lambda: None) -> None:
    """Wait until the DAG processor has read these DAGs; `check` raises where that is in vain."""
    deadline = time.monotonic() + PARSE_TIMEOUT
    while missing := sorted(wanted - api.dag_ids()):
        check()
        if errors := api.import_errors():
            name, reason = next(iter(errors.items()))
            raise AirflowError(f"The DAG file {name} does not load: {reason}")
        if time.monotonic() > deadline:
            raise AirflowError(f"Airflow has not read these DAGs: {', '.join(missing)}.")
        time.sleep(0.2)


class Play:
    """One pass through the plan."""

    def __init__(self, stack: Stack, services: Supervisor, api: AirflowApi, shown: Shown) -> None:
        """Everything must be up."""
        self._stack = stack
        self._services = services
        self._api = api
        self._shown = shown
        self._market = Market(stack.url("sandbox"), stack.database_url)
        self._last: dict[str, datetime] = {}

    def run(self) -> list[str]:
        """Go through all stages; return the DAGs that failed, with their reason. Stops at one."""
        for stage in PLAN:
            if isinstance(stage, Decide):
                self._services.wait_ready()
                self._decide(stage.leave)
            elif isinstance(stage, Pass):
                now = self._market.advance(stage.time)
                self._shown.say(f"{now:%a %Y-%m-%d %H:%M}: {stage.meanwhile}.")
            elif isinstance(stage, Book):
                booked = self._market.book_ahead([name for name in LOCAL_USERS if "@" in name])
                self._shown.say(f"{booked} people book a meeting for tomorrow.")
            else:
                started = [(run, self._start(run.dag_id)) for run in runs_of(stage)]
                failures = [self._finish(run, run_id) for run, run_id in started]
                if failed := [failure for failure in failures if failure]:
                    return failed
        return []

    def _start(self, dag_id: str) -> str:
        """Start a run of a DAG, from where its last one ended until now; return its id."""
        now = self._market.set_clock(self._market.now())
        run_id = f"demo__{dag_id}__{now:%Y-%m-%dT%H:%M:%S.%f}"
        start = self._last.get(dag_id, now - FIRST_INTERVAL)
        self._last[dag_id] = now
        self._api.unpause(dag_id)
        self._api.trigger(dag_id, run_id, start, now)
        return run_id

    def _finish(self, run: RunDag, run_id: str) -> str | None:
        """Follow a run to its end; return a sentence if it failed."""
        dag_id, layer = run.dag_id, run.layer

        def seen(run: DagRun) -> None:
            self._services.check()
            doing = next((t.task_id for t in run.tasks if t.state == "running"), "")
            self._shown.doing(layer, run.done_tasks, f"{dag_id} {doing}")

        ended = self._api.follow(dag_id, run_id, seen, RUN_TIMEOUT)
        took = f"{ended.seconds or 0:.1f} s"
        if ended.state == "success":
            self._shown.done(layer, len(ended.tasks), f"{dag_id}: {took}. {self._counts(ended)}")
            return None
        self._shown.done(layer, ended.done_tasks, f"{dag_id}: FAILED after {took}")
        return f"{dag_id}: {self._api.error_of(ended)}"

    def _counts(self, run: DagRun) -> str:
        """Return what the tasks of a run counted: "land: landed 505; gate: rows 1020"."""
        said = []
        for task, counts in self._api.xcoms(run).items():
            numbers = (f"{name.replace('_', ' ')} {n}" for name, n in counts.items() if n)
            said.append(f"{task}: {', '.join(numbers) or 'nothing new'}")
        return "; ".join(said)

    def _decide(self, leave: int) -> None:
        """The sandbox plays the person, outside of Baton and under a name that says so."""
        done = subprocess.run(
            [sys.executable, "-m", "sandbox.approver", "--leave", str(leave)],
            env=dict(self._stack.environ),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode != 0:
            raise SupervisorError(f"The sandbox's approver failed: {done.stderr.strip()[-500:]}")
        self._shown.say(done.stdout.strip())


def _summary(stack: Stack, failed: list[str], took: float) -> bool:
    """Print the report and what was made; return whether every layer has rows."""
    counts = layer_counts(stack.database_url)
    audit = Market(stack.url("sandbox"), stack.database_url).sent()
    settings = load(stack.environ)
    print()
    if not failed:
        from baton.reports import render

        print(render(settings, "table"))
    print(f"The demo took {took:.0f} s. Rows by layer:")
    for layer, (table, count) in counts.items():
        print(f"  {layer:<13} {count:>7}  {table}")
    print(
        f"Mail accepted by the stand-in: {audit['accepted']}; sent twice: "
        f"{audit['duplicates_by_custom_args']}; after an opt-out: {len(audit['after_opt_out'])}."
    )
    for failure in failed:
        print(f"FAILED {failure}")
    empty = [layer for layer, (_, count) in counts.items() if not count]
    if empty:
        print(f"No rows in: {', '.join(empty)}.")
    return not empty


def layer_counts(database_url: str) -> dict[str, tuple[str, int]]:
    """Return for each layer the table that stands for it and how many rows it has."""
    found: dict[str, tuple[str, int]] = {}
    with connect(database_url) as conn:
        for layer, table in demo_plan.LAYER_TABLES.items():
            there: Any = scalar(conn, "select to_regclass(%s)", (table,))
            count = scalar(conn, f"select count(*) from {table}") if there else 0
            found[layer] = (table, int(count))
    return found


def _pages(stack: Stack, password: str) -> None:
    url = stack.url("airflow")
    print()
    waiting, meeting, message = to_look_at(stack.database_url)
    print(f"  Airflow      {url}   (user {USER}, password {password})")
    print(f"  Review desk  {url}/baton/review   ({waiting} drafts wait for a decision)")
    print(f"  Briefs       {url}/baton/briefs   (the meetings to come, each rep's own)")
    print(f"  Exceptions   {url}/baton/exceptions")
    print(f"  Report       {url}/baton/report")
    print(f"  Sandbox      {stack.url('sandbox')}/_control/sent   (what was sent)")
    others = ", ".join(name for name in LOCAL_USERS if name != USER)
    print(f"  Other users  {others}")
    print("               their passwords are in")
    print(f"               {stack.profile.file('airflow/passwords.json')}")
    print("From another terminal, while this runs:")
    if message:
        print(f"  .venv/bin/baton why {message}     the whole lineage of one message")
    if meeting:
        print(f"  .venv/bin/baton brief {meeting}   what the rep should know before a meeting")
    print("Ctrl-C stops everything.", flush=True)


def to_look_at(database_url: str) -> tuple[int, str | None, str | None]:
    """Return how many drafts wait, the id of a meeting to come and of a message that was answered."""
    with connect(database_url) as conn:
        waiting = scalar(conn, "select count(*) from ops.draft where state = 'pending'")
        meeting = scalar(
            conn,
            "select id from ops.meeting where state = 'planned' and starts_at > ops.now() "
            "order by starts_at limit 1",
        )
        message = scalar(
            conn,
            "select m.id from ops.message m join ops.reply r on r.message_id = m.id "
            "where not r.is_automatic order by m.id limit 1",
        )
    return int(waiting), meeting, message


def _watch(services: Supervisor) -> None:
    """Stay until Ctrl-C; end with a sentence if a service ends by itself."""
    while True:
        services.check()
        time.sleep(1)


if __name__ == "__main__":
    sys.exit(main())
