"""A window misses no row and reads none twice, whatever the order in which transactions commit."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from baton.warehouse import watermark
from baton.warehouse.connect import connect

LAND = """
    insert into landing.signal_event (source, natural_key, occurred_at, payload)
    values ('site', %s, '2026-03-01', '{}')
"""
READ = """
    select natural_key from landing.signal_event
    where xact >= %s::xid8 and xact < %s::xid8 order by natural_key
"""

SHORT_TRANSACTIONS = """
    do $$ begin
        for number in 1 .. 1000 loop perform pg_current_xact_id(); commit; end loop;
    end $$
"""


@pytest.fixture
def url(new_database: Callable[[], str]) -> str:
    return new_database()


def take(conn: psycopg.Connection[Any]) -> list[str]:
    """Read a window and move on, as a step does."""
    window = watermark.window(conn, "reader")
    found = [row[0] for row in conn.execute(READ, (window.low, window.high)).fetchall()]
    watermark.advance(conn, window)
    conn.commit()
    return found


def test_a_row_that_commits_late_is_read_later_and_none_twice(url: str) -> None:
    with connect(url) as reader, connect(url) as slow, connect(url) as quick:
        slow.execute(LAND, ("slow",))
        quick.execute(LAND, ("quick",))
        quick.commit()
        assert take(reader) == []  # "quick" began after "slow", which is still running
        slow.commit()
        assert take(reader) == ["quick", "slow"]
        assert take(reader) == []


def test_a_row_of_a_transaction_that_rolled_back_holds_nothing_up(url: str) -> None:
    with connect(url) as reader, connect(url) as given_up, connect(url) as quick:
        given_up.execute(LAND, ("given up",))
        given_up.rollback()
        quick.execute(LAND, ("quick",))
        quick.commit()
        assert take(reader) == ["quick"]


def test_a_transaction_of_another_database_holds_nothing_up(
    url: str, new_database: Callable[[], str]
) -> None:
    with connect(url) as reader, connect(new_database()) as elsewhere, connect(url) as quick:
        elsewhere.execute(LAND, ("elsewhere",))
        quick.execute(LAND, ("quick",))
        quick.commit()
        assert take(reader) == ["quick"]


def test_transactions_that_come_and_go_in_another_database_hold_nothing_up(
    url: str, new_database: Callable[[], str]
) -> None:
    busy_url, done = new_database(), threading.Event()

    def work() -> None:
        with connect(busy_url, autocommit=True) as conn:
            while not done.is_set():
                conn.execute(SHORT_TRANSACTIONS)

    busy = [threading.Thread(target=work) for _ in range(6)]
    for thread in busy:
        thread.start()
    try:
        with connect(url) as reader, connect(url) as quick:
            for number in range(600):
                quick.execute(LAND, (f"{number}",))
                quick.commit()
                assert take(reader) == [f"{number}"]
    finally:
        done.set()
        for thread in busy:
            thread.join()


def test_a_window_that_was_cut_leaves_the_rest_to_the_next_and_never_goes_back(url: str) -> None:
    with connect(url) as reader, connect(url) as quick:
        quick.execute(LAND, ("early",))
        quick.commit()
        first = watermark.window(reader, "reader")
        reader.rollback()
        quick.execute(LAND, ("late",))
        quick.commit()
        cut = watermark.window(reader, "reader").up_to(first.high)
        found = reader.execute(READ, (cut.low, cut.high)).fetchall()
        watermark.advance(reader, cut)
        reader.commit()
        assert [row[0] for row in found] == ["early"]
        assert take(reader) == ["late"]
        # WHEN another reader has gone further meanwhile
        behind = watermark.window(reader, "reader").up_to(first.high)
        assert behind.low == behind.high


def test_a_reader_that_was_killed_reads_the_same_window_again(url: str) -> None:
    with connect(url) as quick:
        quick.execute(LAND, ("quick",))
    with connect(url) as killed:
        watermark.advance(killed, watermark.window(killed, "reader"))
        killed.rollback()
    with connect(url) as reader:
        assert take(reader) == ["quick"]
