"""The steps of the signals layer against the sandbox: everything lands once, whatever happens."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from baton.core.errors import PlaybookError, VendorError, VendorUnavailable
from baton.signals import steps
from tests.integration.signals.conftest import Own, Stage


def edit(playbook: Path, name: str, before: str, after: str) -> None:
    path = playbook / "signals" / f"{name}.yml"
    path.write_text(path.read_text().replace(before, after))


def test_signals_land_once(own_database: Own) -> None:
    first = steps.land(own_database.run())
    again = steps.land(own_database.run())
    assert first["landed"] > 100
    assert again["landed"] == again["quarantined"] == 0
    assert again["received"] == again["duplicates"]
    assert own_database.ask(
        "select count(*), count(distinct (source, natural_key)) from landing.signal"
    ) == [(first["landed"], first["landed"])]
    for row in own_database.ask(
        "select source, sum(received), sum(accepted + duplicates + quarantined) "
        "from landing.intake group by source"
    ):
        assert row[1] == row[2], row[0]


def test_bad_items_are_kept_with_their_reasons_once(own_database: Own) -> None:
    for _ in range(2):
        steps.land(own_database.run())
    found = own_database.ask("select source, reason from landing.quarantine order by 1, 2")
    assert ("jobs", "The row is no JSON object.") in found
    assert ("news_rss", "The entry has no title.") in found
    assert ("news_atom", "The entry cannot be placed in time: no date.") in found
    assert len(found) == len(set(found))


def test_most_signals_know_their_company(own_database: Own) -> None:
    steps.land(own_database.run())
    ((known, all_of_them),) = own_database.ask("select count(domain), count(*) from landing.signal")
    assert known / all_of_them > 0.95
    assert own_database.ask(
        "select domain from landing.signal where title like 'Quarrymoor%%' group by 1"
    ) == [(None,)]


def test_an_order_in_an_entry_is_only_text(own_database: Own) -> None:
    steps.land(own_database.run())
    rows = own_database.ask(
        "select title, email from landing.signal where title like '%%ignore all instructions'"
    )
    assert rows
    assert all("<" not in title and email is None for title, email in rows)


def test_webhooks_become_signals(own_database: Own) -> None:
    own_database.ask(
        "insert into landing.signal_event (source, natural_key, occurred_at, payload) "
        "values ('site', 'evt-1', ops.now(), %s), ('site', 'evt-2', ops.now(), %s) returning 1",
        (
            json.dumps({"type": "site_visit_pricing", "domain": "wexholm-supply.example"}),
            json.dumps({"type": "unheard_of", "domain": "wexholm-supply.example"}),
        ),
    )
    steps.land(own_database.run())
    steps.land(own_database.run())
    assert own_database.ask(
        "select signal_type, domain from landing.signal where source = 'site'"
    ) == [("site_visit_pricing", "wexholm-supply.example")]
    assert own_database.ask(
        "select received, accepted, quarantined from landing.intake "
        "where source = 'site' order by at"
    ) == [(2, 1, 1), (0, 0, 0)]


def test_one_source_that_fails_loses_nothing_of_the_others(
    own_database: Own, playbook: Path
) -> None:
    edit(playbook, "jobs", "/jobs/board.json", "/jobs/gone.json")
    run = own_database.run()
    assert steps.land(run)["broken"] == 1
    with pytest.raises(VendorError, match=r"jobs is broken: .*404.* were handed on"):
        steps.sources(run)
    sources = own_database.ask("select distinct source from landing.signal order by 1")
    assert sources == [("news_atom",), ("news_rss",)]
    assert own_database.ask("select 1 from ops.watermark where name = 'signals.jobs'") == []


def test_a_page_that_is_no_feed_is_said(own_database: Own, playbook: Path) -> None:
    edit(playbook, "news_rss", "/feeds/news.rss", "/jobs/board.json")
    run = own_database.run()
    steps.land(run)
    with pytest.raises(VendorError, match="news_rss is broken: is no RSS or Atom feed"):
        steps.sources(run)


@pytest.mark.parametrize(
    ("kind", "away"),
    [
        pytest.param("rate_limit", 1, id="429: the next run reads it"),
        pytest.param("error_before", 0, id="500 once: read again at once"),
        pytest.param("reset_after", 0, id="a reset once: read again at once"),
    ],
)
def test_a_source_with_a_hiccup(own_database: Own, stage: Stage, kind: str, away: int) -> None:
    stage.world.faults.switch_on(vendor="jobs", kind=kind, count=1)
    first = steps.land(own_database.run())
    assert first["unavailable"] == away
    assert first["landed"] > 0
    later = steps.land(own_database.run())
    assert later["unavailable"] == 0
    assert own_database.ask("select count(*) > 50 from landing.signal where source = 'jobs'") == [
        (True,)
    ]


def test_without_any_source_the_step_is_tried_again(own_database: Own) -> None:
    run = own_database.run()
    nowhere = replace(run.settings, environ={"BATON_SIGNALS_URL": "http://127.0.0.1:1"})
    with pytest.raises(VendorUnavailable, match="No source could be reached") as caught:
        steps.land(replace(run, settings=nowhere))
    assert caught.value.retry


def test_a_board_of_too_many_pages_lands_what_was_read(own_database: Own, playbook: Path) -> None:
    edit(playbook, "jobs", "signal_type: hiring", "signal_type: hiring\nmax_pages: 1")
    run = own_database.run()
    steps.land(run)
    with pytest.raises(VendorError, match=r"raise max_pages in signals/jobs\.yml"):
        steps.sources(run)
    ((count,),) = own_database.ask("select count(*) from landing.signal where source = 'jobs'")
    assert count > 0


def test_a_refresh_makes_accounts_contacts_and_reps(own_database: Own) -> None:
    counts = steps.refresh(own_database.run("list_refresh"))
    assert (counts["reps"], counts["accounts"], counts["unplaced_contacts"]) == (5, 150, 0)
    assert own_database.ask(
        "select count(*) filter (where on_watchlist), count(owner_rep_id), count(*) from ops.account"
    ) == [(60, 150, 150)]
    assert own_database.ask(
        "select count(*), count(address_key) from ops.contact where email = lower(email)"
    ) == [(counts["contacts"],) * 2]
    assert own_database.ask("select timezone from ops.rep where name = 'Clara Voss'") == [
        ("Europe/Berlin",)
    ]
    # What RevOps writes goes before what the CRM says; what only the CRM knows stays.
    assert own_database.ask(
        "select name, region from ops.account where domain = 'wexholm-supply.example'"
    ) == [("Wexholm Supply", "DACH")]
    ((won, lost, still_open),) = own_database.ask(
        "select count(*) filter (where outcome = 'won'), count(*) filter (where outcome = 'lost'), "
        "count(*) filter (where outcome = 'open' and closed_at is null) from landing.opportunity"
    )
    assert won > 0 < lost
    assert still_open == 4


def test_a_second_refresh_changes_nothing(own_database: Own) -> None:
    steps.refresh(own_database.run("list_refresh"))
    query = (
        "select md5(string_agg(t::text, '' order by t::text)) from "
        "(select a::text as t from ops.account a union all select c::text from ops.contact c "
        "union all select r::text from ops.rep r) x"
    )
    before = own_database.ask(query)
    again = steps.refresh(own_database.run("list_refresh"))
    assert own_database.ask(query) == before
    assert again["landed"] == again["new_accounts"] == again["updated_accounts"] == 0
    assert again["new_contacts"] == again["updated_contacts"] == again["watchlist_changes"] == 0


def test_a_change_in_the_crm_is_taken_over(own_database: Own, stage: Stage) -> None:
    steps.refresh(own_database.run("list_refresh"))
    crm = stage.world.crm
    record = next(r for r in crm.records["contacts"].values())
    before = dict(record.properties)
    crm.change(record, {"jobtitle": "Chief Planner", "hs_email_optout": "true"})
    counts = steps.refresh(own_database.run("list_refresh"))
    crm.change(record, {"jobtitle": before["jobtitle"], "hs_email_optout": "false"})
    assert (counts["updated_contacts"], counts["opted_out"]) == (1, 1)
    assert own_database.ask(
        "select title from ops.contact where email = %s", (before["email"],)
    ) == [("Chief Planner",)]
    assert own_database.ask("select email, kind, source from ops.suppression") == [
        (before["email"], "opt_out", "crm")
    ]
    # And back: the older version is what the CRM says now; the opt-out stays.
    steps.refresh(own_database.run("list_refresh"))
    assert own_database.ask(
        "select title from ops.contact where email = %s", (before["email"],)
    ) == [(before["jobtitle"],)]
    assert len(own_database.ask("select 1 from ops.suppression")) == 1


def test_the_watchlist_alone_is_enough(own_database: Own) -> None:
    run = own_database.run("list_refresh")
    alone = replace(run, settings=replace(run.settings, connections={}))
    counts = steps.refresh(alone)
    assert (counts["accounts"], counts["contacts"], counts["watchlist_changes"]) == (60, 0, 60)


def test_who_leaves_the_watchlist_is_no_longer_watched(own_database: Own, playbook: Path) -> None:
    steps.refresh(own_database.run("list_refresh"))
    path = playbook / "watchlist.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0], *lines[2:]]) + "\n")
    counts = steps.refresh(own_database.run("list_refresh"))
    assert counts["watchlist_changes"] == 1
    assert own_database.ask("select count(*) from ops.account where on_watchlist") == [(59,)]
    assert own_database.ask("select count(*) from ops.account") == [(150,)]


def test_a_wrong_line_of_the_watchlist_stops_before_anything_is_changed(
    own_database: Own, playbook: Path
) -> None:
    with (playbook / "watchlist.csv").open("a") as file:
        file.write("no domain,A,,,,,,,\n")
    with pytest.raises(PlaybookError, match="line 62, column domain"):
        steps.refresh(own_database.run("list_refresh"))
    assert own_database.ask("select count(*) from ops.account") == [(0,)]
