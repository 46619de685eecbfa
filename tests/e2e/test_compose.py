"""docker-compose.yml says what really works.

The file is held against the Compose specification. Then every service's own command is started on
this machine with the file's own environment, its hosts replaced by loopback addresses; each health
check of the file is run; a person logs in; and one DAG goes through the Celery worker.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from baton.services.airflow_api import AirflowApi
from baton.services.profile import open_profile
from baton.services.supervisor import Program, Supervisor
from baton.warehouse import embedded
from baton.warehouse.connect import connect
from baton.warehouse.embedded_cluster import free_port

PROJECT = Path(__file__).resolve().parents[2]
COMPOSE = PROJECT / "docker-compose.yml"
BIN = PROJECT / ".venv" / "bin"
VARIABLE = re.compile(r"\$\$|\$\{(?P<name>\w+)(?:(?P<kind>:[-?])(?P<rest>[^}]*))?\}")
SECRET = re.compile(r"PASSWORD|SECRET|FERNET|TOKEN")
# Started in this order, each when the ones before are ready.
ORDER = (
    "redis", "airflow-apiserver", "airflow-scheduler", "airflow-dag-processor",
    "airflow-triggerer", "airflow-worker", "receiver",
)  # fmt: skip
DAG = "review_upkeep"


def load() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(COMPOSE.read_text())
    return loaded


def interpolate(value: Any, variables: dict[str, str]) -> Any:
    """Do what Compose does with ${NAME}, ${NAME:-default}, ${NAME:?message} and $$."""
    if isinstance(value, dict):
        return {key: interpolate(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [interpolate(item, variables) for item in value]
    if not isinstance(value, str):
        return value

    def put(match: re.Match[str]) -> str:
        if match.group() == "$$":
            return "$"
        found = variables.get(match["name"], "")
        if found:
            return found
        if match["kind"] == ":?":
            raise KeyError(match["rest"])
        return match["rest"] or ""

    return VARIABLE.sub(put, value)


def test_the_file_is_what_the_compose_specification_says() -> None:
    command = [BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", COMPOSE]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_secret_has_a_default() -> None:
    found = [m for m in VARIABLE.finditer(COMPOSE.read_text()) if m["name"]]
    names = {m["name"] for m in found if SECRET.search(m["name"])}
    required = {m["name"] for m in found if m["kind"] == ":?"}
    defaults = {m["name"] for m in found if m["kind"] == ":-" and m["rest"]}
    assert {"POSTGRES_PASSWORD", "REDIS_PASSWORD", "BATON_SECRET", "AIRFLOW_FERNET_KEY"} <= names
    assert names <= required
    assert not names & defaults


def test_every_variable_is_explained() -> None:
    explained = (PROJECT / ".env.example").read_text()
    names = {m["name"] for m in VARIABLE.finditer(COMPOSE.read_text()) if m["name"]}
    assert [name for name in sorted(names) if name not in explained] == []


def test_a_missing_secret_is_named() -> None:
    with pytest.raises(KeyError, match="set AIRFLOW_FERNET_KEY, see"):
        interpolate(load(), {})


class Deployment:
    """The file's services as programs of this machine."""

    def __init__(self, folder: Path, server: embedded.PostgresServer) -> None:
        self.folder = folder
        self.ports = {name: free_port() for name in ("redis", "api", "scheduler", "logs",
                                                              "triggers", "receiver")}  # fmt: skip
        self.variables = {
            "POSTGRES_PASSWORD": server.password,
            "REDIS_PASSWORD": "redis-password",
            "AIRFLOW_FERNET_KEY": "cmFuZG9tLWJ1dC1maXhlZC1mb3ItYS10ZXN0LW9ubHk=",
            "AIRFLOW_API_SECRET_KEY": "api-secret-key-of-a-test",
            "AIRFLOW_JWT_SECRET": "jwt-secret-of-a-test-that-is-long-enough-for-sha-512-signatures-x",
            "BATON_SECRET": "baton-secret-of-a-test",
            "BATON_PUBLIC_URL": "http://127.0.0.1:8091",
            "BATON_ADMIN_EMAIL": "admin@baton.example",
            "BATON_ADMIN_PASSWORD": "a password that nobody guesses",
            "BATON_INBOUND_TOKEN": "inbound-token",
            "BATON_SIGNAL_SECRET": "signal-secret",
            "BATON_CAL_SECRET": "cal-secret",
        }
        services = interpolate(load(), self.variables)["services"]
        self.services = self._on_loopback(services, server.port)

    def _on_loopback(self, value: Any, postgres: int) -> Any:
        if isinstance(value, dict):
            return {key: self._on_loopback(item, postgres) for key, item in value.items()}
        if isinstance(value, list):
            return [self._on_loopback(item, postgres) for item in value]
        if not isinstance(value, str):
            return value
        for host, port in (
            ("postgres:5432", postgres), ("redis:6379", self.ports["redis"]),
            ("airflow-apiserver:8080", self.ports["api"]), ("localhost:8080", self.ports["api"]),
            ("localhost:8974", self.ports["scheduler"]), ("localhost:8091", self.ports["receiver"]),
        ):  # fmt: skip
            value = value.replace(host, f"127.0.0.1:{port}")
        return value

    def environ(self, service: str) -> dict[str, str]:
        """The service's environment in the file, and what the image would set."""
        own = self.services[service].get("environment", {})
        return {
            "PATH": f"{BIN}:{os.environ['PATH']}",
            "HOME": str(self.folder),
            "LANG": "C.UTF-8",
            "HOSTNAME": socket.gethostname(),
            "PYTHONPATH": f"{PROJECT / 'include'}:{PROJECT / 'plugins'}",
            "AIRFLOW_HOME": str(self.folder / "airflow"),
            "AIRFLOW__CORE__DAGS_FOLDER": str(PROJECT / "dags"),
            "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
            "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",
            "AIRFLOW__API__HOST": "127.0.0.1",
            "AIRFLOW__API__PORT": str(self.ports["api"]),
            "AIRFLOW__API__WORKERS": "1",
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_PORT": str(self.ports["scheduler"]),
            "AIRFLOW__SCHEDULER__SCHEDULER_HEALTH_CHECK_SERVER_HOST": "127.0.0.1",
            "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(self.ports["logs"]),
            "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(self.ports["triggers"]),
            "BATON_HOME": str(self.folder),
            **{name: str(value) for name, value in own.items() if value is not None},
        }

    def command(self, service: str) -> tuple[str, ...]:
        """The service's command in the file, listening on loopback only."""
        command = [str(part) for part in self.services[service]["command"]]
        if service == "redis":
            command += ["--port", str(self.ports["redis"]), "--bind", "127.0.0.1"]
        if service == "receiver":
            command = [
                {"0.0.0.0": "127.0.0.1", "8091": str(self.ports["receiver"])}.get(part, part)
                for part in command
            ]
        if command[0] == "python":
            command[0] = sys.executable
        return tuple(command)

    def healthy(self, service: str) -> bool:
        """Run the service's own health check."""
        kind, *test = self.services[service]["healthcheck"]["test"]
        command = ["sh", "-c", test[0]] if kind == "CMD-SHELL" else test
        if service == "redis":
            command = [command[0], "-p", str(self.ports["redis"]), *command[1:]]
        done = subprocess.run(
            command, env=self.environ(service), capture_output=True, timeout=60, check=False
        )
        return done.returncode == 0


