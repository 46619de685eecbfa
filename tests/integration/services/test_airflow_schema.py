"""Airflow's own tables, made once and filled in from then on."""

import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from baton.core.settings import PROJECT
from baton.services import airflow_schema
from baton.services.airflow_config import airflow_env
from baton.warehouse.embedded import PostgresServer


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """What set-up keeps, made anew in a folder of the test's own."""
    folder = tmp_path_factory.mktemp("kept")
    patch = pytest.MonkeyPatch()
    patch.setattr(airflow_schema, "KEPT", folder)
    airflow_schema.keep()
    yield folder
    patch.undo()


@pytest.fixture
def empty(migrated: PostgresServer, request: pytest.FixtureRequest) -> Iterator[str]:
    name = f"airflow_{abs(hash(request.node.name))}"
    yield migrated.create_database(name)
    migrated.drop_database(name)


def test_airflow_takes_a_filled_database_for_its_own(
    kept: Path, empty: str, tmp_path: Path
) -> None:
    assert [path.suffix for path in kept.iterdir()] == [".sql"]
    assert airflow_schema.fill(empty)
    # Airflow's own words: all migrations are applied.
    done = subprocess.run(
        [PROJECT / ".venv" / "bin" / "airflow", "db", "check-migrations", "-t", "0"],
        env={**os.environ, **airflow_env(tmp_path, empty)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    with psycopg.connect(empty) as conn:
        assert conn.execute("select pool from slot_pool").fetchall() == [("default_pool",)]
        conn.execute("insert into variable (key, val, is_encrypted) values ('kept', '1', false)")
    # WHEN it is asked again, nothing is touched
    assert airflow_schema.fill(empty)
    with psycopg.connect(empty) as conn:
        assert conn.execute("select val from variable").fetchall() == [("1",)]


def _other_version(conn: psycopg.Connection) -> None:
    conn.execute("create table alembic_version (version_num text)")
    conn.execute(f"comment on database {conn.info.dbname} is 'older'")


def _others_table(conn: psycopg.Connection) -> None:
    conn.execute("create table somebodys (id int)")


@pytest.mark.parametrize("before", [_other_version, _others_table])
def test_a_database_with_other_tables_is_left_to_airflow(
    before: Callable[[psycopg.Connection], None], kept: Path, empty: str
) -> None:
    with psycopg.connect(empty) as conn:
        before(conn)
    assert not airflow_schema.fill(empty)
    with psycopg.connect(empty) as conn:
        tables = conn.execute("select count(*) from pg_tables where schemaname = 'public'")
        assert tables.fetchone() == (1,)


def test_no_password_stands_in_an_argument(empty: str) -> None:
    whole = psycopg.conninfo.conninfo_to_dict(empty)
    address = airflow_schema._without_password(empty)
    assert psycopg.conninfo.conninfo_to_dict(address) == {
        name: value for name, value in whole.items() if name != "password"
    }
    assert str(whole["password"]) not in address


def test_what_airflow_migrated_itself_is_whole(kept: Path, empty: str) -> None:
    with psycopg.connect(empty) as conn:
        _other_version(conn)
    airflow_schema.mark(empty)
    assert airflow_schema.fill(empty)


def test_sql_that_fails_leaves_nothing_behind(kept: Path, empty: str) -> None:
    (path,) = kept.iterdir()
    whole = path.read_text()
    try:
        path.write_text(f"{whole}\nselect 1 / 0;\n")
        assert not airflow_schema.fill(empty)
    finally:
        path.write_text(whole)
    with psycopg.connect(empty) as conn:
        tables = conn.execute("select count(*) from pg_tables where schemaname = 'public'")
        assert tables.fetchone() == (0,)


def test_without_anything_kept_airflow_migrates(
    empty: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(airflow_schema, "KEPT", tmp_path)
    assert not airflow_schema.fill(empty)
