"""How Baton runs Airflow on one machine: its settings as environment variables.

The LocalExecutor forks a process for every task from workers that were forked from the scheduler.
So the scheduler imports Great Expectations and dbt once (`plugins/airflow_local_settings.py`) and
every task has them; without that a gate spends 6 s and a dbt step 3 s on imports alone.
"""

import json
import os
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from pathlib import Path

from baton.core.settings import PROJECT

HOST = "127.0.0.1"

# Started in this order. None may listen on more than the loopback address, so the scheduler and the
# triggerer do not serve their logs (they would on every interface): the api-server reads the files.
COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "api-server": ("airflow", "api-server"),
    "dag-processor": ("airflow", "dag-processor"),
    "scheduler": ("airflow", "scheduler", "--skip-serve-logs"),
    "triggerer": ("airflow", "triggerer", "--skip-serve-logs"),
}
# Airflow's user names and roles; include/playbook/roles.yml says what each may do on Baton's pages.
# The last three are reps of the sandbox.
LOCAL_USERS: Mapping[str, str] = {
    "admin": "admin",
    "revops": "user",
    "reviewer": "viewer",
    "viewer": "viewer",
    "clara.voss@halden.example": "viewer",
    "marcus.hill@halden.example": "viewer",
    "owen.hughes@halden.example": "viewer",
}


def component_env(component: str, *, edited: bool) -> dict[str, str]:
    """Return what one component gets beside the environment of all.

    Only the scheduler's children run tasks; elsewhere the imports would be time and memory for
    nothing. Where the code may be `edited` meanwhile, Baton's own modules are left to each task.
    """
    preload = "libraries" if edited else "all"
    return {"BATON_PRELOAD": preload} if component == "scheduler" else {}


def airflow_env(
    home: Path,
    database_url: str,
    *,
    port: int = 8080,
    schedules: bool = True,
    users: Mapping[str, str] = LOCAL_USERS,
    dags: Path = PROJECT / "dags",
    parallelism: int = 4,
) -> dict[str, str]:
    """Return the environment for every Airflow process of one profile.

    `home` is the profile's private folder; Airflow's files go to `home/airflow`. `database_url` is
    the metadata database (postgresql://...), `users` maps user names to SimpleAuthManager roles
    (viewer, user, op, admin). `schedules` off means that only triggered runs happen and DAGs are
    not paused (a triggered run of a paused DAG waits for ever); on means that a new DAG is paused
    until a person switches it on. Makes the secrets and passwords on first use (mode 600).
    """
    folder = home / "airflow"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept = _secrets(folder / "secrets.json")
    passwords_file = folder / "passwords.json"
    passwords(home, users)
    url = f"http://{HOST}:{port}"
    return {
        "AIRFLOW_HOME": str(folder),
        "PYTHONPATH": _python_path(),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(PROJECT / "plugins"),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__EXECUTOR": "LocalExecutor",
        "AIRFLOW__CORE__PARALLELISM": str(parallelism),
        "AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION": str(schedules),
        "AIRFLOW__CORE__HOSTNAME_CALLABLE": "socket.gethostname",  # getfqdn asks a DNS server
        "AIRFLOW__CORE__FERNET_KEY": kept["fernet_key"],
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"{url}/execution/",
        "AIRFLOW__CORE__AUTH_MANAGER": (
            "airflow.api_fastapi.auth.managers.simple.simple_auth_manager.SimpleAuthManager"
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_USERS": ",".join(
            f"{name}:{role}" for name, role in users.items()
        ),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_PASSWORDS_FILE": str(passwords_file),
        "AIRFLOW__API__HOST": HOST,
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": url,
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__API__SECRET_KEY": kept["secret_key"],
        "AIRFLOW__API__INSTANCE_NAME": "Baton",
        "AIRFLOW__API_AUTH__JWT_SECRET": kept["jwt_secret"],
        "AIRFLOW__API_AUTH__JWT_ISSUER": "baton",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": _with_driver(database_url, "psycopg2"),
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC": _with_driver(database_url, "asyncpg"),
        "AIRFLOW__LOGGING__BASE_LOG_FOLDER": str(folder / "logs"),
        "AIRFLOW__LOGGING__DAG_PROCESSOR_CHILD_PROCESS_LOG_DIRECTORY": str(
            folder / "logs" / "dags"
        ),
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FOLDER_PERMISSIONS": "0o700",
        "AIRFLOW__LOGGING__FILE_TASK_HANDLER_NEW_FILE_PERMISSIONS": "0o600",
        "AIRFLOW__LOGGING__COLORED_CONSOLE_LOG": "False",
        "AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE": str(schedules),
        # Seconds between two looks of an idle scheduler. A chain of short tasks that somebody waits
        # for is held up by them; a scheduler that runs all day should leave the machine alone.
        "AIRFLOW__SCHEDULER__SCHEDULER_IDLE_SLEEP_TIME": "1.0" if schedules else "0.2",
        # The longest wait of whoever watches over a task. It may miss the end of the process by a hair,
        # and then its worker is busy for so long: it matters to whoever waits for the services to stop.
        "AIRFLOW__WORKERS__MIN_HEARTBEAT_INTERVAL": "5" if schedules else "1",
        "AIRFLOW__DAG_PROCESSOR__PARSING_PROCESSES": "1",
        "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "300",
        "AIRFLOW__DAG_PROCESSOR__REFRESH_INTERVAL": "60",
        "AIRFLOW__DAG_PROCESSOR__STALE_DAG_THRESHOLD": "600",
        # Baton's own libraries report nothing to anybody.
        "DO_NOT_TRACK": "1",
        "GX_ANALYTICS_ENABLED": "False",
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
    }


def passwords(home: Path, users: Mapping[str, str] = LOCAL_USERS) -> dict[str, str]:
    """Return the password of each local user by name, making those that are missing (mode 600)."""
    path = home / "airflow" / "passwords.json"
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    kept: dict[str, str] = json.loads(path.read_text()) if path.exists() else {}
    missing = {name: secrets.token_urlsafe(12) for name in users if name not in kept}
    if missing:
        _write_private(path, {**kept, **missing})
    return {**kept, **missing}


def _secrets(path: Path) -> dict[str, str]:
    if not path.exists():
        made = {name: secrets.token_urlsafe(48) for name in ("secret_key", "jwt_secret")}
        made["fernet_key"] = urlsafe_b64encode(secrets.token_bytes(32)).decode()
        _write_private(path, made)
    kept: dict[str, str] = json.loads(path.read_text())
    return kept


def _write_private(path: Path, content: Mapping[str, str]) -> None:
    """Write whole or not at all, and never readable by others, not even for a moment."""
    temporary = path.with_suffix(f".{os.getpid()}")
    with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(content, file)
    temporary.replace(path)


def _with_driver(database_url: str, driver: str) -> str:
    return f"postgresql+{driver}://{database_url.split('://', 1)[1]}"


def _python_path() -> str:
    """Put include/ first, keep what the caller had."""
    others = [p for p in os.environ.get("PYTHONPATH", "").split(os.pathsep) if p]
    return os.pathsep.join(dict.fromkeys([str(PROJECT / "include"), *others]))
