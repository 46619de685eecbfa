"""icp.yml, routing.yml, segments.yml, costs.yml and targets.csv: what is refused, and how it is said."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.core.errors import PlaybookError
from baton.core.settings import PROJECT
from baton.playbook import costs, icp, routing, segments, sequences, tables, targets
from baton.warehouse.playbook_sync import TABLES

SHIPPED = PROJECT / "include" / "playbook"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the shipped playbook that a test may spoil."""
    shutil.copytree(SHIPPED, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    ("file", "before", "after", "load", "sentence"),
    [
        pytest.param(
            "icp.yml", "  industry:\n    weight: 45", "  industry:\n    weight: 50", icp.load,
            "the weights of the account make 105, not 100", id="weights",
        ),
        pytest.param(
            "icp.yml", "minimum_fit", "minimun_fit", icp.load,
            "'minimun_fit' is not known here; did you mean 'minimum_fit'?", id="typo",
        ),
        pytest.param(
            "icp.yml", "{from: 0, points: 0.05}", "{from: 10, points: 0.05}", icp.load,
            "bands must start at 0 and rise", id="bands",
        ),
        pytest.param(
            "icp.yml", "[75, 60, 40]", "[40, 60, 75]", icp.load,
            "quartile 1 is the best", id="cuts the wrong way round",
        ),
        pytest.param(
            "icp.yml", "share: 0.1", "share: 1", icp.load, "share", id="nobody would be treated",
        ),
        pytest.param(
            "routing.yml", "to: account_owner", "to: acount_owner", routing.load,
            "did you mean 'account_owner'?", id="kind of rule",
        ),
        pytest.param(
            "routing.yml", "    reps_of: region  ", "    when: {}  ", routing.load,
            "either `reps` or `reps_of`", id="a pool that names nobody",
        ),
        pytest.param(
            "routing.yml", "4: 120", "5: 120", routing.load,
            "less than or equal to 4", id="hours of quartile 5",
        ),
        pytest.param(
            "routing.yml", "name: everyone", "name: region", routing.load,
            "two rules have the same name", id="two rules of one name",
        ),
        pytest.param(
            "segments.yml", "    employees_from: 2500", "    industries: []", segments.load,
            "a segment needs at least one condition", id="a segment that takes all",
        ),
        pytest.param(
            "costs.yml", "from: 2026-01,", "from: 2026-13,", costs.load, "costs.0.from", id="month 13",
        ),
        pytest.param(
            "targets.csv", "2026Q1,DACH", "2026-Q1,DACH", targets.load,
            "line 2: the quarter is '2026-Q1'; write it as 2026Q1", id="quarter",
        ),
        pytest.param(
            "targets.csv", "2026Q1,DACH,400000", "2026Q1,DACH,lots", targets.load,
            "line 2: the target is 'lots'", id="no amount",
        ),
        pytest.param(
            "targets.csv", "2026Q2,DACH", "2026Q1,DACH", targets.load,
            "2026Q1 DACH has a target already", id="two targets",
        ),
    ],
)  # fmt: skip
def test_mistakes(
    folder: Path, file: str, before: str, after: str, load: Callable[[Path], object], sentence: str
) -> None:
    path = folder / file
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))
    with pytest.raises(PlaybookError) as error:
        load(folder)
    assert sentence in str(error.value)
    assert f"{path}, line " in str(error.value)


def test_the_sequence_of_new_leads_exists() -> None:
    assert sequences.load(SHIPPED).get(icp.load(SHIPPED).leads.sequence)


def test_every_table_that_dbt_reads_is_filled() -> None:
    made = tables.load(SHIPPED)
    assert set(made.rows) == set(TABLES)
    assert all(made.rows.values())


def test_only_rules_of_accounts_decide_which_cut_points_hold(folder: Path) -> None:
    before = tables.load(folder)
    path = folder / "icp.yml"
    text = path.read_text()
    path.write_text(text.replace("minimum_fit: 40", "minimum_fit: 41"))
    other_threshold = tables.load(folder)
    path.write_text(text.replace("Wholesale: 0.85", "Wholesale: 0.84"))
    other_points = tables.load(folder)
    assert other_threshold.icp_hash == before.icp_hash
    assert other_threshold.content_hash != before.content_hash
    assert other_points.icp_hash != before.icp_hash
