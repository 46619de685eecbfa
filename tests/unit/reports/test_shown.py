"""What people see: dashes with reasons, marks of youth, well-formed pictures, harmless text."""

import json
import re
from dataclasses import replace
from decimal import Decimal
from xml.etree import ElementTree

import pytest

from baton.reports import svg
from baton.reports.export import as_json
from baton.reports.headline import headline, largest_loss
from baton.reports.model import Alarm, Figure, Report, Step
from baton.reports.page import as_html, body
from baton.reports.terminal import as_table
from baton.reports.text import DASH, amount, group_of, number
from tests.unit.reports.reporting import COUNTS, money, rate, report


def pictures(html: str) -> list[ElementTree.Element]:
    """Every picture of a page, read strictly."""
    return [ElementTree.fromstring(text) for text in re.findall(r"<svg.*?</svg>", html, re.DOTALL)]


def test_the_funnel_is_well_formed_and_every_step_is_a_named_link() -> None:
    root = ElementTree.fromstring(svg.funnel(report().funnel["all", ""], 'From "a" <b> & c'))
    links = root.findall("a")
    assert len(links) == len(COUNTS)
    assert links[5].get("aria-label") == "sent: 30 leads, 100.0 % of approved"
    assert links[0].get("href") == "#stage-signals"
    widths = [float(a.findall("rect")[2].get("width", "")) for a in links]
    assert widths[0] == widths[2] == svg.BAR, "accounts and leads have a scale each"
    assert widths[3] == pytest.approx(svg.BAR * 38 / 40, abs=0.1)


def test_an_empty_funnel_is_a_picture_too() -> None:
    steps = [replace(step, count=0) for step in report().funnel["all", ""]]
    root = ElementTree.fromstring(svg.funnel(steps, "nothing"))
    assert {a.findall("rect")[2].get("width") for a in root.findall("a")} == {"0.0"}


def test_every_picture_of_the_file_is_well_formed() -> None:
    assert len(pictures(as_html(report()))) >= 3


def test_the_largest_loss_is_the_answer_to_the_first_question() -> None:
    found = headline(report())[0]
    assert found.question == "Where do we lose people?"
    assert found.answer == "Between delivered and replied: 21 of 28 leads go no further"
    assert found.detail.startswith("25.00 % go on (12.68 to 43.36 %, n 28).")


@pytest.mark.parametrize(
    ("counts", "expected"),
    [
        pytest.param((100, 90, 20, 19), ("b", "c"), id="the share counts, not the last step"),
        pytest.param((9, 1), None, id="too few to say"),
        pytest.param((20, 20, 20), None, id="nobody is lost"),
        pytest.param((20, 5, 15), ("a", "b"), id="more than before is no loss"),
        pytest.param((), None, id="no steps"),
    ],
)
def test_largest_loss(counts: tuple[int, ...], expected: tuple[str, str] | None) -> None:
    steps = [Step(name, "leads", n) for name, n in zip("abcd", counts, strict=False)]
    found = largest_loss(steps)
    assert (found and (found[0].name, found[1].name)) == expected


SHOWN = [pytest.param(as_table, id="terminal"), pytest.param(as_html, id="file"),
         pytest.param(body, id="page")]  # fmt: skip


@pytest.mark.parametrize("show", SHOWN)
@pytest.mark.parametrize(
    ("unattributed", "said"),
    [
        pytest.param(7_777, "7,777 of it unattributed", id="a part"),
        pytest.param(50_000, "all of it unattributed", id="all"),
    ],
)
def test_a_sum_of_credit_says_what_no_touch_has_earned(  # type: ignore[no-untyped-def]
    show, unattributed: int, said: str
) -> None:
    share = rate("unattributed_revenue_share", "attribution", unattributed, 50_000, currency="EUR")
    text = show(report(money("revenue_credit_linear", 50_000), share))
    assert said in " ".join(text.split())
    none = rate("unattributed_revenue_share", "attribution", 0, 50_000, currency="EUR")
    assert "of it unattributed" not in show(report(money("revenue_credit_linear", 50_000), none))


