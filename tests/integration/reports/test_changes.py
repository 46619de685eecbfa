"""Why a number moved: two reports compared, and the opportunity that moved it, version by version."""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from baton.cli import cli
from baton.core import clock
from baton.core.errors import InputError
from baton.core.settings import Settings
from baton.reports import render_changes
from baton.reports.changes import Change, Changes, changes_of, moment
from baton.reports.changes_text import listed
from baton.reports.why_opportunity import opportunity_of
from baton.reports.why_opportunity_text import told_opportunity
from baton.signals.funnel import import_folder
from baton.warehouse.connect import connect
from tests.integration.reports.conftest import Published, attribute, make_settings
from tests.integration.reports.test_crm_history import FILES

# D1 is worth more, D3 is won after all, and D5 goes to another owner and account.
MOVED = FILES["deals.csv"].replace("2026-02-01,100\n", "2026-02-01,140\n")
MOVED = MOVED.replace("MG,Lost,2026-01-07,2026-02-01,0", "MG,Won,2026-01-07,2026-02-01,60")
MOVED = MOVED.replace("D5,,Bob", "D5,A3,Ann")


def reported(settings: Settings, folder: Path, name: str) -> datetime:
    import_folder(settings, folder, folder / "mapping.yml")
    with connect(settings.database_url) as conn:
        now = clock.now(conn).astimezone(UTC)
    attribute(settings, now, name)
    return now


