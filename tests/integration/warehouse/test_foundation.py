"""What the database itself keeps to: the clock, keyed hashes, counts that add up, partitions."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.core import clock, ids
from baton.warehouse import migrate
from baton.warehouse.connect import connect

TEXT = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))


def test_migrating_again_changes_nothing(new_database: Callable[[], str]) -> None:
    url = new_database()
    migrate.upgrade(url)
    with connect(url) as conn:
        assert conn.execute("select count(*) from ops.alembic_version").fetchone() == (1,)


def test_only_an_empty_sandbox_may_shift_its_clock(
    new_database: Callable[[], str], make_run: Callable[..., Any], conn: psycopg.Connection[Any]
) -> None:
    shift = "update ops.clock set shift = interval '3 days'"
    with connect(new_database()) as sandbox:
        with pytest.raises(psycopg.errors.CheckViolation), sandbox.transaction():
            sandbox.execute(shift)
        sandbox.execute("update ops.clock set sandbox = true")
        sandbox.execute(shift)
        real = sandbox.execute("select transaction_timestamp()").fetchone()
        assert real is not None
        assert clock.now(sandbox) - real[0] == timedelta(days=3)
        with pytest.raises(psycopg.errors.RaiseException), sandbox.transaction():
            sandbox.execute("update ops.clock set sandbox = false, shift = interval '0'")
    # GIVEN a database in which something has run, WHEN it is to become a sandbox, THEN it refuses
    make_run("signals", "signal_ingestion")
    with pytest.raises(psycopg.errors.RaiseException, match="already has runs"), conn.transaction():
        conn.execute("update ops.clock set sandbox = true")


@settings(deadline=None, max_examples=60)
@given(address=TEXT, secret=TEXT.filter(bool))
def test_sql_and_python_know_an_address_by_the_same_hash(
    database_url: str, address: str, secret: str
) -> None:
    with connect(database_url) as conn:
        found = conn.execute("select ops.address_key(%s, %s)", (address, secret)).fetchone()
    assert found == (ids.address_key(address, secret),)


def test_an_intake_that_does_not_add_up_is_refused(conn: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation, match="intake_adds_up"):
        conn.execute(
            "insert into landing.intake (source, entity, received, accepted, duplicates, quarantined)"
            " values ('s', 'account', 3, 1, 1, 0)"
        )
    conn.rollback()


@pytest.mark.parametrize("moment", ["1970-01-01", "2026-03-15", "2999-12-31"])
def test_a_signal_of_any_time_has_a_place(
    conn: psycopg.Connection[Any], make_run: Callable[..., Any], moment: str
) -> None:
    run = make_run("signals", "signal_ingestion")
    landed = (
        "insert into landing.signal (source, natural_key, occurred_at, run_id, signal_type, payload) "
        "values ('s', 'k', %s, %s, 'funding', '{}') on conflict do nothing"
    )
    assert conn.execute(landed, (moment, run.id)).rowcount == 1
    assert conn.execute(landed, (moment, run.id)).rowcount == 0
    conn.execute("select landing.ensure_partitions(%s)", (moment,))
    assert conn.execute(landed, (moment, run.id)).rowcount == 0
    conn.rollback()
