"""Airflow's database as a fresh one stands: made once by `make setup`, filled in from then on.

`airflow db migrate` spends seconds on tables that depend on nothing but the installed Airflow. So
`keep` lets it make them once, on a server of its own, and `fill` puts what came out of it into a new
database in one transaction. A database says in its comment for which versions it is whole; where it
says anything else, or nothing is kept, `fill` does nothing and Airflow migrates as it always would.
"""

import hashlib
import os
import shutil
import subprocess
from importlib.metadata import distributions
from pathlib import Path

import psycopg
from psycopg import sql

from baton.core.errors import BatonError
from baton.core.settings import PROJECT
from baton.services.airflow_config import airflow_env
from baton.warehouse import embedded, embedded_owner
from baton.warehouse.connect import connect, scalar

KEPT = PROJECT / ".baton" / "airflow-schema"
BIN = PROJECT / ".venv" / "bin"
_WHOLE_FOR = """
    select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()
"""


def keep() -> None:
    """Make Airflow's empty database and keep it as SQL, unless that is done already.

    Raises BatonError if Postgres or Airflow refuses.
    """
    path = _path()
    if path.exists():
        return
    home = KEPT / "server"
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    embedded.destroy(home)  # of a set-up that was interrupted
    try:
        server = embedded.start(home, throwaway=True)
        url = server.ensure_database("airflow")
        outside = {n: v for n, v in os.environ.items() if not n.startswith("AIRFLOW_")}
        _run([BIN / "airflow", "db", "migrate"], outside | airflow_env(home, url))
        dump: list[str | Path] = [
            server.binaries / "pg_dump",
            "--inserts",
            "--no-owner",
            "--no-privileges",
        ]
        tables = _run([*dump, "--dbname", _without_password(url)], {"PGPASSWORD": server.password})
        for old in KEPT.glob("*.sql"):
            old.unlink()
        part = path.with_suffix(f".{os.getpid()}")
        part.write_text(tables)
        part.replace(path)
    finally:
        embedded.destroy(home)
        shutil.rmtree(home, ignore_errors=True)


def fill(url: str) -> bool:
    """Make sure that a database has what Airflow needs; tell whether it has.

    False says that `airflow db migrate` is needed, and `mark` after it; the former will also say why
    if nothing can be made there. Nothing is changed then.
    """
    path = _path()
    with connect(url) as conn:
        if scalar(conn, "select count(*) from pg_tables where schemaname = 'public'"):
            return bool(scalar(conn, _WHOLE_FOR) == path.stem)
    if not path.exists():
        return False
    password = psycopg.conninfo.conninfo_to_dict(url)["password"]
    psql: list[str | Path] = [
        embedded_owner.binaries(embedded_owner.current()) / "psql",
        "--no-psqlrc",
        "--quiet",
    ]
    whole = ["--single-transaction", "--set", "ON_ERROR_STOP=1", "--output", os.devnull]
    try:
        _run([*psql, *whole, "--file", path, _without_password(url)], {"PGPASSWORD": str(password)})
    except BatonError:
        return False
    mark(url)
    return True


def mark(url: str) -> None:
    """Write down that a database is whole for the installed Airflow and its providers."""
    with connect(url) as conn:
        statement = sql.SQL("comment on database {} is {}")
        conn.execute(statement.format(sql.Identifier(conn.info.dbname), _path().stem))


def _path() -> Path:
    """Return where the tables of the installed Airflow and its providers are kept."""
    found = sorted(
        f"{each.name} {each.version}"
        for each in distributions()
        if each.name.startswith("apache-airflow")
    )
    return KEPT / f"{hashlib.sha256(' '.join(found).encode()).hexdigest()[:16]}.sql"


def _without_password(url: str) -> str:
    """Return the address alone: arguments can be read by everybody on the machine."""
    parts = psycopg.conninfo.conninfo_to_dict(url)
    kept = {name: str(value) for name, value in parts.items() if name != "password"}
    return psycopg.conninfo.make_conninfo(**kept)


def _run(command: list[str | Path], environ: dict[str, str]) -> str:
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False)
    if done.returncode:
        said = (done.stderr or done.stdout).strip().splitlines()
        raise BatonError(
            f"{Path(command[0]).name} could not make Airflow's tables: {' / '.join(said[-2:])}"
        )
    return done.stdout
