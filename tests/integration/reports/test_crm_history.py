"""A funnel that was brought along: import, attribution, report, as a new user would."""

import os
from collections.abc import Callable
from datetime import UTC
from decimal import Decimal
from pathlib import Path

import pytest

from baton.core import clock
from baton.core.settings import PROJECT, Settings
from baton.reports import render
from baton.signals.funnel import import_folder
from baton.warehouse.connect import connect
from tests.integration.reports.conftest import Published, attribute, make_settings

SHARED = Path(os.environ.get("BATON_SHARED", PROJECT.parent / "shared"))
EXPORT = SHARED / "data" / "crm_sales_opportunities"
MAPPING = PROJECT / "include" / "playbook" / "mappings" / "crm_sales_opportunities.yml"

SMALL = """
source: shop
description: a small funnel
currency: EUR
dates: "%Y-%m-%d"
account:
  file: accounts.csv
  key: id
  columns: {name: name, industry: sector}
  values: {industry: {technolgy: technology}}
owner:
  file: owners.csv
  key: name
  columns: {name: name, manager: manager, region: region}
product:
  file: products.csv
  key: name
  columns: {name: name}
opportunity:
  file: deals.csv
  key: id
  columns: {account_key: account, owner_key: owner, product_key: product, stage: stage,
            outcome: stage, opened_at: opened, closed_at: closed, amount: value}
  values: {product_key: {GTXPro: GTX Pro}, outcome: {Won: won, Lost: lost, Open: open}}
"""
FILES = {
    "mapping.yml": SMALL,
    "accounts.csv": "id,name,sector\nA1,Acme,technolgy\nA2,Bolt,technology\nA3,Core,retail\n",
    "owners.csv": "name,manager,region\nAnn,Max,West\nBob,Max,East\n",
    "products.csv": "name\nGTX Pro\nMG\n",
    "deals.csv": (
        "id,account,owner,product,stage,opened,closed,value\n"
        "D1,A1,Ann,GTX Pro,Won,2026-01-05,2026-02-01,100\n"
        "D2,A2,Ann,GTXPro,Won,2026-01-06,2026-02-01,200.50\n"
        "D3,A3,Bob,MG,Lost,2026-01-07,2026-02-01,0\n"
        "D4,,Bob,MG,Won,2026-01-08,2026-02-01,50\n"
        "D5,,Bob,MG,Open,2026-01-09,,\n"
    ),
}


def reported(settings: Settings, folder: Path, mapping: Path) -> Published:
    import_folder(settings, folder, mapping)
    with connect(settings.database_url) as conn:
        now = clock.now(conn).astimezone(UTC)
    return Published(settings, attribute(settings, now), now)


def parts(published: Published, metric: str, cut: str) -> dict[str, tuple[int, int]]:
    """Numerator and denominator of each group that has both."""
    return {
        row["cut_value"]: (int(row["numerator"]), int(row["denominator"]))
        for row in published.rows(
            "select * from ops.report_metric where metric = %s and cut = %s and value is not null",
            metric, cut,
        )
    }  # fmt: skip


@pytest.fixture(scope="module")
def small(new_database: Callable[[], str], tmp_path_factory: pytest.TempPathFactory) -> Published:
    folder = tmp_path_factory.mktemp("export")
    for name, content in FILES.items():
        (folder / name).write_text(content)
    settings = make_settings(new_database(), tmp_path_factory.mktemp("home"))
    return reported(settings, folder, folder / "mapping.yml")


def test_a_small_funnel_is_reported_as_it_is(small: Published) -> None:
    values = {
        metric: small.figure(metric)["value"]
        for metric in ("opportunity_count", "won_count", "revenue", "without_account_count")
    }
    assert values == {
        "opportunity_count": 5,
        "won_count": 3,
        "revenue": Decimal("350.50"),
        "without_account_count": 2,
    }
    rate = small.figure("win_rate")
    assert (rate["numerator"], rate["denominator"], rate["n"]) == (3, 4, 4)
    assert rate["low"] < Decimal("0.75") < rate["high"]
    assert parts(small, "win_rate", "region") == {"West": (2, 2), "East": (1, 2)}


def test_what_was_won_is_of_the_week_of_the_close_and_a_rate_of_that_of_the_opening(
    small: Published,
) -> None:
    found = small.rows(
        "select metric, cut_value, value, n from ops.report_metric where cut = 'week' "
        "and metric in ('won_count', 'revenue', 'win_rate', 'opportunity_count') order by 1"
    )
    assert [(row["metric"], row["cut_value"], row["value"], row["n"]) for row in found] == [
        ("opportunity_count", "2026-01-05", 5, None),
        ("revenue", "2026-01-26", Decimal("350.50"), 3),
        ("win_rate", "2026-01-05", Decimal("0.75"), 4),
        ("won_count", "2026-01-26", 3, None),
    ]


