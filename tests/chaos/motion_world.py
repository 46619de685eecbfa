"""The whole motion without Airflow: real processes for the market, the calendar and the receiver.

`Motion.play` goes through the demo's plan and repeats each run at once; `Motion.catch_up` goes on until
nothing is left to do. `Motion.state` says what there is, in the warehouse and outside.
"""

import hashlib
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx

from baton.clients.hubspot import HubSpot, Kind
from baton.core import settings as core_settings
from baton.core.settings import Settings
from baton.motion import MOTION, run_step
from baton.services.demo_plan import PLAN, Decide, Pass, runs_of
from baton.services.market import Market, first_opening, make_sandbox
from baton.services.stack import answers, listens, sandbox_connections
from baton.warehouse.connect import connect, rows
from baton.warehouse.run import open_run
from sandbox import approver
from sandbox import keys as sandbox_keys
from sandbox.vendors import caldav

PATIENCE = 60  # seconds for a process to become ready
SHOWN = 3  # rows of each difference
DAY = timedelta(days=1)
UNDO = timedelta(minutes=2)
CRM_KINDS: tuple[Kind, ...] = ("companies", "contacts", "deals", "notes", "meetings", "tasks")
CRM_FIELDS = (
    *("amount", "closedate", "dealstage", "hs_next_step", "hs_note_body", "hs_task_subject"),
    *("hs_meeting_title", "email", "domain"),
)
SCHEMAS = ("landing", "ops", "marts", "snapshots")

# The rows of each table and the things of each kind outside, as text, sorted.
State = dict[str, list[str]]
# Where checksums differ: the first rows that went and that came.
Differences = dict[str, dict[str, list[str]]]
# How a run repeats: its run id, made from that of the first.
AT_ONCE = {"run again": "{}", "backfilled": "backfill__{}"}
LATER = "backfilled at the end"
KINDS = {**AT_ONCE, LATER: "late__{}"}


@dataclass(frozen=True)
class Span:
    """One run of a DAG: Airflow's run id, and the data interval."""

    external_id: str
    start: datetime
    end: datetime


@dataclass
class Motion:
    """A warehouse and a market. `left_out` names columns per table, or "*" for all of a table's.

    `spans` holds the plan's run of each DAG; `repeats` what changed when it ran again at once, by
    DAG and kind (see KINDS).
    """

    settings: Settings
    market: Market
    calendars: Path
    left_out: Mapping[str, tuple[str, ...]]
    spans: dict[str, Span] = field(default_factory=dict)
    repeats: dict[tuple[str, str], Differences] = field(default_factory=dict)

    def play(self) -> None:
        """Go through the demo's plan; each DAG runs again at once, as itself and as a backfill."""
        now = self.market.open()
        for stage in PLAN:
            if isinstance(stage, Decide):
                self._decide()
            elif isinstance(stage, Pass):
                self.market.advance(stage.time)
            for run in runs_of(stage):
                now = self.market.set_clock(self.market.now())
                span = self.spans[run.dag_id] = Span(f"plan__{now}", now - DAY, now)
                self.run(run.dag_id, span)
                for kind in AT_ONCE:
                    self.repeats[run.dag_id, kind] = self.repeat(run.dag_id, kind)

    def catch_up(self) -> None:
        """Run every DAG over one more interval, until nothing is left to do."""
        end = self.market.set_clock(self.market.now())
        for stage in PLAN:
            for run in runs_of(stage):
                self.run(run.dag_id, Span(f"last__{end}", end - DAY, end))
            if isinstance(stage, Decide):
                self._decide()
                # Baton's clock alone: what the market has in store must not happen from now on.
                self.market.set_clock(self.market.now() + UNDO)

    def repeat(self, dag_id: str, kind: str) -> Differences:
        """Run the plan's interval of a DAG again and return what that changed."""
        span, before = self.spans[dag_id], self.state()
        self.run(dag_id, replace(span, external_id=KINDS[kind].format(span.external_id)))
        return changed(before, self.state())

    def run(self, dag_id: str, span: Span) -> dict[str, dict[str, int | str]]:
        """Run every step of a DAG; return what each counted."""
        chain = MOTION[dag_id]
        run = open_run(self.settings, chain.layer, dag_id, span.external_id, span.start, span.end)
        return {step: run_step(step, run) for step in chain.steps}

    def _decide(self) -> None:
        decided = approver.decide_all(self.settings.database_url, self.settings)
        assert not decided.refused, decided.refused

    def sent(self) -> int:
        """How many mails the stand-in has accepted."""
        return int(self._control("/sent")["count"])

    def state(self) -> State:
        """Return all rows of every table, and everything outside that Baton writes to."""
        found = self._tables()
        sent = self._control("/sent")["sent"]
        found["mail"] = _lines(sent if isinstance(sent, list) else [sent])
        found["what the market did"] = _lines(list(self._control("/counts").items()))
        crm = self.settings.connection("baton_crm")
        assert crm is not None
        with HubSpot(crm) as portal:
            for kind in CRM_KINDS:
                found[f"crm {kind}"] = _lines([vars(r) for r in portal.all(kind, CRM_FIELDS)])
        events = self.calendars.rglob(f"{caldav.CALENDAR}/*.ics")
        found["calendars"] = _lines([(path.name, path.read_text()) for path in events])
        return found

    def _tables(self) -> State:
        found: State = {}
        with connect(self.settings.database_url) as conn:
            for table in rows(conn, COLUMNS, {"schemas": list(SCHEMAS)}):
                name, gone = table["name"], self.left_out.get(table["name"], ())
                if "*" in gone:
                    continue
                kept = ", ".join(f'"{c}"' for c in table["columns"] if c not in gone)
                lines = rows(conn, f"select row({kept})::text as line from {name}")
                found[name] = sorted(line["line"] for line in lines)
            for name, query in REPORT.items():
                found[name] = sorted(str(line) for line in rows(conn, query))
        return found

    def _control(self, path: str) -> dict[str, object]:
        answer = httpx.get(f"{self.market.control}/_control{path}", trust_env=False, timeout=60)
        answer.raise_for_status()
        content: dict[str, object] = answer.json()
        return content


