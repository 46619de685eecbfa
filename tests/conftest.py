"""One throwaway Postgres per test session, migrated once; every module gets a copy of its own.

database_url   a freshly migrated database, one per test module (whose clock is real until a test
               makes it a sandbox's: update ops.clock set sandbox = true)
new_database   a function that makes another one, for tests that must not share
conn           a psycopg connection to `database_url`; what it did not commit is rolled back
settings       Settings that point at `database_url` and at a folder of the test's own
make_run       opens runs: make_run("signals", "signal_ingestion")
"""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest

from baton.core import settings as core_settings
from baton.core.ids import new_id
from baton.core.settings import Settings
from baton.warehouse import embedded, migrate
from baton.warehouse.connect import connect
from baton.warehouse.embedded import PostgresServer
from baton.warehouse.run import Run, open_run

PROJECT = Path(__file__).resolve().parents[1]
SESSIONS = PROJECT / ".baton" / "test" / "sessions"
TEMPLATE = "migrated"
KEPT = {"BATON_SPECS", "BATON_SHARED"}
SECRET = "a secret that only tests use"


def pytest_configure(config: pytest.Config) -> None:
    """Give the session a folder, and keep the developer's own services out of it."""
    for name in list(os.environ):
        if name.startswith(("BATON_", "AIRFLOW_")) and name not in KEPT:
            del os.environ[name]
    shared = getattr(config, "workerinput", {}).get("baton_home")
    config.stash[HOME] = Path(shared) if shared else _new_session(config)
    os.environ["AIRFLOW_HOME"] = str(config.stash[HOME] / "airflow")
    os.environ["AIRFLOW__CORE__LOAD_EXAMPLES"] = "False"
    os.environ["AIRFLOW__CORE__DAGS_FOLDER"] = str(PROJECT / "dags")
    os.environ["AIRFLOW__CORE__PLUGINS_FOLDER"] = str(PROJECT / "plugins")


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Tell an xdist worker which folder the session has."""
    node.workerinput["baton_home"] = str(node.config.stash[HOME])


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop the session's Postgres, if a test started it, and delete its data."""
    if LOCK in config.stash:
        _clear(config.stash[HOME])
        config.stash[LOCK].close()


HOME = pytest.StashKey[Path]()
LOCK = pytest.StashKey[Any]()


def _new_session(config: pytest.Config) -> Path:
    """Make the session's folder and clear those of sessions that were killed."""
    SESSIONS.mkdir(mode=0o700, parents=True, exist_ok=True)
    for leftover in SESSIONS.glob("*.lock"):
        with leftover.open() as lock, contextlib.suppress(BlockingIOError):
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            _clear(leftover.with_suffix(""))
    home = SESSIONS / new_id("ses")
    lock = home.with_suffix(".lock").open("w")
    fcntl.flock(lock, fcntl.LOCK_EX)
    config.stash[LOCK] = lock
    home.mkdir(mode=0o700)
    return home


def _clear(home: Path) -> None:
    embedded.destroy(home)
    for path in sorted(home.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    with contextlib.suppress(FileNotFoundError):
        home.rmdir()
    home.with_suffix(".lock").unlink(missing_ok=True)


@pytest.fixture(scope="session")
def postgres(pytestconfig: pytest.Config) -> PostgresServer:
    """The session's server; xdist workers share it."""
    return embedded.start(pytestconfig.stash[HOME], throwaway=True)


@pytest.fixture(scope="session")
def migrated(postgres: PostgresServer, pytestconfig: pytest.Config) -> PostgresServer:
    """The server, with a template database that Alembic migrated."""
    with (pytestconfig.stash[HOME] / "template.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with psycopg.connect(postgres.url(), autocommit=True) as conn:
            known = conn.execute("select 1 from pg_database where datname = %s", (TEMPLATE,))
            missing = known.fetchone() is None
        if missing:
            postgres.drop_database("migrating")
            url = postgres.create_database("migrating")
            migrate.upgrade(url)
            with psycopg.connect(postgres.url(), autocommit=True) as conn:
                conn.execute(f"alter database migrating rename to {TEMPLATE}")
    return postgres


@pytest.fixture(scope="session")
def new_database(migrated: PostgresServer) -> Callable[[], str]:
    """A function that makes a freshly migrated database and returns its URL."""

    def make() -> str:
        return migrated.create_database(new_id("db"), template=TEMPLATE)

    return make


@pytest.fixture(scope="module")
def database_url(
    new_database: Callable[[], str], migrated: PostgresServer, request: pytest.FixtureRequest
) -> Iterator[str]:
    """The URL of this module's own database."""
    url = new_database()
    yield url
    migrated.drop_database(re.sub(r".*/", "", url))


@pytest.fixture
def conn(database_url: str) -> Iterator[psycopg.Connection[Any]]:
    """A connection in which the test must commit what it wants others to see."""
    connection = connect(database_url)
    try:
        yield connection
    finally:
        connection.close()


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    """Settings for this module's database; the mailbox and reports go to the test's folder."""
    return core_settings.load(
        {
            "BATON_DATABASE_URL": database_url,
            "BATON_HOME": str(tmp_path),
            "BATON_PROFILE": "test",
            "BATON_SECRET": SECRET,
        }
    )


@pytest.fixture
def make_run(settings: Settings) -> Callable[..., Run]:
    """Open a run over the hour that ends now, or over the interval given."""

    def make(
        layer: str, dag_id: str, start: datetime | None = None, end: datetime | None = None
    ) -> Run:
        with connect(settings.database_url) as connection:
            row = connection.execute("select ops.now()").fetchone()
        assert row is not None
        end = end or row[0].astimezone(UTC)
        return open_run(
            settings, layer, dag_id, new_id("test"), start or end - timedelta(hours=1), end
        )

    return make
