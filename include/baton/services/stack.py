"""All services of a profile: their settings, and how each is started.

`prepare` chooses ports, starts Postgres and makes the environment; inside a Supervisor's block
`Stack.start` starts the rest and `Stack.wait_ready` returns when it can be used.
"""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

import httpx

from baton.clients.http import tls
from baton.core.settings import PROJECT
from baton.services import airflow_schema, processes
from baton.services import ports as port_rules
from baton.services.airflow_api import AirflowApi
from baton.services.airflow_config import COMPONENTS, airflow_env, component_env
from baton.services.market import make_sandbox
from baton.services.profile import Profile, read_env, write_private
from baton.services.supervisor import Program, Supervisor, SupervisorError
from baton.warehouse import embedded, migrate
from baton.warehouse.embedded import PostgresServer

HOST = "127.0.0.1"
WAREHOUSE, METADATA = "baton", "airflow"
# Which part of Airflow's own health report speaks for a component.
HEALTH = {
    "api-server": ("metadatabase",),
    "scheduler": ("scheduler",),
    "dag-processor": ("dag_processor",),
    "triggerer": ("triggerer",),
}
# Needed by nobody at first; on a small machine the others are ready sooner for it.
LATE = ("calendar", "airflow-triggerer")
OURS = ("BATON_", "AIRFLOW_")
BIN = PROJECT / ".venv" / "bin"


