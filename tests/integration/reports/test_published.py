"""The numbers of the report are the numbers that plain SQL counts in the tables of the motion."""

import csv
import io
import json
import subprocess
import sys
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import psycopg
import pytest

from baton.core.errors import InputError
from baton.core.settings import PROJECT
from baton.reports import render
from baton.reports.intervals import wilson
from baton.reports.steps import publish
from baton.warehouse.connect import connect
from baton.warehouse.run import open_run
from tests.integration.reports.conftest import Published, make_settings

RIPE = "date_trunc('day', m.accepted_at) <= %(as_of)s - interval '15 days'"
# metric -> (numerator, denominator), counted by hand in the operational tables.
BY_HAND = {
    "grounded_claims_rate": (
        (
            "select count(*) from ops.claim c join ops.draft d on d.id = c.draft_id "
            "and d.current_revision = c.revision where grounded"
        ),
        (
            "select count(*) from ops.claim c join ops.draft d on d.id = c.draft_id "
            "and d.current_revision = c.revision"
        ),
    ),
    "approved_as_is_rate": (
        "select count(*) from ops.decision where verdict = 'approved' and revision = 1",
        "select count(*) from ops.decision",
    ),
    "edited_rate": (
        "select count(*) from ops.decision where verdict = 'approved' and revision > 1",
        "select count(*) from ops.decision",
    ),
    "killed_rate": (
        "select count(*) from ops.decision where verdict = 'killed'",
        "select count(*) from ops.decision",
    ),
    "delivery_rate": (
        "select count(*) from ops.message where delivered_at is not null",
        "select count(*) from ops.message where accepted_at is not null",
    ),
    "hard_bounce_rate": (
        "select count(distinct message_id) from ops.message_event where event_type = 'bounced'",
        "select count(*) from ops.message where accepted_at is not null",
    ),
    "complaint_rate": (
        "select 0",
        (
            "select count(*) from ops.message m join ops.contact c on c.id = m.contact_id "
            "where m.delivered_at is not null and c.email like '%%@yahoo.example'"
        ),
    ),
    # By link or by reply: whoever is suppressed after a message that was delivered.
    "unsubscribe_rate": (
        (
            "select count(distinct m.id) from ops.message m join ops.contact c on c.id = m.contact_id "
            "join ops.suppression s on s.address_key = c.address_key "
            "where s.kind = 'opt_out' and m.delivered_at is not null"
        ),
        "select count(*) from ops.message where delivered_at is not null",
    ),
    "reply_rate": (
        (
            "select count(distinct r.contact_id) from ops.reply r join ops.message m "
            f"on m.contact_id = r.contact_id where not r.is_automatic and {RIPE}"
        ),
        f"select count(distinct m.contact_id) from ops.message m where {RIPE}",
    ),
    "positive_reply_rate": (
        (
            "select count(distinct r.contact_id) from ops.reply r join ops.message m "
            f"on m.contact_id = r.contact_id where r.intent = 'positive' and {RIPE}"
        ),
        f"select count(distinct m.contact_id) from ops.message m where {RIPE}",
    ),
    "show_rate": (
        (
            "select count(*) from ops.meeting_outcome o join ops.meeting m on m.id = o.meeting_id "
            "where outcome = 'attended' and m.starts_at <= %(as_of)s"
        ),
        "select count(*) from ops.meeting where starts_at <= %(as_of)s",
    ),
    "notes_rate": (
        "select count(distinct meeting_id) from ops.note",
        "select count(*) from ops.meeting_outcome where outcome = 'attended'",
    ),
    "win_rate": (
        "select count(*) from landing.opportunity where outcome = 'won'",
        "select count(*) from landing.opportunity where outcome in ('won', 'lost')",
    ),
}


def counted(published: Published, query: str) -> int:
    with connect(published.settings.database_url) as conn:
        row = conn.execute(query, {"as_of": published.as_of}).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("metric", BY_HAND)
