"""Each gate of the signals layer stops a bad batch and names its rows."""

from collections.abc import Callable
from typing import Any

import pytest

from baton.core.errors import GateFailed
from baton.quality import gate
from baton.signals import steps
from baton.warehouse.connect import connect
from tests.integration.signals.conftest import Own

Spoil = Callable[[Own, str], None]


def change(own: Own, query: str, params: Any = None) -> None:
    with connect(own.settings.database_url) as conn:
        conn.execute(query, params)


def signal(**columns: str) -> Spoil:
    """Make one signal of the run bad."""

    def spoil(own: Own, run_id: str) -> None:
        known = {"source": "'jobs'", "natural_key": "'bad'", "occurred_at": "ops.now()",
                 "signal_type": "'hiring'", "company": "'Acme'", "payload": "'{}'"} | columns  # fmt: skip
        names, values = ", ".join(known), ", ".join(known.values())
        change(
            own,
            f"insert into landing.signal (run_id, {names}) values (%s, {values})",
            (run_id,),
        )

    return spoil


def intake(**columns: str) -> Spoil:
    def spoil(own: Own, run_id: str) -> None:
        known = {"source": "'jobs'", "entity": "'signal'", "received": "0", "accepted": "0",
                 "duplicates": "0", "quarantined": "0"} | columns  # fmt: skip
        names, values = ", ".join(known), ", ".join(known.values())
        change(
            own,
            f"insert into landing.intake (run_id, {names}) values (%s, {values})",
            (run_id,),
        )

    return spoil


def silence(own: Own, _run_id: str) -> None:
    change(own, "update landing.intake set at = at - interval '9 hours' where source = 'news_rss'")


def flood(own: Own, run_id: str) -> None:
    change(
        own,
        """
        with old as (
            insert into ops.run (id, layer, dag_id, external_id, interval_start, interval_end,
                                 released_at)
            values ('run_old', 'signals', 'signal_ingestion', 'old', ops.now(), ops.now(),
                    ops.now()) returning id)
        insert into landing.intake (run_id, source, entity, received, accepted, duplicates,
                                    quarantined)
        select id, 'site', 'signal', 30, 30, 0, 0 from old
        """,
    )
    intake(source="'site'", received="900", accepted="900")(own, run_id)


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param(signal(signal_type="'hirring'"), "signal_types.yml knows.*jobs, bad",
                     id="schema: a type that nobody knows"),
        pytest.param(signal(occurred_at="ops.now() + interval '2 days'"), "in the future.*jobs, bad",
                     id="schema: the future"),
        pytest.param(signal(domain="'https://Acme.example'"), "bare host name.*jobs, bad",
                     id="schema: an address for a domain"),
        pytest.param(signal(title="'<b>x</b>'"), "holds markup.*jobs, bad", id="schema: markup"),
        pytest.param(signal(company="null"), "about whom.*jobs, bad", id="schema: about nobody"),
        pytest.param(
            lambda own, run_id: [
                signal(occurred_at=at)(own, run_id)
                for at in ("ops.now()", "ops.now() - interval '1 day'")
            ],
            "is there once.*jobs, bad", id="uniqueness: the same thing dated anew",
        ),
        pytest.param(intake(source="'site'", received="40", quarantined="39", accepted="1"),
                     "can be read.*site", id="volume: a source that changed its form"),
        pytest.param(flood, "floods the motion.*site", id="volume: a flood"),
    ],
)  # fmt: skip
def test_a_bad_batch_of_signals_stops(own_database: Own, spoil: Spoil, words: str) -> None:
    run = own_database.run()
    steps.land(run)
    spoil(own_database, run.id)
    with pytest.raises(GateFailed, match=f"(?s){words}"):
        gate.check(run, "signal_ingestion")
    assert own_database.ask("select released_at from ops.run where id = %s", (run.id,)) == [(None,)]


def test_a_silent_source_is_named_and_stops_nobody(own_database: Own) -> None:
    run = own_database.run()
    steps.land(run)
    silence(own_database, run.id)
    counts = gate.check(run, "signal_ingestion")
    assert (counts["warnings"], counts["released_runs"]) == (1, 1)
    assert own_database.ask("select suite, failures::text like '%news_rss%' from ops.gate_result "
                            "where not passed") == [("each source is heard of", True)]  # fmt: skip


def test_a_good_batch_of_signals_is_handed_on(own_database: Own) -> None:
    for _ in range(2):
        run = own_database.run()
        steps.land(run)
        assert gate.check(run, "signal_ingestion")["released_runs"] == 1
    assert own_database.ask("select count(*) from ops.gate_result where not passed") == [(0,)]


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        pytest.param("update ops.account set name = ' ' where domain = 'wexholm-supply.example'",
                     "each account has a name.*wexholm-supply.example", id="no name"),
        pytest.param("update ops.account set timezone = 'Europe/Berln' "
                     "where domain = 'wexholm-supply.example'",
                     "time zones exist.*wexholm-supply.example", id="no such time zone"),
        pytest.param("update ops.account set domain = 'no domain' "
                     "where domain = 'wexholm-supply.example'",
                     "bare host name", id="a domain that is none"),
        pytest.param("update ops.account set employees = -1 "
                     "where domain = 'wexholm-supply.example'",
                     "fewer than no employees", id="fewer than no employees"),
        pytest.param("update ops.contact set email = 'lee@acme' where id = "
                     "(select min(id) from ops.contact)",
                     "mail could reach", id="an address without a domain"),
        pytest.param("update ops.account set on_watchlist = false "
                     "where domain = 'wexholm-supply.example'",
                     "is a watched account.*wexholm-supply.example", id="a line without account"),
    ],
)  # fmt: skip
def test_a_bad_list_stops(own_database: Own, spoil: str, words: str) -> None:
    run = own_database.run("list_refresh")
    steps.refresh(run)
    change(own_database, spoil)
    with pytest.raises(GateFailed, match=f"(?s){words}"):
        gate.check(run, "list_refresh")


def test_a_watchlist_that_collapsed_stops_until_it_is_meant(own_database: Own) -> None:
    run = own_database.run("list_refresh")
    steps.refresh(run)
    gate.check(run, "list_refresh")

    folder = own_database.settings.playbook
    lines = (folder / "watchlist.csv").read_text().splitlines()
    (folder / "watchlist.csv").write_text("\n".join(lines[:20]) + "\n")
    later = own_database.run("list_refresh")
    steps.refresh(later)
    with pytest.raises(GateFailed, match="did not collapse"):
        gate.check(later, "list_refresh")

    path = folder / "thresholds.yml"
    path.write_text(path.read_text().replace("max_watchlist_drop: 0.5", "max_watchlist_drop: 1"))
    gate.check(later, "list_refresh")


def test_an_empty_watchlist_stops(own_database: Own) -> None:
    path = own_database.settings.playbook / "watchlist.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    run = own_database.run("list_refresh")
    steps.refresh(run)
    with pytest.raises(GateFailed, match="each watched account is there"):
        gate.check(run, "list_refresh")