@pytest.mark.parametrize("show", [as_html, body])
def test_a_definition_is_its_description_and_its_mart(show) -> None:  # type: ignore[no-untyped-def]
    text = show(report())
    assert "<dd>What win_rate means.</dd>" in text
    assert "hits" not in text.split('id="definitions"')[1]


@pytest.mark.parametrize("show", SHOWN)
def test_a_dash_stands_with_its_reason(show) -> None:  # type: ignore[no-untyped-def]
    text = show(report())
    assert "no provider here reports complaints" in text
    assert DASH in text


@pytest.mark.parametrize("show", SHOWN)
def test_a_reply_rate_stands_beside_sourced_pipeline(show) -> None:  # type: ignore[no-untyped-def]
    assert "sourced pipeline 90,000 EUR" in show(report())


@pytest.mark.parametrize("show", SHOWN)
def test_what_stands_still_is_said(show) -> None:  # type: ignore[no-untyped-def]
    assert "message_delivery stopped at domains" in show(report())


@pytest.mark.parametrize("cut", ["all", "rep", "icp_quartile", "week"])
def test_text_from_outside_is_never_markup(cut: str) -> None:
    for page in (as_html(report()), body(report(), cut)):
        assert "<script" not in page
        assert "&lt;script&gt;" in page


def test_a_week_that_can_still_change_is_marked() -> None:
    page = body(report(), "week")
    assert re.search(r'class="young">\s*<th scope="row">2026-02-23 <span[^>]*>not mature yet', page)


def test_a_group_narrows_the_figures() -> None:
    page = body(report(), "icp_quartile", "1")
    assert "ICP quartile Q1" in page
    assert "50.00 %" in page
    assert "sourced pipeline 60,000 EUR" in page
    assert "23.33 %" not in page


def test_two_currencies_are_never_added() -> None:
    text = as_table(report(money("revenue", 70_000, "USD")))
    assert "50,000 EUR" in text
    assert "70,000 USD" in text
    assert "120,000" not in text


def test_the_file_needs_nothing_from_elsewhere() -> None:
    page = as_html(report())
    assert not re.findall(r'(?:src|href)="(?!#)[^"]*"', page)
    assert "@import" not in page
    assert "url(" not in page


def test_the_page_has_no_inline_style_that_its_policy_would_refuse() -> None:
    assert 'style="' not in body(report())
    assert "<style" not in body(report())


def test_every_number_leads_to_its_definition() -> None:
    page = as_html(report())
    for metric in re.findall(r'href="#def-(\w+)"', page):
        assert f'id="def-{metric}"' in page
    for stage in re.findall(r'href="#stage-(\w+)"', page):
        assert stage not in {
            s for s in ("delivery", "attribution") if f'id="stage-{s}"' not in page
        }


def test_an_empty_report_says_so() -> None:
    empty: Report = replace(report(), figures=(), funnel={}, alarms=(), definitions={})
    assert "No lead is in the motion yet" in as_table(empty)
    assert "No win rate yet" in as_html(empty)