def test_a_rate_is_what_plain_sql_counts(published: Published, metric: str) -> None:
    hits, total = (counted(published, query) for query in BY_HAND[metric])
    figure = published.figure(metric)
    assert (figure["numerator"], figure["denominator"], figure["n"]) == (hits, total, total)
    assert total > 0
    assert figure["value"] == pytest.approx(Decimal(hits) / total)
    assert (figure["low"], figure["high"]) == wilson(hits, total)


def test_an_account_at_a_provider_without_reports_is_not_in_the_complaint_rate(
    published: Published,
) -> None:
    everybody = counted(
        published, "select count(*) from ops.message where delivered_at is not null"
    )
    assert 0 < published.figure("complaint_rate")["denominator"] < everybody


@pytest.mark.parametrize(
    ("cut", "own"),
    [
        pytest.param("icp_quartile", "l.icp_quartile::text", id="quartile"),
        pytest.param("rep", "(select name from ops.rep where id = o.rep_id)", id="rep"),
        pytest.param("sequence", "l.sequence", id="sequence"),
    ],
)
def test_a_cut_adds_up_and_each_group_is_right(published: Published, cut: str, own: str) -> None:
    by_hand = {
        row["own"]: (row["hits"], row["total"])
        for row in published.rows(
            f"select {own} as own, count(m.delivered_at) as hits, count(*) as total "
            "from ops.message m join ops.draft d on d.id = m.draft_id "
            "join ops.lead l on l.id = d.lead_id join ops.lead_owner o on o.lead_id = l.id group by 1"
        )
    }
    shown = {
        row["cut_value"]: (row["numerator"], row["denominator"])
        for row in published.rows(
            "select * from ops.report_metric where metric = 'delivery_rate' and cut = %s", cut
        )
    }
    assert shown == by_hand
    whole = published.figure("delivery_rate")
    assert sum(total for _, total in shown.values()) == whole["denominator"]


def test_money_is_kept_per_currency_and_credits_sum_to_revenue(published: Published) -> None:
    won = counted(published, "select sum(amount) from landing.opportunity where outcome = 'won'")
    revenue = published.figure("revenue")
    assert (revenue["value"], revenue["currency"]) == (won, "EUR")
    for model in ("first_touch", "last_touch", "linear"):
        assert published.figure(f"revenue_credit_{model}")["value"] == won
        for cut in ("sequence", "rep", "segment", "icp_quartile"):
            by_group = published.value(
                "select sum(value) from ops.report_metric where metric = %s and cut = %s",
                f"revenue_credit_{model}", cut,
            )  # fmt: skip
            assert by_group == won, cut
    assert published.figure("unattributed_revenue_share")["denominator"] == won


def test_an_opt_out_by_reply_and_one_by_link_count_and_one_before_delivery_does_not(
    published: Published,
) -> None:
    figure = published.figure("unsubscribe_rate")
    by = dict.fromkeys(("reply", "one_click"), 0) | {
        row["source"]: row["n"]
        for row in published.rows("select source, count(*) as n from ops.suppression group by 1")
    }
    assert by["reply"] > 0 < by["one_click"]
    # One of them clicked in a message that bounced.
    assert figure["numerator"] == by["reply"] + by["one_click"] - 1


def test_credit_names_what_is_unattributed_in_every_cut(published: Published) -> None:
    # One deal of the seed is of an account that nobody had written to: no segment earned it.
    for cut in ("sequence", "rep", "segment", "icp_quartile"):
        rows = {
            row["cut_value"]: row["value"]
            for row in published.rows(
                "select cut_value, value from ops.report_metric "
                "where cut = %s and metric = 'revenue_credit_linear'",
                cut,
            )
        }
        assert rows["unattributed"] == 7777, cut
        assert len(rows) > 1, cut
    assert published.figure("unattributed_revenue_share")["numerator"] == 7777
    for form in ("table", "html"):
        said = " ".join(render(published.settings, form).split())
        assert "adds up to the won revenue" in said


def test_a_median_lies_within_its_interval_and_unfinished_units_stay_in(
    published: Published,
) -> None:
    median = published.figure("speed_to_lead_p50")
    assert median["n"] == counted(published, "select count(*) from ops.lead")
    assert median["low"] <= median["value"] <= median["high"]
    late = published.figure("speed_to_lead_p90")
    assert (late["value"], late["dash"]) == (None, "too many are unfinished to know it yet")


