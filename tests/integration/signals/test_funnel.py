"""Every row of an import is accepted, a duplicate, or quarantined with a reason."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from baton.core.errors import InputError, PlaybookError
from baton.core.settings import Settings
from baton.signals.funnel import Summary, import_folder, reasons
from baton.warehouse.connect import connect

MAPPING = """
source: shop
description: a small funnel
currency: EUR
dates: "%d/%m/%Y"
timezone: Europe/Berlin
account:
  file: accounts.csv
  key: id
  columns: {name: name, domain: site, employees: staff}
opportunity:
  file: deals.csv
  key: id
  columns: {account_key: account, stage: stage, outcome: stage, amount: value, currency: money,
            opened_at: opened, closed_at: closed}
  values: {outcome: {Won: won, Lost: lost, Open: open}}
  known_before_outcome: [size]
  known_after_outcome: [lost_reason]
"""
ACCOUNTS = "id,name,site,staff\nA1,Acme,https://www.Acme.example/about,12\n"
DEALS = "id,account,stage,value,money,opened,closed,size,lost_reason\n"
GOOD = 'D1,A1,Won,"1,200.50",eur,31/01/2026,28/02/2026,big,\n'


@pytest.fixture
def importing(
    new_database: Callable[[], str], settings: Settings, tmp_path: Path
) -> Callable[..., tuple[Summary, Settings]]:
    own = replace(settings, database_url=new_database())

    def run(deals: str | bytes = DEALS + GOOD, mapping: str = MAPPING) -> tuple[Summary, Settings]:
        content = deals.encode() if isinstance(deals, str) else deals
        (tmp_path / "accounts.csv").write_text(ACCOUNTS)
        (tmp_path / "deals.csv").write_bytes(content)
        (tmp_path / "mapping.yml").write_text(mapping)
        return import_folder(own, tmp_path, tmp_path / "mapping.yml"), own

    return run


Importing = Callable[..., tuple[Summary, Settings]]


def query(settings: Settings, text: Any) -> list[Any]:
    with connect(settings.database_url) as conn:
        return conn.execute(text).fetchall()


def test_a_row_is_read_as_the_mapping_says(importing: Importing) -> None:
    summary, settings = importing()
    deals = summary.entities[1]
    assert (deals.received, deals.accepted, deals.duplicates, deals.quarantined) == (1, 1, 0, 0)
    assert query(settings, "select domain, employees from landing.account") == [
        ("acme.example", 12)
    ]
    row = query(
        settings,
        "select natural_key, outcome, amount::text, currency, opened_at::text, attributes, "
        "outcome_attributes from landing.opportunity",
    )[0]
    assert row == ("D1", "won", "1200.50", "EUR", "2026-01-31 00:00:00+00", {"size": "big"}, {})


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        pytest.param(",A1,Won,1,,01/01/2026,,,", "id", "the key is empty", id="no key"),
        pytest.param("D2,A1,,1,,01/01/2026,,,", "stage", "stage is empty", id="no stage"),
        pytest.param(
            "D2,A1,Wun,1,,01/01/2026,,,", "stage", "'Wun' has no meaning", id="unknown stage"
        ),
        pytest.param("D2,A1,Won,-5,,01/01/2026,,,", "value", "negative money", id="negative money"),
        pytest.param("D2,A1,Won,NaN,,01/01/2026,,,", "value", "not a number", id="NaN"),
        pytest.param("D2,A1,Won,1e9,,01/01/2026,,,", "value", "not a number", id="exponent"),
        pytest.param(
            "D2,A1,Won,5,USD,01/01/2026,,,", "money", "two currencies", id="two currencies"
        ),
        pytest.param("D2,A1,Won,5,,00/00/0000,,,", "opened", "no date", id="date of zeros"),
        pytest.param("D2,A1,Won,5,,31/02/2026,,,", "opened", "no date", id="31 February"),
        pytest.param("D2,A1,Won,5,,2026-01-01,,,", "opened", "no date", id="another date format"),
        pytest.param("D2,A1,Won,5,,now,,,", "opened", "no date", id="a word that Postgres takes"),
        pytest.param(
            "D2,A1,Won,5,,02/01/2026,01/01/2026,,",
            "closed",
            "lies before",
            id="closed before opened",
        ),
        pytest.param(
            "D2,A1,Won,5,,01/01/0001,,,", "opened", "outside 1900 to 2199", id="a null date"
        ),
        pytest.param("D2,=1+1,Won,5,,01/01/2026,,,", "account", "formula", id="formula"),
        pytest.param("D2,A1,Won,5,,01/01/2026,,", None, "8 cells", id="short row"),
    ],
)
def test_a_bad_row_is_quarantined_with_line_column_and_reason(
    importing: Importing, row: str, column: str | None, reason: str
) -> None:
    summary, settings = importing(DEALS + GOOD + row + "\n")
    deals = summary.entities[1]
    assert (deals.received, deals.accepted, deals.quarantined) == (2, 1, 1)
    found = query(settings, "select file, line, column_name, reason from landing.quarantine")
    assert [(file, line, name) for file, line, name, _ in found] == [("deals.csv", 3, column)]
    assert reason in found[0][3]


@pytest.mark.parametrize(
    ("value", "mark", "amount"),
    [
        ("1,200.50", ".", "1200.50"),
        ("12.500", ".", "12.500"),
        ("1.200,50", ",", "1200.50"),
        ("12.500", ",", "12500"),
        ("12,5", ",", "12.5"),
        ("1.234.567", ",", "1234567"),
    ],
)
def test_a_number_is_read_with_the_decimal_mark_of_the_mapping(
    importing: Importing, value: str, mark: str, amount: str
) -> None:
    mapping = MAPPING.replace("account:\n", f'decimal_mark: "{mark}"\naccount:\n', 1)
    summary, settings = importing(DEALS + GOOD.replace("1,200.50", value), mapping)
    assert summary.entities[1].accepted == 1
    assert query(settings, "select amount::text from landing.opportunity") == [(amount,)]


def test_a_number_with_the_other_decimal_mark_is_quarantined_with_the_remedy(
    importing: Importing,
) -> None:
    _, settings = importing(DEALS + GOOD.replace("1,200.50", "1.200,50"))
    [(reason,)] = query(settings, "select reason from landing.quarantine")
    assert reason == (
        "'1.200,50' is not a number; if this column has a decimal comma, write decimal_mark: ',' in the "
        "mapping"
    )


def test_a_decimal_point_under_a_decimal_comma_is_no_reason_to_change_the_mapping(
    importing: Importing,
) -> None:
    mapping = MAPPING.replace("account:\n", 'decimal_mark: ","\naccount:\n', 1)
    _, settings = importing(DEALS + GOOD.replace("1,200.50", "1200.50"), mapping)
    [(reason,)] = query(settings, "select reason from landing.quarantine")
    assert reason == (
        "'1200.50' is not a number with a decimal comma, which the mapping's decimal_mark asks for"
    )


def test_an_unknown_mark_is_told_the_known_ones(importing: Importing) -> None:
    mapping = MAPPING.replace("account:\n", 'decimal_mark: ";"\naccount:\n', 1)
    with pytest.raises(PlaybookError, match=r"';' is not known here; known are ',', '\.'\."):
        importing(mapping=mapping)


def test_another_delimiter_is_named(importing: Importing) -> None:
    with pytest.raises(InputError, match=r"set apart by ';'; write `delimiter: \";\"` in mapping"):
        importing(DEALS.replace(",", ";") + "D1;A1;Won;1;EUR;01/01/2026;;;\n")


def test_a_repeated_key_is_a_duplicate_or_a_conflict(importing: Importing) -> None:
    other = GOOD.replace("1,200.50", "7")
    summary, settings = importing(DEALS + GOOD + GOOD + other)
    deals = summary.entities[1]
    assert (deals.received, deals.accepted, deals.duplicates, deals.quarantined) == (3, 1, 1, 1)
    assert query(settings, "select line, reason from landing.quarantine") == [
        (4, "the key 'D1' stands on line 2 with other content")
    ]


def test_importing_twice_changes_nothing(importing: Importing) -> None:
    tables = ("landing.opportunity", "landing.quarantine", "landing.intake", "landing.account")
    bad = DEALS + GOOD + "D2,A1,Wun,1,,01/01/2026,,,\n"
    state = []
    for _ in range(2):
        summary, settings = importing(bad)
        state.append([query(settings, f"select * from {t} order by 1, 2") for t in tables])
    assert state[0] == state[1]
    deals = summary.entities[1]
    assert (deals.received, deals.accepted, deals.duplicates, deals.quarantined) == (2, 0, 1, 1)


def test_what_is_accepted_but_odd_is_told_each_time(importing: Importing) -> None:
    odd = (
        "D2,A9,Won,5,EUR,31/01/2026,,small,\nD3,,Lost,5,EUR,31/01/2026,01/02/2199,small,\n"
        "D4,A8,Open,4.514,EUR,31/01/2026,,small,\nD5,A1,Won,,EUR,31/01/2026,28/02/2026,small,\n"
    )
    thousands = "whose amount has three decimals, as thousands have under a wrong decimal_mark"
    for _ in range(2):
        summary, _settings = importing(DEALS + GOOD + odd)
        assert summary.oddities == (
            "deals.csv: 2 whose account_key no accepted account has, such as 'A8'",
            "deals.csv: 1 closed without a close date, which puts it in no week, such as 'D2'",
            "deals.csv: 1 closed on a day that has not come, such as 'D3'",
            "deals.csv: 1 won without an amount, which adds no revenue, such as 'D5'",
            f"deals.csv: 1 {thousands}, such as 'D4'",
        )
    # WHEN a newer export mends one and says the others once more
    mended = "2026,01/02/2026,small,\nD3"
    summary, _settings = importing(DEALS + GOOD + odd.replace("2026,,small,\nD3", mended))
    assert (summary.entities[1].accepted, len(summary.oddities)) == (1, 4)
    assert not any("without a close date" in said for said in summary.oddities)


def test_records_that_a_newer_export_lacks_are_counted(importing: Importing) -> None:
    importing(DEALS + GOOD + GOOD.replace("D1", "D2"))
    summary, settings = importing(DEALS + GOOD)
    assert summary.entities[1].note == "1 from before not in it, kept as last said"
    assert query(settings, "select count(*) from landing.opportunity") == [(2,)]
    assert importing(DEALS + GOOD)[0].entities[1].note.startswith("imported before")


def test_an_account_may_name_its_owner_by_address(importing: Importing, tmp_path: Path) -> None:
    mapping = MAPPING.replace("employees: staff}", "employees: staff, owner_key: site}") + (
        "owner:\n  file: reps.csv\n  key: id\n  columns: {name: id}\n"
    )
    (tmp_path / "reps.csv").write_text("id\nR1\n")
    summary, settings = importing(mapping=mapping)
    site = "https://www.Acme.example/about"
    assert summary.oddities == (
        f"accounts.csv: 1 whose owner_key no accepted owner has, such as '{site}'",
    )
    with connect(settings.database_url) as conn:
        conn.execute("insert into ops.rep (email, name) values (lower(%s), 'Ada')", (site,))
    assert importing(mapping=mapping)[0].oddities == ()


def test_keys_to_what_the_source_does_not_have_are_no_oddity(importing: Importing) -> None:
    alone = MAPPING[: MAPPING.index("account:")] + MAPPING[MAPPING.index("opportunity:") :]
    summary, _settings = importing(DEALS + GOOD, alone)
    assert [entity.entity for entity in summary.entities] == ["opportunity"]
    assert summary.oddities == ()


def test_a_later_export_adds_versions_and_a_return_to_the_first_is_seen(
    importing: Importing,
) -> None:
    latest = (
        "select distinct on (natural_key) natural_key, amount::text from landing.opportunity "
        "order by natural_key, received_at desc"
    )
    second = "D2,A1,Open,3,,01/01/2026,,,\n"
    importing()
    summary, settings = importing(DEALS + GOOD.replace("1,200.50", "7") + second)
    assert summary.entities[1].accepted == 2
    assert query(settings, latest) == [("D1", "7"), ("D2", "3")]
    summary, _ = importing(DEALS + GOOD + second)
    assert (summary.entities[1].accepted, summary.entities[1].duplicates) == (1, 1)
    assert query(settings, latest) == [("D1", "1200.50"), ("D2", "3")]


def test_the_first_quarantined_rows_are_told_with_line_and_column(importing: Importing) -> None:
    summary, settings = importing(DEALS + GOOD.replace("1,200.50", "-5") + "D2,A1\n")
    said = "deals.csv, line 2, value: '-5' is negative money"
    assert reasons(settings, summary, 5) == (
        [said, "deals.csv, line 3: 2 cells where the header has 9"], 2,
    )  # fmt: skip
    assert reasons(settings, summary, 1) == ([said], 1)
    bad = "".join(GOOD.replace("1,200.50", "-5").replace("D1", f"D{n}") for n in range(9))
    summary, settings = importing(DEALS + bad)
    assert reasons(settings, summary, 1) == ([f"{said} (and 8 more such rows)"], 9)


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        pytest.param("account_key:", "acount_key:", "did you mean 'account_key'?", id="field"),
        pytest.param("  columns: {acc", "  colums: {acc", "did you mean 'columns'?", id="section"),
        pytest.param("currency: money", "currency: mony", "did you mean 'money'?", id="column"),
        pytest.param(
            "source: shop", "source: My Shop", "'My Shop' is not small letters", id="name"
        ),
        pytest.param("deals.csv", "deal.csv", "did you mean deals.csv?", id="file"),
        pytest.param("Won: won", "Won: one", "'one' is no outcome", id="word"),
        pytest.param("Europe/Berlin", "Europe/Berlni", "no time zone", id="time zone"),
        pytest.param("%d/%m/%Y", "%d/%q/%Y", "%q is not known", id="date format"),
    ],
)
def test_a_mistake_in_the_mapping_stops_before_the_first_row(
    importing: Importing, right: str, wrong: str, expected: str
) -> None:
    _, settings = importing()
    before = query(settings, "select count(*) from landing.intake")
    assert right in MAPPING
    with pytest.raises((PlaybookError, InputError)) as caught:
        importing(DEALS + GOOD.replace("D1", "D9"), MAPPING.replace(right, wrong))
    assert expected in str(caught.value)
    assert query(settings, "select count(*) from landing.intake") == before


def test_a_missing_file_is_an_error_unless_it_is_optional(
    importing: Importing, tmp_path: Path
) -> None:
    _, settings = importing()
    (tmp_path / "deals.csv").unlink()
    with pytest.raises(InputError, match=r"deals\.csv is missing"):
        import_folder(settings, tmp_path, tmp_path / "mapping.yml")
    optional = MAPPING.replace("  file: deals.csv", "  optional: true\n  file: deals.csv")
    (tmp_path / "mapping.yml").write_text(optional)
    summary = import_folder(settings, tmp_path, tmp_path / "mapping.yml")
    assert {entity.entity: entity.note for entity in summary.entities}["opportunity"] == "not there"


def test_rows_of_any_bytes_are_counted(importing: Importing) -> None:
    summary, settings = importing(
        DEALS.encode() + GOOD.encode() + b"D3,\xff,Won,1,,,,,\nD4,\0,W,1,,,,,\n"
    )
    deals = summary.entities[1]
    assert (deals.received, deals.accepted, deals.quarantined) == (3, 1, 2)
    counted = query(settings, "select count(*) from landing.quarantine where file = 'deals.csv'")
    assert counted == [(2,)]


@pytest.mark.parametrize("name", ["sub/deals.csv", "../deals.csv", "C:\\deals.csv", ".."])
def test_a_file_is_named_by_its_name_alone(importing: Importing, name: str) -> None:
    with pytest.raises(PlaybookError, match="no plain file name"):
        importing(mapping=MAPPING.replace("deals.csv", name))