@pytest.mark.parametrize(
    ("value", "said"),
    [("10005534", "10,005,534"), ("2.346", "2.35"), ("0.01234", "0.0123"), ("1234.5", "1,234"),
     ("123.46", "123.5"), ("0", "0")],
)  # fmt: skip
def test_numbers_have_the_digits_that_help(value: str, said: str) -> None:
    assert number(Decimal(value)) == said


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        pytest.param("0.0020", "hours", "7.2 s", id="7 seconds"),
        pytest.param("0", "hours", "0 s", id="at once"),
        pytest.param("0.00001", "hours", "0.04 s", id="a blink"),
        pytest.param("0.5", "hours", "30 min", id="half an hour"),
        pytest.param("2.4", "hours", "2.4 h", id="hours"),
        pytest.param("100", "hours", "4.2 days", id="days"),
        pytest.param("20.5", "seconds", "20.5 s", id="seconds stay seconds"),
        pytest.param("4320", "minutes", "3 days", id="minutes"),
        pytest.param("0.5", "days", "12 h", id="half a day"),
        pytest.param("1234.5", "days", "1,234 days", id="years"),
    ],
)
def test_a_time_is_said_in_the_unit_that_fits(value: str, unit: str, said: str) -> None:
    assert amount(Decimal(value), unit) == said


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        pytest.param("0.001", "0.005", "3.6 to 18 s", id="one unit"),
        pytest.param("0.001", "5", "3.6 s to 5 h", id="two units"),
        pytest.param("0.5", "Infinity", "30 min to open", id="open"),
    ],
)
@pytest.mark.parametrize("show", SHOWN)
def test_bounds_of_a_time_carry_their_unit(show, low: str, high: str, said: str) -> None:  # type: ignore[no-untyped-def]
    figure = Figure(
        "signal_freshness_p50", "signals", "hours", value=Decimal("0.002"), low=Decimal(low),
        high=Decimal(high), n=9,
    )  # fmt: skip
    text = show(report(figure))
    assert said in text
    assert "7.2 s" in text


def test_the_data_keep_one_unit_and_name_it() -> None:
    record = next(
        r for r in json.loads(as_json(report()))["metrics"] if r["metric"] == "speed_to_lead_p90"
    )
    assert (record["value"], record["unit"]) == (2, "hours")


@pytest.mark.parametrize("show", [as_table, as_html], ids=["terminal", "file"])
def test_a_cut_that_the_data_do_not_know_is_a_sentence(show) -> None:  # type: ignore[no-untyped-def]
    text = " ".join(show(report(
        Figure("opportunity_count", "attribution", "count", "manager", "unknown", value=Decimal(4)),
        Figure("opportunity_count", "attribution", "count", "region", "unknown", value=Decimal(1)),
        Figure("opportunity_count", "attribution", "count", "region", "West", value=Decimal(3)),
    )).split())  # fmt: skip
    assert "by manager: not shown, because the data name no manager." in text
    assert "no region" not in text


def credit(cut: str, value: str, amount: int) -> Figure:
    return money("revenue_credit_linear", amount, cut=cut, cut_value=value)


@pytest.mark.parametrize("show", [as_table, as_html], ids=["terminal", "file"])
def test_credit_says_what_its_rows_contain(show) -> None:  # type: ignore[no-untyped-def]
    figures = (credit("icp_quartile", "1", 30_000), credit("icp_quartile", "unattributed", 20_000))
    text = " ".join(show(report(*figures)).split())
    assert "Each credit column adds up to the won revenue" in text
    assert "Qunattributed" not in text
    alone = " ".join(show(report(credit("sequence", "unattributed", 50_000))).split())
    assert "by sequence: all of it is unattributed, because nothing that was won" in alone
    of_nobody = (credit("rep", "nobody", 30_000), credit("rep", "unattributed", 20_000))
    unnamed = " ".join(show(report(*of_nobody)).split())
    assert "by rep: not shown, because the data name no rep." in unnamed