def test_a_mean_carries_the_interval_of_its_units(published: Published) -> None:
    seconds = published.figure("seconds_per_draft")
    mean, deviation, n = published.rows(
        "select avg(seconds_spent) a, stddev_samp(seconds_spent) s, count(seconds_spent) n "
        "from ops.decision"
    )[0].values()
    assert seconds["value"] == pytest.approx(mean)
    # Laid off on the log scale: seconds are never negative.
    half = Decimal("1.959964") * deviation / Decimal(n).sqrt() / mean
    assert float(seconds["high"] / seconds["value"]) == pytest.approx(float(half.exp()), rel=1e-4)
    assert float(seconds["value"] / seconds["low"]) == pytest.approx(float(half.exp()), rel=1e-4)


def test_no_finding_at_all_has_a_bound(published: Published) -> None:
    figure = published.figure("lint_findings_per_draft")
    assert (figure["value"], figure["low"]) == (0, 0)
    assert float(figure["high"]) == pytest.approx(3.6889 / float(figure["denominator"]), rel=1e-4)


def test_young_weeks_are_marked_and_old_ones_are_not(published: Published) -> None:
    weeks = published.rows(
        "select cut_value::date as week, mature from ops.report_metric "
        "where metric = 'reply_rate' and cut = 'week' order by 1"
    )
    assert {row["mature"] for row in weeks} == {True, False}
    for row in weeks:
        assert row["mature"] == ((published.as_of.date() - row["week"]).days >= 7 + 14)


@pytest.mark.parametrize(
    ("metric", "reason"),
    [
        ("budget_use", "no sending was permitted yet"),
        ("next_step_owned_rate", "no next step was agreed yet"),
        ("incremental_pipeline_per_account", ("needs accounts left alone (holdout) and treated ones, "
         "drawn 90 days ago, in one currency")),
        ("task_brief_rate", "no task was handed to a person yet"),
    ],
)  # fmt: skip
def test_what_has_no_data_is_a_dash_with_its_reason(
    published: Published, metric: str, reason: str
) -> None:
    figure = published.figure(metric)
    assert (figure["value"], figure["dash"]) == (None, reason)


def test_the_funnel_counts_leads(published: Published) -> None:
    steps = {
        row["step"]: row["count"]
        for row in published.rows("select step, count from ops.report_funnel where cut = 'all'")
    }
    assert steps["lead"] == counted(published, "select count(*) from ops.lead")
    assert steps["sent"] == counted(published, "select count(*) from ops.message")
    assert steps["replied"] == counted(published, "select count(*) from ops.reply")
    assert steps["booked"] == counted(published, "select count(*) from ops.booking")
    assert steps["held"] == counted(
        published, "select count(*) from ops.meeting_outcome where outcome = 'attended'"
    )
    assert steps["won"] == counted(
        published,
        "select count(*) from landing.opportunity where outcome = 'won' and natural_key <> 'alone'",
    )
    for cut in ("rep", "icp_quartile", "segment", "sequence"):
        summed = published.value(
            "select sum(count) from ops.report_funnel where step = 'lead' and cut = %s", cut
        )
        assert summed == steps["lead"]


def test_publishing_twice_changes_nothing(published: Published) -> None:
    kept = "select * from ops.report_metric order by metric, cut, cut_value, currency"

    def figures() -> list[dict[str, object]]:
        return [{**row, "report_id": None} for row in published.rows(kept)]

    before = figures()
    publish(published.run)
    assert figures() == before
    assert (
        published.value("select count(*) from ops.report where run_id = %s", published.run.id) == 1
    )