# What the newest report says, without its id; what is left out of marts is left out here too.
_NEWEST = "(select id from ops.report order by as_of desc, made_at desc limit 1)"
REPORT = {
    "the report's figures": f"""
        select to_jsonb(m) - 'report_id' as figure
        from ops.report_metric m
        join ops.report_definition d using (report_id, metric)
        where m.report_id = {_NEWEST} and d.model <> 'marts.signal_intake'
    """,
    "the report's funnel": f"""
        select to_jsonb(f) - 'report_id' as step from ops.report_funnel f
        where f.report_id = {_NEWEST}
    """,
}

# Partitions are left out: their rows are those of the table that they belong to.
COLUMNS = """
    select n.nspname || '.' || c.relname as name,
           array_agg(a.attname::text order by a.attname) as columns
    from pg_class c
    join pg_namespace n on n.oid = c.relnamespace
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    where n.nspname = any(%(schemas)s) and c.relkind in ('r', 'p') and not c.relispartition
    group by 1 order by 1
"""


def checksum(lines: Sequence[str]) -> str:
    """Return the MD5 of the rows."""
    return hashlib.md5("\n".join(lines).encode(), usedforsecurity=False).hexdigest()


def changed(before: State, after: State) -> Differences:
    """Return where checksums differ, and how."""
    return {
        name: {
            "gone": sorted(set(before.get(name, [])) - set(after.get(name, [])))[:SHOWN],
            "new": sorted(set(after.get(name, [])) - set(before.get(name, [])))[:SHOWN],
        }
        for name in sorted(before.keys() | after.keys())
        if checksum(before.get(name, [])) != checksum(after.get(name, []))
    }


def _lines(things: Sequence[object]) -> list[str]:
    return sorted(json.dumps(thing, sort_keys=True, default=str) for thing in things)


@contextmanager
def running(
    database_url: str, home: Path, left_out: Mapping[str, tuple[str, ...]]
) -> Iterator[Motion]:
    """Start the sandbox, its calendar and the receiver for a fresh database; end them afterwards."""
    make_sandbox(database_url)
    ports = dict(zip(("sandbox", "calendar", "receiver"), _free_ports(3), strict=True))
    url = {name: f"http://127.0.0.1:{port}" for name, port in ports.items()}
    sandbox = home / "sandbox"
    secrets = sandbox_keys.load(sandbox, {}).environment()
    environ = {
        "PATH": os.environ.get("PATH", os.defpath),
        "PYTHONPATH": str(core_settings.PROJECT / "include"),
        "TZ": "UTC",
        "BATON_DATABASE_URL": database_url,
        "BATON_HOME": str(home),
        "BATON_PROFILE": "demo",
        "BATON_SECRET": "a secret that only tests use",
        "BATON_PUBLIC_URL": url["receiver"],
        **secrets,
        **sandbox_connections(secrets, ports),
    }
    start = first_opening(datetime.now(UTC)).isoformat()
    serve = ["sandbox", "serve", "--home", str(sandbox), "--port", str(ports["sandbox"])]
    serve += ["--receiver-url", url["receiver"], "--start", start]
    calendar = ["sandbox", "calendar", "--home", str(sandbox), "--port", str(ports["calendar"])]
    receiver = ["uvicorn", "--factory", "baton.receiver.app:create_app", "--no-access-log"]
    receiver += ["--host", "127.0.0.1", "--port", str(ports["receiver"])]
    with ExitStack() as stack:
        for arguments, ready in (
            (serve, answers(f"{url['sandbox']}/_control/healthz")),
            (calendar, listens(ports["calendar"])),
            (receiver, answers(f"{url['receiver']}/healthz")),
        ):
            stack.enter_context(_process(arguments, environ, home, ready))
        settings = core_settings.load(environ)
        market = Market(url["sandbox"], database_url)
        yield Motion(settings, market, sandbox / "calendar", left_out)


@contextmanager
def _process(
    arguments: list[str], environ: dict[str, str], home: Path, ready: Callable[[], bool]
) -> Iterator[None]:
    with (home / f"{arguments[0]}-{arguments[1].strip('-')}.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", *arguments], env=environ, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            ends = time.monotonic() + PATIENCE
            while not ready():
                assert process.poll() is None, f"{arguments} ended by itself; see {log.name}"
                assert time.monotonic() < ends, f"{arguments} is not ready; see {log.name}"
                time.sleep(0.05)
            yield
        finally:
            process.terminate()
            process.wait(30)


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.socket()) for _ in range(count)]
        for probe in probes:
            probe.bind(("127.0.0.1", 0))
        return [probe.getsockname()[1] for probe in probes]
