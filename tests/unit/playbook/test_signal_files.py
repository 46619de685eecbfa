"""A mistake in a source or in the watchlist names file, line and remedy."""

import shutil
from pathlib import Path

import pytest

from baton.core.errors import PlaybookError
from baton.playbook import signals, watchlist

SANDBOX = {"BATON_SIGNALS_URL": "http://127.0.0.1:1"}
PLAYBOOK = Path(__file__).resolve().parents[3] / "include" / "playbook"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(PLAYBOOK / "signals", tmp_path / "signals")
    shutil.copy(PLAYBOOK / "watchlist.csv", tmp_path)
    return tmp_path


def test_the_shipped_files_are_right() -> None:
    known = signals.load(PLAYBOOK)
    assert known.webhooks == {"site", "product"}
    assert {source.name for source in known.polled(SANDBOX)} == {
        "jobs", "news_atom", "news_rss", "product", "site",
    }  # fmt: skip
    assert known.crm is not None
    assert len(watchlist.load(PLAYBOOK)) == 60


def test_a_source_that_is_switched_off_is_not_read(folder: Path) -> None:
    path = folder / "signals" / "jobs.yml"
    path.write_text(path.read_text().replace("enabled: sandbox", "enabled: false"))
    assert "jobs" not in {source.name for source in signals.load(folder).polled(SANDBOX)}


def test_the_examples_rest_in_real_use() -> None:
    assert {source.name for source in signals.load(PLAYBOOK).polled({})} == {"product", "site"}


def test_a_source_of_ones_own_is_on_unless_it_says_otherwise(folder: Path) -> None:
    text = (folder / "signals" / "jobs.yml").read_text().replace("name: jobs", "name: own")
    (folder / "signals" / "own.yml").write_text(text.replace("enabled: sandbox\n", ""))
    assert "own" in {source.name for source in signals.load(folder).polled({})}


@pytest.mark.parametrize(
    ("file", "before", "after", "words"),
    [
        pytest.param("jobs.yml", "trusted:", "trusetd:", "line 7: 'trusetd' is not known here; did "
                     "you mean 'trusted'", id="a misspelled key"),
        pytest.param("jobs.yml", "jobs_board", "job_board", "line 2: .*did you mean 'jobs_board'",
                     id="a misspelled kind"),
        pytest.param("jobs.yml", "hiring", "hirring", "line 8: 'hirring' is no signal type; did you "
                     "mean 'hiring'", id="a misspelled signal type"),
        pytest.param("jobs.yml", "name: jobs", "name: careers", "line 1: the source is called",
                     id="another name than the file"),
        pytest.param("jobs.yml", "https://jobs", "ftp://jobs", "not an http or https address",
                     id="an address that is none"),
        pytest.param("jobs.yml", "enabled: sandbox", "enabled: sandpit", "line 5: ",
                     id="enabled is neither true, false nor sandbox"),
        pytest.param("signal_types.yml", "weight: 25", "weight: 2500", "line 6: ",
                     id="a weight over 100"),
        pytest.param("signal_types.yml", "half_life_days: 30", "half_life_days: 0", "greater than 0",
                     id="a half-life of nothing"),
    ],
)  # fmt: skip
def test_mistakes_in_a_source(folder: Path, file: str, before: str, after: str, words: str) -> None:
    path = folder / "signals" / file
    path.write_text(path.read_text().replace(before, after, 1))
    with pytest.raises(PlaybookError, match=words) as caught:
        signals.load(folder)
    assert file in str(caught.value)


def test_there_is_one_crm(folder: Path) -> None:
    text = (folder / "signals" / "hubspot.yml").read_text()
    (folder / "signals" / "other.yml").write_text(text.replace("name: hubspot", "name: other"))
    with pytest.raises(PlaybookError, match="CRM source already"):
        signals.load(folder)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        pytest.param("https://a.example,A,,,,,,,", "column domain: 'https://a.example' is no domain",
                     id="an address for a domain"),
        pytest.param("a.example,,,,,,,,", "column name: a.example needs a name", id="no name"),
        pytest.param("a.example,A,,many,,,,,", "column employees: 'many'", id="words for a number"),
        pytest.param("a.example,A,,-5,,,,,", "column employees: '-5'", id="a negative number"),
        pytest.param("a.example,A,,,,,Europe/Berln,,", "did you mean 'Europe/Berlin'",
                     id="a misspelled time zone"),
        pytest.param("a.example,A,,,,,,Clara,", "column owner: 'Clara'", id="a name for an address"),
        pytest.param("a.example,A,", "expected 9 cells", id="too few cells"),
        pytest.param("a.example,A\0B,,,,,,,", "NUL|line 2", id="a NUL"),
    ],
)  # fmt: skip
def test_mistakes_in_the_watchlist(folder: Path, line: str, words: str) -> None:
    (folder / "watchlist.csv").write_text(",".join(watchlist.COLUMNS) + f"\n{line}\n")
    with pytest.raises(PlaybookError, match=words) as caught:
        watchlist.load(folder)
    assert "watchlist.csv, line 2" in str(caught.value)


def test_a_domain_that_stands_there_twice(folder: Path) -> None:
    rows = "a.example,A,,,,,,,\nA.example,A again,,,,,,,\n"
    (folder / "watchlist.csv").write_text(",".join(watchlist.COLUMNS) + f"\n{rows}")
    with pytest.raises(PlaybookError, match=r"line 3: a\.example stands in line 2 already"):
        watchlist.load(folder)