@pytest.mark.parametrize("columns", [80, 100, 120, 200])
def test_no_line_of_the_terminal_is_wider_than_the_terminal(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    long = "a very long reason that nobody wants to see cut off in the middle of what it says " * 2
    text = as_table(report(
        Figure("a_metric_with_a_name_that_is_longer_than_usual", "signals", "share", dash=long),
        rate("win_rate", "attribution", 1_234_567, 8_234_567, cut="region", cut_value="Rheinland"),
        money("revenue", 123_456_789, cut="region", cut_value="Rheinland"),
        alarms=(Alarm("gate", long, (long,), None),),
    ))  # fmt: skip
    assert max(len(line) for line in text.splitlines()) <= min(columns, 120)
    assert " ".join(text.split()).count(" ".join(long.split())) == 3
    assert "1,234,567 / 8,234,567" in text
    assert "123,456,789 EUR" in text


GROUPS = ("Gladys Colclough", "telecommunications and employment", "no quartile", "Gladys")


@pytest.mark.parametrize("columns", [80, 100, 120])
def test_a_group_s_name_is_never_broken_within_a_word(
    columns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    figures = [
        figure
        for name in GROUPS
        for figure in (
            rate("win_rate", "attribution", 1_234, 8_234, cut="agent", cut_value=name),
            money("revenue", 10_005_534, cut="agent", cut_value=name),
            money("revenue", 3_268, "USD", cut="agent", cut_value=name),
            Figure("opportunity_count", "attribution", "count", "agent", name, value=Decimal(8800)),
        )
    ]
    text = as_table(report(*figures))
    table = text[text.index("Opportunities by Agent") :]
    words = set(table.split())
    assert {word for name in GROUPS for word in name.split()} <= words
    assert {"10,005,534", "3,268", "1,234", "8,234", "14.99"} <= words
    assert ("Too narrow for 95 % intervals" in table) == (columns == 80)
    assert ("10.00 to 90.00 %" in table) == (columns > 80)
    assert max(len(line) for line in text.splitlines()) <= columns


def test_a_funnel_of_zeros_is_a_sentence() -> None:
    zeros = tuple(replace(step, count=0) for step in report().funnel["all", ""])
    text = as_table(report(funnel={("all", ""): zeros}))
    assert "No account and no lead is in the motion yet" in text
    assert not re.search(r"^ +watchlist", text, re.MULTILINE)


def test_a_stage_of_dashes_is_a_line_with_its_reason() -> None:
    why = "no draft was written yet"
    dashes = [
        Figure(metric, "drafting", "share", dash=dash)
        for metric, dash in (("a", why), ("b", "no draft makes a claim yet"), ("c", why))
    ]
    lines = as_table(report(*dashes)).splitlines()
    assert f"Drafting  {DASH} {why}; no draft makes a claim yet" in lines
    assert "Drafting" not in lines
    counted = Figure("d", "drafting", "count", value=Decimal(1))
    lines = as_table(report(*dashes, counted)).splitlines()
    assert "Drafting" in lines, "one figure makes the block a table again"


def test_the_terminal_says_where_definitions_are() -> None:
    assert "docs/metrics.md" in as_table(report())


@pytest.mark.parametrize("show", [as_html, body], ids=["file", "page"])
def test_a_row_of_a_stage_fills_its_columns(show) -> None:  # type: ignore[no-untyped-def]
    page = show(report())
    tables = re.findall(r'<table class="figures stage">.*?</table>', page, re.DOTALL)
    for row in (row for table in tables for row in re.findall(r"<tr.*?</tr>", table, re.DOTALL)):
        spans = [int(span or 1) for span in re.findall(r'<t[hd](?:[^>]*?colspan="(\d+)")?', row)]
        assert sum(spans) == 6, row


def test_groups_have_the_names_that_people_use() -> None:
    assert group_of("icp_quartile", "1") == "Q1"
    assert group_of("icp_quartile", "none") == "no quartile"
    assert group_of("has_complete_brief", "false") == "without"


def test_young_and_old_weeks_stay_apart_in_the_figures() -> None:
    shown = report(rate("win_rate", "attribution", 1, 1, cut="week", cut_value="2026-01-05"))
    marks = {f.cut_value: f.mature for f in shown.of("win_rate", "week")}
    assert marks == {"2026-02-23": False, "2026-01-05": True}


def test_what_a_group_cannot_answer_is_left_out() -> None:
    assert [a.question for a in headline(report(), ("sequence", "first"))] == [
        "Where do we lose people?"
    ]


def test_a_rep_is_the_agent_of_an_opportunity() -> None:
    one = report(
        Figure("opportunity_count", "attribution", "count", "agent", "Ann", value=Decimal(4)),
        rate("win_rate", "attribution", 1, 4, cut="agent", cut_value="Ann"),
    )
    answers = headline(one, ("rep", "Ann"))
    assert answers[2].answer == "Win rate 25.00 % (1 of 4 closed)"
