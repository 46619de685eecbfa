"""CSV that nothing runs, JSON that everything reads."""

import csv
import io
import json

import pytest

from baton.reports.export import as_csv, as_json, neutral
from tests.unit.reports.reporting import EVIL, report


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("=1+1", id="formula"),
        pytest.param("+1", id="plus"),
        pytest.param("-1", id="minus"),
        pytest.param("@SUM(A1)", id="at"),
        pytest.param("\t=1", id="tab"),
        pytest.param("\r=1", id="carriage return"),
    ],
)
def test_what_a_spreadsheet_would_run_becomes_text(text: str) -> None:
    assert neutral(text) == f"'{text}"


@pytest.mark.parametrize("text", ["Q1", "a=b", "", "Ann-Marie", "3 @ 4"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert neutral(text) == text


def test_a_hostile_group_name_is_neutral_in_the_file_and_numbers_stay_numbers() -> None:
    lines = list(csv.DictReader(io.StringIO(as_csv(report()))))
    assert f"'=cmd|{EVIL}" in {line["cut_value"] for line in lines}
    whole = next(r for r in lines if (r["metric"], r["cut"]) == ("win_rate", "all"))
    assert float(whole["value"]) == 0.75
    assert (whole["numerator"], whole["denominator"], whole["n"]) == ("3", "4", "4")


def test_a_reply_rate_never_stands_without_sourced_pipeline() -> None:
    lines = [
        r for r in csv.DictReader(io.StringIO(as_csv(report()))) if r["metric"] == "reply_rate"
    ]
    assert {line["cut"]: line["beside"] for line in lines} == {
        "all": "sourced pipeline 90,000 EUR",
        "icp_quartile": "sourced pipeline 60,000 EUR",
        "rep": "sourced pipeline 90,000 EUR in all",
    }
    records = json.loads(as_json(report()))["metrics"]
    assert all(r["beside"] for r in records if r["metric"] == "reply_rate")
    assert not any(r["beside"] for r in records if r["metric"] == "win_rate")


def test_json_holds_numbers_and_says_null_for_what_is_unknown() -> None:
    answer = json.loads(as_json(report()))
    by_metric = {r["metric"]: r for r in answer["metrics"] if r["cut"] == "all"}
    assert by_metric["win_rate"]["value"] == 0.75
    assert by_metric["complaint_rate"]["value"] is None
    assert by_metric["complaint_rate"]["dash"] == "no provider here reports complaints"
    assert by_metric["speed_to_lead_p90"]["high"] is None
    assert answer["funnel"][0]["steps"][0] == {"name": "watchlist", "unit": "accounts", "count": 50}
    assert answer["report"]["as_of"] == "2026-03-02T10:00:00+00:00"
