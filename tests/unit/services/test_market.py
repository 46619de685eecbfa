"""The demo's time: always a Tuesday at ten, and the same for the market and for Baton."""

import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from baton.core import clock
from baton.core.settings import PROJECT
from baton.services.market import Market, first_opening, make_sandbox, next_opening
from baton.services.profile import open_profile
from baton.services.stack import answers
from baton.services.supervisor import Program, Supervisor
from baton.warehouse.connect import connect
from baton.warehouse.embedded_cluster import free_port

START = datetime(2026, 3, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        pytest.param("2026-03-02T23:00Z", "2026-03-03T10:00Z", id="the night before"),
        pytest.param("2026-03-03T10:00Z", "2026-03-03T10:00Z", id="just then"),
        pytest.param("2026-03-03T10:40Z", "2026-03-03T10:40Z", id="that hour goes on"),
        pytest.param("2026-03-03T11:00Z", "2026-03-10T10:00Z", id="too late, next week"),
        pytest.param("2026-03-07T12:00Z", "2026-03-10T10:00Z", id="a weekend"),
        pytest.param("2026-03-03T10:30+02:00", "2026-03-03T10:00Z", id="another time zone"),
    ],
)
def test_the_day_starts_on_a_tuesday_at_ten(moment: str, expected: str) -> None:
    found = next_opening(datetime.fromisoformat(moment))
    assert found == datetime.fromisoformat(expected)


@pytest.mark.parametrize("day", range(1, 15))
def test_the_first_day_lies_eleven_weeks_back_whatever_today_is(day: int) -> None:
    today = datetime(2026, 6, day, 3, 30, tzinfo=UTC)
    first = first_opening(today)
    assert next_opening(first) == first
    assert timedelta(days=76) < today - first < timedelta(days=85)


@pytest.fixture
def market(tmp_path: Path, database_url: str) -> Iterator[Market]:
    port = free_port()
    serve = ("-m", "sandbox", "serve", "--home", str(tmp_path / "sandbox"), "--port", str(port))
    program = Program(
        "sandbox",
        (sys.executable, *serve, "--start", START.isoformat()),
        {"PYTHONPATH": str(PROJECT / "include")},
        answers(f"http://127.0.0.1:{port}/_control/healthz"),
    )
    with Supervisor(open_profile("test", tmp_path / "profile")) as services:
        services.start(program)
        services.wait_ready()
        yield Market(f"http://127.0.0.1:{port}", database_url)


def test_time_passes_for_the_market_and_for_baton_alike(market: Market, database_url: str) -> None:
    make_sandbox(database_url)
    make_sandbox(database_url)  # a second demo finds it done
    opened = market.open()
    assert START <= opened < START + timedelta(minutes=1)
    later = market.advance(timedelta(days=9))
    assert timedelta(days=9) <= later - opened < timedelta(days=9, minutes=1)
    with connect(database_url) as conn:
        assert abs(clock.now(conn) - market.now()) < timedelta(seconds=5)
        months = "select count(*) from pg_class where relname = 'email_event_2026_03'"
        assert conn.execute(months).fetchone()[0] == 1
    # The next demo starts on the next Tuesday, nine days later being a Thursday.
    assert market.open() >= datetime(2026, 3, 17, 10, tzinfo=UTC)


def test_a_real_warehouse_does_not_let_its_clock_be_set(
    market: Market, new_database: object
) -> None:
    real = Market(market.control, new_database())
    with pytest.raises(psycopg.errors.CheckViolation):
        real.set_clock(START)
