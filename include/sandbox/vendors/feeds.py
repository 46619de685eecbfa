"""Pages to watch: an RSS and an Atom news feed, and a JSON jobs board with pages."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime
from xml.sax.saxutils import escape

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from sandbox.vendors import news
from sandbox.vendors.news import Item
from sandbox.world import World

JOBS_PER_PAGE = 25
FEED_LENGTH = 200


def router(world: World) -> APIRouter:
    """Return the routes below /feeds and /jobs; they need no key, as public pages do not."""
    routes = APIRouter()

    @routes.get("/feeds/news.rss")
    async def rss(request: Request) -> Response:
        found = news.items(world.market, "news_rss", world.clock.now)[:FEED_LENGTH]
        return _conditional(request, found, _rss(found), "application/rss+xml")

    @routes.get("/feeds/news.atom")
    async def atom(request: Request) -> Response:
        found = news.items(world.market, "news_atom", world.clock.now)[:FEED_LENGTH]
        return _conditional(request, found, _atom(found), "application/atom+xml")

    @routes.get("/jobs/board.json")
    async def board(request: Request) -> Response:
        page = request.query_params.get("page", "1")
        if not page.isdigit() or int(page) < 1:
            return JSONResponse({"error": "page is a number from 1"}, status_code=400)
        rows = news.jobs(world.market, world.clock.now)
        first = (int(page) - 1) * JOBS_PER_PAGE
        more = first + JOBS_PER_PAGE < len(rows)
        return JSONResponse(
            {
                "total": len(rows),
                "page": int(page),
                "next": f"/jobs/board.json?page={int(page) + 1}" if more else None,
                "jobs": rows[first : first + JOBS_PER_PAGE],
            }
        )

    return routes


def _conditional(request: Request, found: list[Item], body: str, content_type: str) -> Response:
    raw = body.encode()
    etag = f'"{hashlib.sha256(raw).hexdigest()[:32]}"'
    newest = max((i.at for i in found), default=datetime(1970, 1, 1, tzinfo=UTC))
    newest = newest.astimezone(UTC).replace(microsecond=0)
    headers = {"ETag": etag, "Last-Modified": format_datetime(newest, usegmt=True)}
    if tags := request.headers.get("if-none-match"):
        # A tag that is given decides alone (RFC 9110, 13.1.3).
        unchanged = etag in [t.strip().removeprefix("W/") for t in tags.split(",")]
    else:
        unchanged = _not_newer(newest, request.headers.get("if-modified-since"))
    if unchanged:
        return Response(status_code=304, headers=headers)
    return Response(raw, media_type=f"{content_type}; charset=utf-8", headers=headers)


def _not_newer(newest: datetime, since: str | None) -> bool:
    if not since:
        return False
    try:
        return newest <= parsedate_to_datetime(since)
    except (ValueError, TypeError):
        return False


def _rss(found: list[Item]) -> str:
    rows = []
    for item in found:
        if isinstance(item.published, datetime):
            date = f"<pubDate>{format_datetime(item.published, usegmt=True)}</pubDate>"
        else:
            date = f"<pubDate>{escape(item.published)}</pubDate>" if item.published else ""
        title = f"<title>{escape(item.title)}</title>" if item.title else ""
        rows.append(
            f'<item>{title}<link>{escape(item.link)}</link><guid isPermaLink="false">'
            f"{escape(item.guid)}</guid>{date}<category>{item.category}</category>"
            f"<description>{escape(item.summary)}</description></item>"
        )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel>'
        f"<title>Newswire: business</title><link>{news.NEWS_HOST}/</link>"
        "<description>Company news</description>\n" + "\n".join(rows) + "\n</channel></rss>\n"
    )


def _atom(found: list[Item]) -> str:
    rows = []
    for item in found:
        if isinstance(item.published, datetime):
            text = item.published.isoformat().replace("+00:00", "Z")
        else:
            text = item.published or ""
        date = f"<published>{escape(text)}</published><updated>{escape(text)}</updated>"
        rows.append(
            f"<entry><id>{escape(item.guid)}</id><title>{escape(item.title)}</title>"
            f'<link rel="alternate" href="{escape(item.link)}"/>{date if text else ""}'
            f'<category term="{item.category}"/><summary>{escape(item.summary)}</summary></entry>'
        )
    newest = max((i.at for i in found), default=datetime(1970, 1, 1, tzinfo=UTC))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<feed xmlns="http://www.w3.org/2005/Atom">'
        f"<id>{news.NEWS_HOST}/atom</id><title>Newswire: people and technology</title>"
        f"<updated>{newest.isoformat()}</updated>\n" + "\n".join(rows) + "\n</feed>\n"
    )