@pytest.fixture
def deployment(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployment]:
    folder = tmp_path_factory.mktemp("compose")
    if shutil.which("redis-server") is None:
        pytest.skip("There is no redis-server here (Debian: apt-get install redis-server).")
    server = embedded.start(folder / "postgres-home", throwaway=True)
    try:
        server.ensure_database("baton")
        yield Deployment(folder, server)
    finally:
        embedded.destroy(folder / "postgres-home")


@pytest.mark.e2e
def test_the_services_run_and_a_dag_goes_through_the_worker(deployment: Deployment) -> None:
    run_init(deployment)
    with ExitStack() as stack:
        profile = open_profile("test", deployment.folder / "profile")
        services = stack.enter_context(Supervisor(profile))
        for name in ORDER:
            services.start(
                Program(name, deployment.command(name), deployment.environ(name),
                        ready=lambda name=name: deployment.healthy(name))
            )  # fmt: skip
            if name in ("redis", "airflow-apiserver"):
                services.wait_ready(name, timeout=120)
        services.wait_ready(timeout=180)
        url = f"http://127.0.0.1:{deployment.ports['api']}"
        password = deployment.variables["BATON_ADMIN_PASSWORD"]
        api = stack.enter_context(AirflowApi(url, "admin", password))
        end = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
        api.unpause(DAG)
        api.trigger(DAG, "by_hand", end - timedelta(hours=1), end)
        run = api.follow(DAG, "by_hand", lambda _: services.check(), timeout=240)
        assert run.state == "success", api.error_of(run)
        assert {task.state for task in run.tasks} == {"success"}
    with connect(deployment.environ("receiver")["BATON_DATABASE_URL"]) as conn:
        released = conn.execute(
            "select released_at is not null from ops.run where dag_id = %s and external_id = %s",
            (DAG, "by_hand"),
        ).fetchone()
    assert released == (True,)
    metadata = deployment.environ("receiver")["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"]
    with connect(metadata.replace("+psycopg2", "")) as conn:
        done = conn.execute(
            "select count(*) from celery_taskmeta where status = 'SUCCESS'"
        ).fetchone()
    assert done is not None
    assert done[0] >= len(run.tasks)


def run_init(deployment: Deployment) -> None:
    """Run the file's init service, twice: the second time changes nothing."""
    for _ in range(2):
        done = subprocess.run(
            deployment.command("init"), env=deployment.environ("init"),
            capture_output=True, text=True, timeout=240, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        assert deployment.variables["BATON_ADMIN_PASSWORD"] not in done.stdout + done.stderr