def test_the_files_are_there_and_say_the_same(published: Published) -> None:
    folder = published.settings.home / "reports"
    names = {path.name for path in folder.iterdir() if path.name.startswith("stage-report")}
    assert names == {f"stage-report.{end}" for end in ("txt", "html", "json", "csv")}
    answer = json.loads((folder / "stage-report.json").read_text())
    in_json = {
        (r["metric"], r["cut"], r["cut_value"], r["currency"]): r["value"]
        for r in answer["metrics"]
    }
    lines = csv.DictReader(io.StringIO((folder / "stage-report.csv").read_text()))
    for line in lines:
        key = (line["metric"], line["cut"], line["cut_value"], line["currency"] or None)
        assert (line["value"] == "") == (in_json[key] is None)
    figure = published.figure("delivery_rate")
    assert in_json["delivery_rate", "all", "", None] == pytest.approx(float(figure["value"]))
    said = f"{figure['numerator']} / {figure['denominator']}"
    for form in ("table", "html"):
        assert said in render(published.settings, form)


def test_a_failed_gate_a_breaker_and_a_pause_are_shown_at_once(published: Published) -> None:
    with connect(published.settings.database_url) as conn:
        conn.execute(
            "update ops.pause_switch set is_on = true, reason = 'a storm', changed_by = 'ann'"
        )
        conn.execute(
            "insert into ops.breaker (domain, is_open, reason, opened_at) "
            "values ('halden.example', true, '3 of 20 bounced', ops.now())"
        )
        conn.execute(
            "insert into ops.gate_result (run_id, dag_id, layer, suite, passed, row_count, "
            "expectations, failed_expectations, failures) values (%s, 'message_delivery', 'delivery', "
            "'domains', false, 1, 1, 1, '[{\"sentence\": \"halden.example bounces\"}]')",
            (published.run.id,),
        )
    for form in ("table", "html", "json"):
        text = render(published.settings, form)
        for said in ("a storm", "3 of 20 bounced", "halden.example bounces"):
            assert said in text
    with connect(published.settings.database_url) as conn:
        conn.execute("update ops.pause_switch set is_on = false")
        conn.execute("update ops.breaker set is_open = false")
        conn.execute(
            "insert into ops.gate_result (run_id, dag_id, layer, suite, passed, row_count, "
            "expectations, failed_expectations, checked_at) values (%s, 'message_delivery', "
            "'delivery', 'domains', true, 1, 1, 0, ops.now() + interval '1 minute')",
            (published.run.id,),
        )
    assert json.loads(render(published.settings, "json"))["alarms"] == []


def test_the_database_refuses_a_figure_that_is_value_and_dash(published: Published) -> None:
    with (
        connect(published.settings.database_url) as conn,
        pytest.raises(psycopg.errors.CheckViolation),
    ):
        conn.execute("update ops.report_metric set dash = 'both' where value is not null")


def test_showing_a_report_never_loads_metricflow(published: Published) -> None:
    code = (
        "import sys; from baton.core.settings import load; from baton.reports import render\n"
        "render(load(), 'html'); render(load(), 'table')\n"
        "assert not [m for m in sys.modules if m.startswith(('metricflow', 'dbt'))]"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**published.settings.environ, "PYTHONPATH": str(PROJECT / "include")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_no_report_yet_is_a_sentence(new_database, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = make_settings(new_database(), tmp_path)
    with pytest.raises(InputError, match="baton run attribution"):
        render(settings, "table")


def test_a_worker_that_did_not_build_reads_the_project_itself(
    published: Published, tmp_path: Path
) -> None:
    elsewhere = replace(published.run, settings=replace(published.settings, home=tmp_path))
    before = published.rows(
        "select metric, cut, cut_value, value from ops.report_metric order by 1, 2, 3"
    )
    publish(elsewhere)
    assert before == published.rows(
        "select metric, cut, cut_value, value from ops.report_metric order by 1, 2, 3"
    )


def test_a_report_without_marts_says_what_to_run(new_database, tmp_path) -> None:  # type: ignore[no-untyped-def]
    settings = make_settings(new_database(), tmp_path)
    with connect(settings.database_url) as conn:
        now = conn.execute("select ops.now()").fetchone()[0]  # type: ignore[index]
    run = open_run(settings, "attribution", "revenue_attribution", "bare", now, now)
    with pytest.raises(InputError, match="baton run attribution"):
        publish(run)
