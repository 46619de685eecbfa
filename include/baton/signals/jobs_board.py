"""A source that is a jobs board: every opening that appears is a signal that a company hires."""

from datetime import datetime, timedelta
from typing import Any

from baton.clients.feeds import at_path, fetch_pages
from baton.clients.http import Http
from baton.playbook.signals import BoardSource
from baton.signals import text
from baton.signals.companies import Companies
from baton.signals.records import Batch, Mark, Reject, Signal, fingerprint, in_time, key


class JobsBoard:
    """Reads one board from its newest page back to what is known."""

    def __init__(
        self, spec: BoardSource, url: str, http: Http, companies: Companies, now: datetime
    ) -> None:
        self._spec, self._url, self._http = spec, url, http
        self._companies, self._now = companies, now

    def fetch(self, watermark: str | None) -> Batch:
        """Return the rows of all pages that may hold something new."""
        spec = self._spec
        mark = Mark.read(watermark, fingerprint([spec.model_dump(), self._url]))
        newest = text.moment(mark.values.get("newest"))
        enough = newest - timedelta(days=spec.lookback_days) if newest else None
        rows: list[Any] = []
        problem = ""
        pages = fetch_pages(self._http, self._url, spec.items, spec.next, text.read_json)
        for number, page in enumerate(pages, start=1):
            rows += page.rows
            dates = [when for row in page.rows if (when := self._date(row))]
            newest = max([*dates, *([newest] if newest else [])], default=None)
            if not page.more or (enough and dates and max(dates) < enough):
                break
            if number == spec.max_pages:
                problem = (
                    f"{spec.name} has more than {number} pages, and the rest was not read; "
                    f"raise max_pages in signals/{spec.name}.yml."
                )
                break
        kept = Mark(mark.config, {"newest": newest.isoformat()} if newest else {})
        return Batch(rows, None if problem else kept.write(), problem)

    def parse(self, item: Any) -> Signal | Reject:
        """Return the signal of one row."""
        fields = self._spec.fields
        if not isinstance(item, dict):
            return Reject("The row is no JSON object.", text.excerpt(item))
        row_key = at_path(item, fields.key)
        if isinstance(row_key, bool) or not isinstance(row_key, str | int) or row_key == "":
            return Reject(f"The row has no '{fields.key}'.", text.excerpt(item))
        title = text.plain(at_path(item, fields.title), text.TITLE_LENGTH)
        company = text.plain(at_path(item, fields.company), text.TITLE_LENGTH)
        if not title:
            return Reject(f"The row has no '{fields.title}'.", text.excerpt(item))
        if not company:
            return Reject(f"The row names no company in '{fields.company}'.", text.excerpt(item))
        posted = self._date(item)
        if posted is None:
            return Reject(f"'{fields.occurred_at}' of the row is no date.", text.excerpt(item))
        occurred_at = in_time(posted, self._now)
        if occurred_at is None:
            return Reject(
                f"The row's date, {posted.isoformat()}, lies in the future.", text.excerpt(item)
            )
        host = text.domain(at_path(item, fields.domain)) if fields.domain else None
        account = self._companies.at(host) or (self._companies.named(company) if not host else None)
        return Signal(
            natural_key=key(row_key),
            signal_type=self._spec.signal_type,
            occurred_at=occurred_at,
            payload=item,
            domain=account.domain if account else host,
            company=company,
            title=title,
            url=text.web_address(at_path(item, fields.url)) if fields.url else None,
        )

    def _date(self, row: Any) -> datetime | None:
        return text.moment(at_path(row, self._spec.fields.occurred_at))