class Moved:
    """A funnel imported and reported, then changed, imported and reported again, then left alone."""

    def __init__(self, settings: Settings, folder: Path) -> None:
        for name, content in FILES.items():
            (folder / name).write_text(content)
        self.settings = settings
        self.at = [reported(settings, folder, "first")]
        self.only = self.changes()
        (folder / "deals.csv").write_text(MOVED)
        import_folder(settings, folder, folder / "mapping.yml")
        self.behind = self.deal("D1")
        self.at.append(reported(settings, folder, "second"))
        self.moved = self.changes()
        self.at.append(reported(settings, folder, "third"))

    def changes(self, since: datetime | None = None) -> Changes:
        with connect(self.settings.database_url) as conn:
            return changes_of(conn, since)

    def deal(self, asked: str) -> dict[str, Any]:
        with connect(self.settings.database_url) as conn:
            found = opportunity_of(conn, asked)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def moved(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Moved:
    settings = make_settings(new_database(), tmp_path_factory.mktemp("home"))
    return Moved(settings, tmp_path_factory.mktemp("export"))


def change(found: Changes, metric: str, cut: str = "all", value: str = "") -> Change:
    """The only change of a metric in a group."""
    (one,) = [c for c in found.changes if (c.metric, c.cut, c.cut_value) == (metric, cut, value)]
    return one


def parts(change: Change) -> list[tuple[Decimal | None, Decimal | None]]:
    return [(f.numerator, f.denominator) for f in (change.before, change.after) if f]


def test_the_only_report_is_a_sentence(moved: Moved) -> None:
    assert moved.only.before is None
    said = listed(moved.only)
    assert said.startswith("There is only one report, as of ")
    assert said.count("\n") == 1


def test_every_figure_that_moved_says_from_what_to_what(moved: Moved) -> None:
    found = moved.moved
    assert found.before is not None
    assert (found.before.as_of, found.after.as_of) == (moved.at[0], moved.at[1])
    assert parts(change(found, "win_rate")) == [(3, 4), (4, 4)]
    assert parts(change(found, "win_rate", "region", "East")) == [(1, 2), (2, 2)]
    revenue = change(found, "revenue")
    assert revenue.before
    assert revenue.after
    assert (revenue.before.value, revenue.after.value) == (Decimal("350.50"), Decimal("450.50"))
    assert (revenue.stage, revenue.model, revenue.currency) == (
        "attribution",
        "marts.opportunity",
        "EUR",
    )
    assert not [c for c in found.changes if (c.metric, c.cut) == ("opportunity_count", "all")]
    sizes = [c.size for c in found.changes]
    assert sizes == sorted(sizes, reverse=True)


def test_the_text_names_both_runs_the_mart_and_how_many_more(moved: Moved) -> None:
    found = moved.moved
    assert found.before
    said = listed(found, limit=5)
    assert found.before.run_id in said
    assert found.after.run_id in said
    changed = sum(1 for c in found.changes if c.size)
    kept = len(found.changes) - changed
    assert f"{changed - 5:,} more changed and {kept:,} kept their value" in said
    whole_first = [line for line in said.splitlines() if line.endswith("]")]
    assert len(whole_first) == 5
    assert all(", all" in line for line in whole_first), "groups change more, and come after it"
    whole = listed(found, limit=10_000)
    assert "Win rate, all  [attribution, marts.opportunity]" in whole
    assert "  75.00 % (3 / 4) -> 100.00 % (4 / 4)" in whole
    assert "Win rate, Region East" in whole


def test_metrics_that_meant_another_thing_are_named_once(moved: Moved) -> None:
    found = moved.moved
    assert "definition" not in listed(found, limit=10_000)
    redefined = [replace(c, redefined=c.metric in ("win_rate", "revenue")) for c in found.changes]
    said = listed(replace(found, changes=tuple(redefined)), limit=1)
    assert said.count("definition changed") == 1
    (line,) = [each for each in said.splitlines() if "definition changed" in each]
    assert {*line.split(": ")[1].split("; ")} == {"Win rate", "Won revenue"}


def test_nothing_changed_is_a_sentence(moved: Moved) -> None:
    # The report is computed anew from the same rows, some seconds later.
    said = listed(moved.changes())
    assert said.startswith("Nothing changed from the report as of "), said


def test_since_compares_with_the_newest_report_as_of_then(moved: Moved) -> None:
    found = moved.changes(moved.at[0])
    assert found.before
    assert found.before.as_of == moved.at[0]
    assert parts(change(found, "win_rate")) == [(3, 4), (4, 4)]
    with pytest.raises(InputError, match=r"There is no report as of .* the oldest is as of"):
        moved.changes(moved.at[0] - timedelta(seconds=1))
    with pytest.raises(InputError, match="leave --since out"):
        moved.changes(moved.at[2])


def test_a_date_is_its_first_moment_and_words_are_a_sentence() -> None:
    assert moment("2026-03-01") == datetime(2026, 3, 1, tzinfo=UTC)
    assert moment("2026-03-01T09:00+02:00") == datetime(2026, 3, 1, 7, tzinfo=UTC)
    with pytest.raises(InputError, match="'last week' is no time"):
        moment("last week")


def test_the_commands_answer(moved: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in moved.settings.environ.items():
        monkeypatch.setenv(name, value)
    run = CliRunner().invoke
    since = moved.at[0].isoformat()
    said = run(cli, ["report", "--changes", "--since", since])
    assert said.exit_code == 0, said.output
    assert "Win rate" in said.output
    answer = json.loads(run(cli, ["report", "--changes", "--since", since, "--json"]).output)
    rate = next(c for c in answer["changes"] if (c["metric"], c["cut"]) == ("win_rate", "all"))
    assert (rate["before"]["value"], rate["after"]["value"]) == (0.75, 1)
    assert isinstance(run(cli, ["report", "--since", since]).exception, InputError)
    with pytest.raises(InputError, match="has no form 'html'"):
        render_changes(moved.settings, "html", None)

    assert "outcome: lost -> won" in run(cli, ["why", "D3"]).output
    deal = json.loads(run(cli, ["why", "shop:D3", "--json"]).output)
    assert deal["opportunity"]["id"] == "shop:D3"
    unknown = run(cli, ["why", "D33"]).exception
    assert re.fullmatch(
        r"There is no message and no opportunity 'D33'; give a message's id .* or key in its source\. "
        r"Did you mean 'D3'\?",
        str(unknown),
    )
    nowhere = str(run(cli, ["why", "zzz"]).exception)
    assert nowhere.endswith("or key in its source."), "nothing is near"
    assert "shop:D3, opportunity" in run(cli, ["why", "SHOP:d3"]).output


def test_an_opportunity_lists_what_changed_when(moved: Moved) -> None:
    found = moved.deal("D5")
    deal = found["opportunity"]
    assert (deal["id"], deal["account"], deal["owner"]) == ("shop:D5", "Core", "Ann")
    first, last = found["versions"]
    assert first["intake_id"] != last["intake_id"]
    assert first["received_at"] < last["received_at"]
    assert last["changes"] == [
        {"field": "account_key", "before": None, "after": "A3"},
        {"field": "owner_key", "before": "Bob", "after": "Ann"},
    ]
    text = told_opportunity(found)
    assert "owner key: Bob -> Ann" in text
    assert text.index("landed") < text.index("changed")
    assert f"from shop ({last['intake_id']}" in text


def test_it_says_what_the_report_has_not_counted_yet(moved: Moved) -> None:
    assert moved.behind["attribution"]["behind"] == ["amount"]
    assert "counted as  amount 100; `baton run attribution`" in told_opportunity(moved.behind)
    assert moved.deal("D1")["attribution"]["behind"] == []


def test_credit_and_origin_are_those_of_the_report(published: Published) -> None:
    with connect(published.settings.database_url) as conn:
        sourced = opportunity_of(conn, "crm:o16")
        alone = opportunity_of(conn, "alone")
        assert opportunity_of(conn, "o1") is None
    assert sourced
    assert alone
    assert sourced["opportunity"]["account"] == "Buyer 16"
    assert sourced["attribution"]["origin"] == "sourced"
    assert {t["channel"] for t in sourced["touchpoints"]} == {"email", "meeting"}
    assert sum(c["credit"] for c in sourced["credits"] if c["credit_model"] == "linear") == 16_000
    text = told_opportunity(sourced)
    assert "sourced: the motion first reached the account" in text
    assert "linear: 8,000 EUR to msg_" in text
    assert alone["attribution"]["origin"] == "untouched"
    assert "linear: 7,777 EUR to unattributed" in told_opportunity(alone)


def test_without_any_touch_it_says_so_and_only_what_is_won_has_credit(moved: Moved) -> None:
    won, open_ = moved.deal("D1"), moved.deal("D5")
    for found in (won, open_):
        assert found["attribution"]["because"] == "no touch was recorded for it or its account"
    assert "credit      linear: 140 EUR to unattributed" in told_opportunity(won)
    said = told_opportunity(open_)
    assert "credit      none: only what is won earns any, and it is open" in said
    assert "no record" not in said


def test_an_account_without_a_record_is_named_as_such(moved: Moved) -> None:
    with connect(moved.settings.database_url) as conn:
        conn.execute(
            "insert into landing.opportunity (source, natural_key, content_hash, stage, outcome, "
            "account_key) values ('shop', 'lost account', 'h', 'Open', 'open', 'Nosuch Corp')"
        )
        found = opportunity_of(conn, "lost account")
        conn.rollback()
    assert found
    assert "account     Nosuch Corp (no record of this account)" in told_opportunity(found)


def test_a_touch_of_another_source_before_makes_it_influenced(moved: Moved) -> None:
    with connect(moved.settings.database_url) as conn:
        conn.execute(
            "insert into landing.touch (source, natural_key, content_hash, account_key, channel, "
            "occurred_at) values ('shop', 't1', 'h', 'A1', 'call', '2026-01-04')"
        )
        now = clock.now(conn).astimezone(UTC)
    attribute(moved.settings, now, "touched")
    found = moved.deal("D1")
    assert found["attribution"]["because"] == (
        "1 touch counts for it, but the motion did not reach the account in the 90 days before it was "
        "opened"
    )
    assert "call shop:t1 (shop)" in told_opportunity(found)


def test_a_key_of_two_sources_asks_which(moved: Moved) -> None:
    with connect(moved.settings.database_url) as conn:
        conn.execute(
            "insert into landing.opportunity (source, natural_key, content_hash, stage, outcome) "
            "values ('other', 'D2', 'h', 'Open', 'open')"
        )
        with pytest.raises(InputError, match="give one of: other:D2, shop:D2"):
            opportunity_of(conn, "D2")
        new = opportunity_of(conn, "other:D2")
        conn.rollback()
    assert new
    assert new["attribution"] is None
    assert "not known yet" in told_opportunity(new)