@dataclass(frozen=True)
class Stack:
    """What runs for one profile. `environ` is what every one of its processes gets."""

    profile: Profile
    ports: Mapping[str, int]
    postgres: PostgresServer
    environ: Mapping[str, str] = field(repr=False)
    has_sandbox: bool
    sandbox_start: datetime | None

    def url(self, service: str) -> str:
        """Return the base URL of a service, such as `url("airflow")`."""
        return f"http://{HOST}:{self.ports[service]}"

    @property
    def database_url(self) -> str:
        """The warehouse."""
        return self.environ["BATON_DATABASE_URL"]

    def migrate(self) -> None:
        """Bring the warehouse and Airflow's database to the newest schema."""
        migrate.upgrade(self.database_url)
        metadata = self.postgres.url(METADATA)
        if airflow_schema.fill(metadata):
            return
        log = self.profile.file("logs", "airflow-migrate.log")
        with log.open("ab") as output:
            airflow = subprocess.Popen(
                [BIN / "airflow", "db", "migrate"],
                env=dict(self.environ),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        started = processes.started_at(airflow.pid)
        try:
            status = airflow.wait()
        except BaseException:
            processes.end([(airflow.pid, started)], patience=5)
            raise
        if status != 0:
            raise SupervisorError(f"Airflow could not set up its database; the reason is in {log}.")
        airflow_schema.mark(metadata)

    def start(self, services: Supervisor) -> None:
        """Start everything and migrate both databases; `wait_ready` follows."""
        services.rests_on(self.postgres.pid)
        for program in self._early(self.programs()):
            services.start(program)
        self.migrate()
        if self.has_sandbox:
            make_sandbox(self.database_url)
        for program in self._early(self.airflow()):
            services.start(program)

    def wait_ready(self, services: Supervisor, *, whole: bool = True) -> None:
        """Wait until everything is ready; if not `whole`, LATE is started and not waited for."""
        programs = [*self.programs(), *self.airflow()]
        services.wait_ready(*(program.name for program in self._early(programs)))
        for program in programs:
            if program.name in LATE:
                services.start(program)
        if whole:
            services.wait_ready()
        write_private(
            self.profile.file("supervisor.env"),
            f"PID={os.getpid()}\nSTARTED={processes.started_at(os.getpid())}\n",
        )

    @staticmethod
    def _early(programs: list[Program]) -> list[Program]:
        return [program for program in programs if program.name not in LATE]

    def programs(self) -> list[Program]:
        """Return the services other than Airflow, which need no migrated database to start."""
        command = (
            *(str(BIN / "uvicorn"), "--factory", "baton.receiver.app:create_app"),
            *("--host", HOST, "--port", str(self.ports["receiver"])),
            "--no-access-log",  # its paths carry tokens
        )
        ready = answers(f"{self.url('receiver')}/healthz")
        receiver = Program("receiver", command, self.environ, ready)
        return [*self._sandbox(), receiver] if self.has_sandbox else [receiver]

    def airflow(self) -> list[Program]:
        """Return Airflow's components in the order in which they are started."""
        return [
            Program(
                f"airflow-{name}",
                (str(BIN / command[0]), *command[1:]),
                {**self.environ, **component_env(name, edited=not self.has_sandbox)},
                airflow_sees(self.url("airflow"), *HEALTH[name]),
                # It waits ten seconds for triggers, and Baton's tasks use none.
                patience=1.0 if name == "triggerer" else 20.0,
            )
            for name, command in COMPONENTS.items()
        ]

    def _sandbox(self) -> list[Program]:
        home = str(self.profile.file("sandbox"))
        command = [
            *(sys.executable, "-m", "sandbox", "serve", "--home", home),
            *("--port", str(self.ports["sandbox"]), "--receiver-url", self.url("receiver")),
        ]
        calendar = ["calendar", "--home", home, "--port", str(self.ports["calendar"])]
        if self.sandbox_start is not None:
            command += ["--start", self.sandbox_start.isoformat()]
        return [
            Program(
                "sandbox",
                tuple(command),
                self.environ,
                answers(f"{self.url('sandbox')}/_control/healthz"),
            ),
            Program(
                "calendar",
                (sys.executable, "-m", "sandbox", *calendar),
                self.environ,
                listens(self.ports["calendar"]),
            ),
        ]


def prepare(
    profile: Profile,
    *,
    sandbox: bool,
    schedules: bool,
    sandbox_start: datetime | None = None,
    dags: Path = PROJECT / "dags",
    environ: Mapping[str, str] | None = None,
) -> Stack:
    """Choose ports, start Postgres, and put together the environment of all services.

    Raises PortBusy, PostgresError, ProfileError.
    """
    outside = dict(os.environ if environ is None else environ)
    wanted = ["airflow", "receiver", "postgres", *(["sandbox", "calendar"] if sandbox else [])]
    server = embedded.running(profile.folder)
    ports = port_rules.choose(
        profile.folder, tuple(wanted), outside, {} if server is None else {"postgres": server.port}
    )
    made = _base(outside, keep_baton=not sandbox) | profile.secrets()
    keys = start_keys(profile, made) if sandbox else None
    server = server or embedded.start(profile.folder, ports["postgres"])
    made |= {
        "BATON_PROFILE": profile.name,
        "BATON_HOME": str(profile.folder),
        "BATON_PUBLIC_URL": made.get("BATON_PUBLIC_URL", f"http://{HOST}:{ports['receiver']}"),
        "BATON_DATABASE_URL": made.get("BATON_DATABASE_URL") or server.ensure_database(WAREHOUSE),
    }
    if keys is not None:
        made |= read_keys(keys)
        made |= sandbox_connections(made, ports)
    made |= airflow_env(
        profile.folder,
        server.ensure_database(METADATA),
        port=ports["airflow"],
        schedules=schedules,
        dags=dags,
    )
    # What else stood in the caller's shell is the caller's: it may hold secrets of others.
    ours = {n: v for n, v in made.items() if n.startswith(OURS) or outside.get(n) != v}
    text = "".join(f"{name}={value}\n" for name, value in ours.items() if "\n" not in value)
    write_private(profile.file("environment.env"), text)
    return Stack(profile, ports, server, made, sandbox, sandbox_start)


def _base(outside: Mapping[str, str], *, keep_baton: bool) -> dict[str, str]:
    """Return what the services take over from outside: in a sandbox nothing that names the real."""
    taken = {name: value for name, value in outside.items() if not name.startswith(OURS)}
    if keep_baton:
        taken |= read_env(PROJECT / ".env")
        taken |= {name: value for name, value in outside.items() if name.startswith(OURS)}
    # Compiled modules halve the start of Airflow and dbt, so they are kept whatever is set.
    taken.pop("PYTHONDONTWRITEBYTECODE", None)
    taken["PATH"] = f"{BIN}{os.pathsep}{taken.get('PATH', os.defpath)}"
    taken["TZ"] = "UTC"
    taken["PYTHONPATH"] = str(PROJECT / "include")
    return taken


def start_keys(profile: Profile, environ: Mapping[str, str]) -> subprocess.Popen[str]:
    """Let the sandbox make its keys, while Postgres starts."""
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", "keys", "--home", profile.file("sandbox")],
        env=dict(environ),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def read_keys(process: subprocess.Popen[str]) -> dict[str, str]:
    """Return what the sandbox shares with receiver and clients: secrets and its public key."""
    said, lamented = process.communicate()
    if process.returncode != 0:
        raise SupervisorError(f"The sandbox could not make its keys: {lamented.strip()}")
    return dict(line.split("=", 1) for line in said.splitlines() if "=" in line)


def sandbox_connections(secrets: Mapping[str, str], ports: Mapping[str, int]) -> dict[str, str]:
    """Return the connections of the demo: every external system is a stand-in of the sandbox."""
    base = f"http://{HOST}:{ports['sandbox']}"
    systems = {
        "mail": ("sendgrid", f"{base}/sendgrid", secrets["BATON_SANDBOX_SENDGRID_KEY"]),
        "llm": ("openai", f"{base}/openai/v1", secrets["BATON_SANDBOX_OPENAI_KEY"]),
        "speech": ("openai", f"{base}/openai/v1", secrets["BATON_SANDBOX_OPENAI_KEY"]),
        "crm": ("hubspot", f"{base}/hubspot", secrets["BATON_SANDBOX_HUBSPOT_TOKEN"]),
        "calendar": (
            "caldav",
            f"http://{HOST}:{ports['calendar']}",
            secrets["BATON_SANDBOX_CALENDAR_PASSWORD"],
        ),
    }
    made = {"BATON_SIGNALS_URL": base}
    for name, (kind, url, password) in systems.items():
        connection = {
            "conn_type": kind,
            "login": "baton" if name == "calendar" else "",
            "password": password,
            "extra": {"base_url": url},
        }
        made[f"AIRFLOW_CONN_BATON_{name.upper()}"] = json.dumps(connection)
    return made


def answers(url: str) -> Callable[[], bool]:
    """Return a readiness check: the URL answers 200."""

    def check() -> bool:
        try:
            return httpx.get(url, timeout=5, trust_env=False, verify=tls()).status_code == 200
        except httpx.HTTPError:
            return False

    return check


def listens(port: int) -> Callable[[], bool]:
    """Return a readiness check: something accepts connections on the port."""

    def check() -> bool:
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            return False
        return True

    return check


def airflow_sees(url: str, *parts: str) -> Callable[[], bool]:
    """Return a readiness check: Airflow's api-server answers and sees these parts alive."""

    def check() -> bool:
        with AirflowApi(url, "", "") as api:
            return api.healthy(*parts)

    return check
