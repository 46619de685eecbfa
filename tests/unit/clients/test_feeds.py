"""A feed is read or refused with a sentence, whatever its bytes are."""

import json
from datetime import UTC, datetime

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from baton.clients.feeds import at_path, fetch_feed, fetch_pages, parse_feed
from baton.clients.http import Http
from baton.core.errors import VendorError, VendorUnavailable

RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>News</title>
<item><title>Kiefern raises &lt;b&gt;money&lt;/b&gt;</title><link>https://n.example/1</link>
<guid>urn:1</guid><pubDate>Mon, 02 Mar 2026 08:00:00 GMT</pubDate><category>Funding</category>
<description>Words</description></item></channel></rss>"""
BOMB = """<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>
<rss version="2.0"><channel><title>&b;</title></channel></rss>"""
OUTSIDE = """<?xml version="1.0"?><!DOCTYPE rss [<!entity x SYSTEM "file:///etc/passwd">]>
<rss version="2.0"><channel><title>&x;</title></channel></rss>"""


def test_an_entry_is_read() -> None:
    (entry,) = parse_feed("news", RSS.encode()).entries
    assert (entry.id, entry.link, entry.categories) == (
        "urn:1",
        "https://n.example/1",
        ("Funding",),
    )
    assert entry.published == datetime(2026, 3, 2, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(BOMB.encode(), id="entity bomb"),
        pytest.param(BOMB.encode("utf-16"), id="entity bomb in UTF-16"),
        pytest.param(OUTSIDE.encode(), id="entity that reads a file"),
    ],
)
def test_own_entities_are_refused(body: bytes) -> None:
    with pytest.raises(VendorError, match="entities of its own"):
        parse_feed("news", body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"<html><body>Sign in</body></html>", id="a page"),
        pytest.param(b'{"jobs": []}', id="JSON"),
        pytest.param(b"\x00\x01\x02", id="binary"),
    ],
)
def test_what_is_no_feed_is_said(body: bytes) -> None:
    with pytest.raises(VendorError, match="news"):
        parse_feed("news", body)


def test_a_feed_that_breaks_off_is_marked() -> None:
    feed = parse_feed("news", RSS[: RSS.index("</item>")].encode())
    assert not feed.whole
    assert len(feed.entries) == 1
    with pytest.raises(VendorUnavailable, match="news: its XML breaks off"):
        parse_feed("news", b'<?xml version="1.0"?><rss version="2.0"><channel><<<')


def said_of(body: bytes) -> str:
    """What parsing says: how many entries there are, or why there are none."""
    try:
        return f"news has {len(parse_feed('news', body).entries)}"
    except VendorError as error:
        return str(error)


@settings(deadline=None)
@given(st.binary(max_size=2_000))
def test_any_bytes_end_in_entries_or_a_sentence(body: bytes) -> None:
    assert said_of(body).startswith("news")


@settings(deadline=None)
@given(st.binary(max_size=200), st.integers(0, len(RSS)))
def test_a_damaged_feed_ends_in_entries_or_a_sentence(noise: bytes, at: int) -> None:
    body = RSS.encode()
    assert said_of(body[:at] + noise + body[at:]).startswith("news")


def test_what_has_not_changed_is_not_read() -> None:
    def vendor(request: httpx.Request) -> httpx.Response:
        if request.headers.get("If-None-Match") == '"7"':
            return httpx.Response(304)
        return httpx.Response(200, headers={"ETag": '"7"'}, content=RSS.encode())

    with Http("news", transport=httpx.MockTransport(vendor)) as http:
        first = fetch_feed(http, "https://n.example/rss", {})
        again = fetch_feed(http, "https://n.example/rss", first.validators)
    assert first.validators == {"etag": '"7"'}
    assert len(first.entries) == 1
    assert again.unchanged
    assert again.validators == first.validators


def pages(*documents: object, following: str | None = "next") -> list[list[object]]:
    def vendor(request: httpx.Request) -> httpx.Response:
        number = int(request.url.params.get("page", "1"))
        return httpx.Response(200, content=json.dumps(documents[number - 1]).encode())

    with Http("board", transport=httpx.MockTransport(vendor)) as http:
        found = fetch_pages(http, "https://b.example/jobs", "data.jobs", following, json.loads)
        return [page.rows for page in found]


def test_pages_are_read_to_the_last() -> None:
    assert pages(
        {"data": {"jobs": [1, 2]}, "next": "/jobs?page=2"}, {"data": {"jobs": [3]}, "next": None}
    ) == [[1, 2], [3]]


def test_a_board_of_one_page_needs_no_next() -> None:
    assert pages({"data": {"jobs": [1, 2]}, "next": "/jobs?page=2"}, following=None) == [[1, 2]]


@pytest.mark.parametrize(
    ("following", "words"),
    [
        pytest.param("https://evil.example/jobs", "another host", id="another host"),
        pytest.param("http://b.example/jobs?page=2", "another host", id="without TLS"),
        pytest.param("/jobs", "read already", id="in a circle"),
    ],
)
def test_a_next_page_that_leads_away_is_not_read(following: str, words: str) -> None:
    with pytest.raises(VendorError, match=words):
        pages({"data": {"jobs": [1]}, "next": following})


def test_a_document_of_another_form_is_said() -> None:
    with pytest.raises(VendorError, match=r"no list at 'data\.jobs'"):
        pages({"jobs": []})


def test_a_path_into_nothing_is_nothing() -> None:
    assert at_path({"a": [1]}, "a.b") is None
    assert at_path(None, "a") is None
