"""One dbt build in this process, on a small project of the test's own."""

import gc
import os
import shutil
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from multiprocessing.synchronize import SemLock
from pathlib import Path
from typing import Any

import psycopg
import pytest

from baton.core.errors import DbtFailed
from baton.core.settings import PROJECT
from baton.warehouse import dbt, parsed, runner
from baton.warehouse.connect import connect
from baton.warehouse.run import Run

PROFILE = """
baton:
  target: warehouse
  outputs:
    warehouse:
      type: postgres
      host: "{{ env_var('BATON_PG_HOST') }}"
      port: "{{ env_var('BATON_PG_PORT') | as_number }}"
      user: "{{ env_var('BATON_PG_USER') }}"
      password: "{{ env_var('BATON_PG_PASSWORD') }}"
      dbname: "{{ env_var('BATON_PG_DBNAME') }}"
      schema: staging
      threads: 1
"""
AS_OF = "select current_setting('baton.as_of', true)::timestamptz as as_of, 1 as id"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one table; the test may add to it."""
    folder = tmp_path / "project"
    (folder / "models").mkdir(parents=True)
    (folder / "dbt_project.yml").write_text(
        "name: baton\nversion: 1.0.0\nprofile: baton\nmodels:\n  +materialized: table\n"
    )
    (folder / "profiles.yml").write_text(PROFILE)
    (folder / "selectors.yml").write_text(
        "selectors:\n  - name: trial\n    definition: {method: fqn, value: '*'}\n"
    )
    (folder / "models" / "clock.sql").write_text(AS_OF)
    (folder / "models" / "schema.yml").write_text(
        "models:\n  - name: clock\n    columns:\n      - {name: id, data_tests: [not_null]}\n"
        "unit_tests:\n  - name: never_in_a_dag\n    model: clock\n    given: []\n"
        "    expect: {rows: [{id: 2}]}\n"
    )
    monkeypatch.setattr(runner, "DBT_PROJECT", folder)
    monkeypatch.setattr(parsed, "KEPT", tmp_path / "parsed")
    return folder


def _kept(conn: psycopg.Connection[Any], run: Run) -> list[tuple[Any, ...]]:
    return conn.execute(
        "select node, status, rows_affected from ops.dbt_result where run_id = %s order by id",
        (run.id,),
    ).fetchall()


def test_a_build_keeps_what_each_node_did(
    project: Path, make_run: Callable[..., Run], conn: psycopg.Connection[Any]
) -> None:
    end = datetime(2026, 3, 2, 10, tzinfo=UTC)
    run = make_run("signals", "signal_ingestion", end=end)
    before = dict(os.environ)

    counts = dbt.build(run, "trial")

    assert counts == {"success": 1, "pass": 1}, "the unit test stays out"
    nodes = _kept(conn, run)
    assert nodes[0] == ("model.baton.clock", "success", 1)
    assert nodes[1][0].startswith("test.baton.not_null_clock_id")
    assert conn.execute("select as_of from staging.clock").fetchone() == (end,)
    assert dict(os.environ) == before
    assert not (project / "target").exists()
    assert (parsed.folder() / parsed.MANIFEST).exists()


def test_a_backfill_does_not_set_the_tables_back(
    project: Path, make_run: Callable[..., Run], conn: psycopg.Connection[Any]
) -> None:
    ends = [datetime(2026, 4, 2, 10, tzinfo=UTC), datetime(2026, 4, 1, 10, tzinfo=UTC)]
    for end in ends:
        dbt.build(make_run("scoring", "lead_scoring", end=end), "trial")
        assert conn.execute("select as_of from staging.clock").fetchone() == (ends[0],)
        conn.rollback()
    # WHEN somebody mistypes a date, that counts for its own run only
    future = datetime(2400, 1, 1, tzinfo=UTC)
    dbt.build(make_run("scoring", "lead_scoring", end=future), "trial")
    assert conn.execute("select as_of from staging.clock").fetchone() == (future,)
    conn.rollback()
    dbt.build(make_run("scoring", "lead_scoring", end=ends[1]), "trial")
    assert conn.execute("select as_of from staging.clock").fetchone() == (ends[0],)


def test_a_build_leaves_no_semaphore_behind(project: Path, make_run: Callable[..., Run]) -> None:
    before = semaphores()
    dbt.build(make_run("signals", "signal_ingestion"), "trial")
    assert semaphores() - before == set()


def semaphores() -> set[int]:
    # isinstance would wake the lazy proxies that other tests left.
    return {id(held) for held in gc.get_objects() if issubclass(type(held), SemLock)}


def test_a_model_that_fails_is_named_with_what_was_said(
    project: Path, make_run: Callable[..., Run], conn: psycopg.Connection[Any]
) -> None:
    (project / "models" / "broken.sql").write_text("select missing_column from {{ ref('clock') }}")
    run = make_run("signals", "signal_ingestion")
    with pytest.raises(DbtFailed) as caught:
        dbt.build(run, "trial")
    assert "model broken" in str(caught.value)
    assert 'column "missing_column" does not exist' in str(caught.value)
    assert ("model.baton.broken", "error", None) in [
        (node, status, rows) for node, status, rows in _kept(conn, run) if status == "error"
    ]


def test_a_test_that_fails_stops_the_build(
    project: Path, make_run: Callable[..., Run], conn: psycopg.Connection[Any]
) -> None:
    (project / "models" / "clock.sql").write_text("select null::integer as id")
    with pytest.raises(DbtFailed, match=r"test not_null_clock_id.*Got 1 result"):
        dbt.build(make_run("signals", "signal_ingestion"), "trial")


def test_a_view_is_replaced_in_place_unless_its_columns_changed(
    project: Path, make_run: Callable[..., Run], conn: psycopg.Connection[Any]
) -> None:
    view = project / "models" / "seen.sql"
    as_view = "{{ config(materialized='view') }} "
    (project / "macros").mkdir()
    for name in ("view.sql", "keeping_views.sql"):
        shutil.copy(PROJECT / "dbt_project" / "macros" / name, project / "macros")

    def build(sql: str) -> Any:
        view.write_text(as_view + sql)
        dbt.build(make_run("signals", "signal_ingestion"), "trial")
        row = conn.execute("select 'staging.seen'::regclass::oid, * from staging.seen").fetchone()
        conn.rollback()
        return row

    first = build("select 1 as id")
    conn.execute("create view staging.stands_on_it as select id from staging.seen")
    conn.commit()
    # WHEN the words change and not the columns, or there is one more at the end
    assert build("select 2 as id") == (first[0], 2)
    assert build("select 3 as id, 'a;b' as more") == (first[0], 3, "a;b")
    assert conn.execute("select id from staging.stands_on_it").fetchone() == (3,)
    conn.rollback()
    # WHEN a column changes its type, which Postgres refuses in place
    oid, value = build("select 'text' as id")
    assert (oid != first[0], value) == (True, "text")
    assert conn.execute("select id from staging.stands_on_it").fetchone() == ("text",)
    conn.rollback()
    # WHEN the column is gone that another view names
    build("select 'text' as other")
    assert conn.execute("select to_regclass('staging.stands_on_it')").fetchone() == (None,)
    conn.rollback()
    # WHEN the model was a table before
    as_view = ""
    build("select 4 as id")
    as_view = "{{ config(materialized='view') }} "
    assert build("select 5 as id")[1:] == (5,)


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        pytest.param("selector", "no_such", id="no such selector"),
        pytest.param("model", "nowhere", id="a reference to nothing"),
    ],
)
def test_a_project_that_cannot_be_read_says_why(
    break_it: str, said: str, project: Path, make_run: Callable[..., Run]
) -> None:
    if break_it == "model":
        (project / "models" / "lost.sql").write_text("select * from {{ ref('nowhere') }}")
    with pytest.raises(DbtFailed, match=rf"dbt (build|parse) did not run: .*{said}"):
        dbt.build(
            make_run("signals", "signal_ingestion"),
            "no_such" if break_it == "selector" else "trial",
        )


def test_the_project_is_parsed_once_for_each_state_of_its_files(
    project: Path, make_run: Callable[..., Run]
) -> None:
    def build(day: int) -> None:
        end = datetime(2027, 1, day, tzinfo=UTC)
        dbt.build(make_run("signals", "signal_ingestion", end=end), "trial")

    build(1)
    first = parsed.folder()
    inode = (first / parsed.MANIFEST).stat().st_ino
    # WHEN another interval is built, in another database
    build(2)
    assert [state.name for state in parsed.KEPT.iterdir()] == [first.name]
    assert (first / parsed.MANIFEST).stat().st_ino == inode
    # WHEN somebody edits a model
    (project / "models" / "clock.sql").write_text(AS_OF.replace("1 as id", "2 as id"))
    build(3)
    assert {state.name for state in parsed.KEPT.iterdir()} == {first.name, parsed.folder().name}
    # WHEN the edit is taken back
    (project / "models" / "clock.sql").write_text(AS_OF)
    assert parsed.folder() == first


def test_of_the_states_only_the_newest_are_kept(project: Path) -> None:
    for number in range(parsed.STATES + 2):
        (project / "models" / "clock.sql").write_text(f"select {number} as id")
        newest = parsed.folder()
    kept = list(parsed.KEPT.iterdir())
    assert len(kept) == parsed.STATES
    assert newest in kept


def test_a_folder_that_cannot_be_written_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parsed, "KEPT", project / "dbt_project.yml" / "parsed")
    with pytest.raises(DbtFailed, match=r"cannot be kept in .* it must be writable"):
        parsed.folder()


def test_a_second_build_waits_for_the_first(
    project: Path, make_run: Callable[..., Run], database_url: str
) -> None:
    done: list[float] = []
    run = make_run("signals", "signal_ingestion")
    with connect(database_url, autocommit=True) as first, connect(database_url) as watch:
        first.execute("select pg_advisory_lock(%s)", (dbt.BUILD_LOCK,))
        second = threading.Thread(target=lambda: (dbt.build(run, "trial"), done.append(1.0)))
        second.start()
        deadline = time.monotonic() + 30
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and not granted"
        while watch.execute(waiting).fetchone() == (0,):
            watch.rollback()
            assert time.monotonic() < deadline
        assert done == []
        first.execute("select pg_advisory_unlock(%s)", (dbt.BUILD_LOCK,))
        second.join()
    assert done == [1.0]


def test_the_real_project_has_the_selectors_that_the_motion_names() -> None:
    import yaml

    from baton.motion import MOTION

    known = yaml.safe_load((PROJECT / "dbt_project" / "selectors.yml").read_text())["selectors"]
    named = {s.partition(":")[2] for c in MOTION.values() for s in c.steps if s.startswith("dbt:")}
    assert named <= {selector["name"] for selector in known}


def test_a_table_is_put_in_the_place_of_the_old_one(
    project: Path, make_run: Callable[..., Run], conn: psycopg.Connection[Any]
) -> None:
    model = project / "models" / "counted.sql"
    config = "{{ config(materialized='table', indexes=[{'columns': ['id'], 'unique': true}]) }} "
    (project / "macros").mkdir()
    for name in ("table.sql", "view.sql", "keeping_views.sql"):
        shutil.copy(PROJECT / "dbt_project" / "macros" / name, project / "macros")

    def build(sql: str) -> list[tuple[Any, ...]]:
        model.write_text(config + sql)
        run = make_run("signals", "signal_ingestion")
        try:
            dbt.build(run, "trial")
        finally:
            found = conn.execute("select * from staging.counted order by 1").fetchall()
            conn.rollback()
        assert ("model.baton.counted", "success", len(found)) in _kept(conn, run)
        return found

    def relations() -> list[tuple[Any, ...]]:
        found = conn.execute(
            "select relkind::text, count(*) from pg_class c join pg_namespace n "
            "on n.oid = relnamespace where nspname = 'staging' and relname like 'counted%' "
            "or relname in (select indexrelid::regclass::text from pg_index "
            "where indrelid = 'staging.counted'::regclass) group by 1 order by 1"
        ).fetchall()
        conn.rollback()
        return found

    assert build("select generate_series(1, 3) as id") == [(1,), (2,), (3,)]
    conn.execute("create view staging.stands_on_it as select id from staging.counted")
    conn.execute(
        "create view staging.on_that as select s.id from staging.stands_on_it s, staging.counted"
    )
    conn.commit()
    # WHEN it is built again, with other columns, the old table and its index are gone
    assert build("select 7 as id, 'x' as more") == [(7, "x")]
    assert relations() == [("r", 1)]
    assert conn.execute("select id from staging.on_that").fetchall() == [(7,)]
    conn.rollback()
    indexes = conn.execute(
        "select count(*) from pg_index where indrelid = 'staging.counted'::regclass and indisunique"
    ).fetchone()
    assert indexes == (1,)
    conn.rollback()
    # WHEN the new table cannot be made, the old one stands
    with pytest.raises(DbtFailed, match="division by zero"):
        build("select 1 / 0 as id")
    assert conn.execute("select id from staging.counted").fetchall() == [(7,)]
    conn.rollback()
    # WHEN the model was a view before
    config = "{{ config(materialized='view') }} "
    conn.execute("drop table staging.counted cascade")
    conn.commit()
    model.write_text(config + "select 1 as id")
    dbt.build(make_run("signals", "signal_ingestion"), "trial")
    config = "{{ config(materialized='table') }} "
    assert build("select 8 as id") == [(8,)]
    assert relations() == [("r", 1)]


def test_what_was_warmed_up_serves_one_build_of_any_database(project: Path) -> None:
    parsed.warm_up()
    names = {
        database: next(iter(parsed.manifest(database).nodes.values())).database
        for database in ("one", "other")
    }
    assert names == {"one": "one", "other": "other"}
