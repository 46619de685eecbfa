"""A source that is an RSS or Atom feed."""

import logging
from datetime import datetime
from typing import Any

from baton.clients.feeds import Entry, fetch_feed
from baton.clients.http import Http
from baton.playbook.signals import FeedSource
from baton.signals import text
from baton.signals.companies import Companies
from baton.signals.records import Batch, Mark, Reject, Signal, fingerprint, in_time, key

log = logging.getLogger("baton.signals")


class Feed:
    """Reads one feed; what is unchanged since the last time is not read again."""

    def __init__(
        self, spec: FeedSource, url: str, http: Http, companies: Companies, now: datetime
    ) -> None:
        self._spec, self._url, self._http = spec, url, http
        self._companies, self._now = companies, now

    def fetch(self, watermark: str | None) -> Batch:
        """Return the feed's entries; none where it has not changed."""
        mark = Mark.read(watermark, fingerprint([self._spec.model_dump(), self._url]))
        feed = fetch_feed(self._http, self._url, mark.values)
        # A feed that breaks off is read again from the start: its end may hold news.
        if not feed.whole:
            log.warning(
                "%s: its XML breaks off or is not well-formed; %d entries were read, and it is read "
                "again from the start next time", self._spec.name, len(feed.entries),
            )  # fmt: skip
        kept = Mark(mark.config, feed.validators if feed.whole else {})
        return Batch(feed.entries, kept.write())

    def parse(self, item: Any) -> Signal | Reject:
        """Return the signal of one entry."""
        entry: Entry = item
        title = text.plain(entry.title, text.TITLE_LENGTH)
        summary = text.plain(entry.summary)
        link = text.web_address(entry.link)
        payload = text.storable(
            {
                "id": entry.id[: text.URL_LENGTH],
                "title": title,
                "summary": summary,
                "link": entry.link[: text.URL_LENGTH],
                "categories": [category[:200] for category in entry.categories[:50]],
                "published": entry.raw_date[:200],
            }
        )
        if not title:
            return Reject("The entry has no title.", text.excerpt(payload))
        if entry.published is None:
            said = (
                f"'{text.clean(entry.raw_date)[:60]}' is no date" if entry.raw_date else "no date"
            )
            return Reject(f"The entry cannot be placed in time: {said}.", text.excerpt(payload))
        occurred_at = in_time(entry.published, self._now)
        if occurred_at is None:
            return Reject(
                f"The entry's date, {entry.published.isoformat()}, lies in the future.",
                text.excerpt(payload),
            )
        signal_type = self._type(entry.categories)
        if signal_type is None:
            return Reject(
                "No category of the entry is mapped to a signal type; "
                f"map one in signals/{self._spec.name}.yml.",
                text.excerpt(payload),
            )
        texts = {"title": title, "summary": summary}
        account = self._companies.at(text.domain(link)) or self._companies.mentioned(
            texts[name] for name in self._spec.match.mentions_in
        )
        return Signal(
            natural_key=self._key(entry, link, title),
            signal_type=signal_type,
            occurred_at=occurred_at,
            payload=payload,
            domain=account.domain if account else None,
            company=account.name if account else None,
            title=title,
            url=link,
        )

    def _type(self, categories: tuple[str, ...]) -> str | None:
        known = {name.casefold(): kind for name, kind in self._spec.signal_type.items()}
        for category in categories:
            if found := known.get(category.strip().casefold()):
                return found
        return known.get("default")

    def _key(self, entry: Entry, link: str | None, title: str) -> str:
        entry_id = text.clean(entry.id).strip()
        if self._spec.identity == "link" and link:
            return key(text.canonical(link))
        return key(entry_id or link or title)
