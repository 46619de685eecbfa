"""The pages to watch: conditional requests, time, and the defects a reader must survive."""

import feedparser
import pytest

from sandbox.vendors.feeds import JOBS_PER_PAGE
from tests.unit.sandbox.support import make_sandbox

FEEDS = ("/feeds/news.rss", "/feeds/news.atom")


@pytest.fixture
def sandbox():
    return make_sandbox()


def all_jobs(sandbox):
    page, rows = "/jobs/board.json", []
    while page:
        answer = sandbox.http.get(page).json()
        rows += answer["jobs"]
        page = answer["next"]
    assert len(rows) == answer["total"]
    return rows


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_is_well_formed_and_names_watched_companies(sandbox, path):
    parsed = feedparser.parse(sandbox.http.get(path).content)
    assert not parsed.bozo, parsed.get("bozo_exception")
    names = {a.name for a in sandbox.world.market.targets}
    known = [e for e in parsed.entries if any(n in e.get("title", "") for n in names)]
    assert len(known) >= 20
    assert len(known) < len(parsed.entries)


@pytest.mark.parametrize("path", FEEDS)
def test_a_feed_has_the_defects_that_feeds_have(sandbox, path):
    entries = feedparser.parse(sandbox.http.get(path).content).entries
    ids = [e.id for e in entries]
    assert len(set(ids)) < len(ids)
    assert any(not e.get("title") for e in entries)
    assert any(e.get("published") and not e.get("published_parsed") for e in entries)
    assert any("published" not in e for e in entries)
    assert any("Quarrymoor" in e.get("title", "") for e in entries)
    assert any("gnore your previous instructions" in e.summary for e in entries)
    assert any("utm_source" in e.link for e in entries)


@pytest.mark.parametrize("path", FEEDS)
@pytest.mark.parametrize(
    ("answered", "asked"),
    [
        pytest.param("ETag", "If-None-Match", id="by tag"),
        pytest.param("Last-Modified", "If-Modified-Since", id="by date"),
    ],
)
def test_an_unchanged_feed_is_304_and_a_changed_one_is_not(sandbox, path, answered, asked):
    first = sandbox.http.get(path)
    again = sandbox.http.get(path, headers={asked: first.headers[answered]})
    assert (again.status_code, again.content) == (304, b"")
    sandbox.control("advance", by_seconds=20 * 86_400)
    later = sandbox.http.get(path, headers={asked: first.headers[answered]})
    assert later.status_code == 200
    assert len(later.content) > len(first.content)


def test_a_tag_that_does_not_match_wins_over_a_date_that_would(sandbox):
    first = sandbox.http.get(FEEDS[0])
    headers = {"If-None-Match": '"other"', "If-Modified-Since": first.headers["Last-Modified"]}
    assert sandbox.http.get(FEEDS[0], headers=headers).status_code == 200


def test_nothing_is_published_before_its_time(sandbox):
    before = len(all_jobs(sandbox))
    sandbox.control("advance", by_seconds=10 * 86_400)
    assert len(all_jobs(sandbox)) > before


def test_the_jobs_board_has_pages_and_bad_rows(sandbox):
    rows = all_jobs(sandbox)
    assert len(rows) > 2 * JOBS_PER_PAGE
    assert any(isinstance(r, str) for r in rows)
    good = [r for r in rows if isinstance(r, dict)]
    assert any(r.get("company") is None for r in good)
    assert any(r.get("posted_at") is None for r in good)
    assert any("id" not in r for r in good)
    ids = [r["id"] for r in good if "id" in r]
    assert len(set(ids)) < len(ids)


@pytest.mark.parametrize("page", ["0", "x", "-1"])
def test_a_page_that_is_none_is_400(sandbox, page):
    assert sandbox.http.get("/jobs/board.json", params={"page": page}).status_code == 400
