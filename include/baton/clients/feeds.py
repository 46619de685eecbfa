"""Reads public pages: RSS and Atom feeds, JSON in pages. Knows their form, not their meaning."""

import io
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin, urlsplit

import feedparser

from baton.clients.http import Http
from baton.core.errors import VendorError, VendorUnavailable

MAX_ENTRIES = 10_000


@dataclass(frozen=True)
class Entry:
    """One entry of a feed, as it stands there; an empty text where it has none."""

    id: str
    title: str
    link: str
    summary: str
    categories: tuple[str, ...]
    published: datetime | None
    raw_date: str


@dataclass(frozen=True)
class Feed:
    """What a feed gave. `whole` is false where its XML breaks off: then read it again next time.

    `validators` are the ETag and Last-Modified to send next time (RFC 9110, 13.1).
    """

    entries: tuple[Entry, ...]
    validators: dict[str, str] = field(default_factory=dict)
    whole: bool = True
    unchanged: bool = False


def fetch_feed(http: Http, url: str, validators: dict[str, str]) -> Feed:
    """Read a feed, or learn that it has not changed since `validators` were given.

    Raises what parse_feed and Http raise.
    """
    asked = {"Accept": "application/rss+xml, application/atom+xml, application/xml, */*;q=0.1"}
    if etag := validators.get("etag"):
        asked["If-None-Match"] = etag
    if modified := validators.get("last_modified"):
        asked["If-Modified-Since"] = modified
    answer = http.get(url, headers=asked)
    if answer.status == 304:
        return Feed((), validators, unchanged=True)
    if answer.status != 200:
        raise VendorError(f"{http.name} answered {answer.status} where a feed was expected.")
    given = {
        name: value
        for name, header in (("etag", "etag"), ("last_modified", "last-modified"))
        if (value := answer.headers.get(header))
    }
    feed = parse_feed(http.name, answer.body, answer.headers.get("content-type", ""), answer.url)
    return Feed(feed.entries, given, feed.whole)


def parse_feed(name: str, body: bytes, content_type: str = "", url: str = "") -> Feed:
    """Read the entries of a feed's bytes.

    Raises VendorUnavailable where they break off before the first entry (the next time they may be
    whole), and VendorError where they are no feed, or declare entities of their own (which can blow up
    to gigabytes, and which no honest feed needs).
    """
    # Without NULs and whatever the case, so that UTF-16 hides nothing.
    if b"<!ENTITY" in body.replace(b"\0", b"").upper():
        raise VendorError(f"{name} declares XML entities of its own; nothing of it was read.")
    headers = {"content-type": content_type or "application/xml"}
    if url:
        headers["content-location"] = url
    try:
        found = feedparser.parse(io.BytesIO(body), response_headers=headers)
    except Exception as error:  # its loose parser answers hostile bytes with whatever comes
        raise VendorError(f"{name} cannot be read as a feed: {type(error).__name__}.") from None
    entries = found.get("entries") or []
    if not entries and not found.get("version"):
        raise VendorError(f"{name} is no RSS or Atom feed; look at its address in a browser.")
    broken = bool(found.get("bozo")) and not isinstance(
        found.get("bozo_exception"),
        feedparser.CharacterEncodingOverride | feedparser.NonXMLContentType,
    )
    if broken and not entries:
        raise VendorUnavailable(f"{name}: its XML breaks off or is not well-formed; no entry came.")
    return Feed(tuple(_entry(e) for e in entries[:MAX_ENTRIES]), whole=not broken)


def _entry(entry: Any) -> Entry:
    # dict.get, because the package's own would take one date for the other, and warn.
    stamp = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    return Entry(
        id=_text(entry.get("id")),
        title=_text(entry.get("title")),
        link=_text(entry.get("link")),
        summary=_text(entry.get("summary")),
        categories=tuple(_text(tag.get("term")) for tag in entry.get("tags") or ()),
        published=_utc(stamp),
        raw_date=_text(dict.get(entry, "published") or dict.get(entry, "updated")),
    )


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _utc(stamp: time.struct_time | None) -> datetime | None:
    try:
        return datetime(*stamp[:6], tzinfo=UTC) if stamp else None
    except (ValueError, OverflowError):
        return None


@dataclass(frozen=True)
class Page:
    """One page of rows. `more` is false on the last one."""

    rows: list[Any]
    more: bool


def fetch_pages(
    http: Http, url: str, items: str, following: str | None, read_json: Callable[[bytes], Any]
) -> Iterator[Page]:
    """Read JSON page by page, each when it is asked for.

    `items` and `following` are dotted paths to the rows and to the address of the next page, which
    must be on the same host; without `following` there is one page. `read_json` raises ValueError
    with a sentence. Raises VendorError where an answer has another form, and what Http raises.
    """
    seen: set[str] = set()
    while True:
        seen.add(url)
        answer = http.get(url, headers={"Accept": "application/json"})
        try:
            document = read_json(answer.body)
        except ValueError as error:
            raise VendorError(f"{http.name}: {error}") from None
        rows = at_path(document, items)
        if not isinstance(rows, list):
            raise VendorError(f"{http.name} has no list at '{items}'; check the source's file.")
        target = at_path(document, following) if following else None
        if not isinstance(target, str) or not target:
            yield Page(rows, more=False)
            return
        target = urljoin(answer.url, target)
        if urlsplit(target)[:2] != urlsplit(answer.url)[:2]:
            raise VendorError(f"{http.name} names a next page on another host; not followed.")
        if target in seen:
            raise VendorError(f"{http.name} names a page as its next that was read already.")
        yield Page(rows, more=True)
        url = target


def at_path(value: Any, path: str) -> Any:
    """Return what stands at a dotted path such as "data.jobs", or None."""
    for name in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value