def test_two_spellings_are_one_product_and_a_misspelled_sector_is_mended(small: Published) -> None:
    assert parts(small, "win_rate", "product") == {"GTX Pro": (2, 2), "MG": (1, 2)}
    assert parts(small, "win_rate", "sector") == {
        "technology": (2, 2),
        "retail": (0, 1),
        "unknown": (1, 1),
    }


def test_revenue_without_touches_is_unattributed_and_credit_sums_to_revenue(
    small: Published,
) -> None:
    free = small.figure("unattributed_revenue_share")
    assert (free["value"], free["numerator"]) == (1, Decimal("350.50"))
    for model in ("first_touch", "last_touch", "linear"):
        found = small.figure(f"revenue_credit_{model}", "sequence", "unattributed")
        assert found["value"] == Decimal("350.50")
    text = render(small.settings, "table")
    assert "unattributed" in text
    assert "75.00 %" in text
    assert "3 / 4" in text


def test_each_currency_counts_its_own_opportunities(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    settings = make_settings(new_database(), tmp_path / "home")
    for currency, source in (("EUR", "shop"), ("USD", "second")):
        folder = tmp_path / source
        folder.mkdir()
        for name, content in FILES.items():
            (folder / name).write_text(content)
        mapping = SMALL.replace("source: shop", f"source: {source}").replace("EUR", currency)
        (folder / "mapping.yml").write_text(mapping)
        if currency == "USD":  # one of its three won deals is missing
            lines = FILES["deals.csv"].splitlines(keepends=True)
            (folder / "deals.csv").write_text("".join(lines[:1] + lines[2:]))
        found = reported(settings, folder, folder / "mapping.yml")

    def counts(metric: str, cut: str = "all", value: str = "") -> dict[str, tuple[int, Decimal]]:
        return {
            row["currency"]: (row["n"], row["value"])
            for row in found.rows(
                "select * from ops.report_metric m where report_id = (select id from ops.report "
                "order by as_of desc, made_at desc limit 1) "
                "and metric = %s and cut = %s and cut_value = %s",
                metric, cut, value,
            )
        }  # fmt: skip

    assert counts("revenue") == {"EUR": (3, Decimal("350.50")), "USD": (2, Decimal("250.50"))}
    assert counts("revenue", "region", "West") == {
        "EUR": (2, Decimal("300.50")),
        "USD": (1, Decimal("200.50")),
    }
    assert {c: n for c, (n, _) in counts("unattributed_revenue_share").items()} == {
        "EUR": 3,
        "USD": 2,
    }
    assert counts("won_count") == {None: (None, 5)}


@pytest.mark.skipif(
    not EXPORT.is_dir(), reason=f"left out: the CRM export is not at {EXPORT} (BATON_SHARED)"
)
def test_the_real_export_is_reported_to_the_last_opportunity(
    new_database: Callable[[], str], tmp_path: Path
) -> None:
    crm = reported(make_settings(new_database(), tmp_path), EXPORT, MAPPING)
    values = {
        metric: crm.figure(metric)["value"]
        for metric in ("opportunity_count", "won_count", "revenue", "without_account_count")
    }
    assert values == {
        "opportunity_count": 8800,
        "won_count": 4238,
        "revenue": 10005534,
        "without_account_count": 1425,
    }
    assert parts(crm, "win_rate", "all") == {"": (4238, 6711)}
    assert parts(crm, "win_rate", "region") == {
        "Central": (1629, 2604),
        "East": (1171, 1858),
        "West": (1438, 2249),
    }
    for cut, groups in {"agent": 30, "manager": 6, "product": 7, "sector": 10}.items():
        found = parts(crm, "win_rate", cut)
        assert len(found) == groups, cut
        assert [sum(column) for column in zip(*found.values(), strict=True)] == [4238, 6711], cut
    assert "GTXPro" not in parts(crm, "win_rate", "product")
    assert "technolgy" not in parts(crm, "win_rate", "sector")
    assert set(parts(crm, "win_rate", "icp_quartile")) == {"1", "2", "3", "4"}
    assert crm.figure("opportunity_count", "icp_quartile", "none")["value"] == 1425
    credit = crm.figure("revenue_credit_linear", "sequence", "unattributed")
    assert (credit["value"], credit["currency"]) == (10005534, "USD")

    text = " ".join(render(crm.settings, "table").split())  # the terminal's width folds lines
    for said in (
        "Win rate 63.15 % (4,238 of 6,711 closed)",
        "95 % interval 61.99 to 64.30 %",
        "8,800 opportunities, won revenue 10,005,534 USD, 1,425 without an account",
        "1,629 / 2,604",
        "1,171 / 1,858",
        "1,438 / 2,249",
        "unattributed",
    ):
        assert said in text
