"""A source that posts signed webhooks. The receiver verified and landed them; here they are read."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import psycopg

from baton.playbook.signals import WebhookSource
from baton.signals import text
from baton.signals.companies import Companies
from baton.signals.records import Batch, Reject, Signal, in_time
from baton.warehouse import watermark as marks

STREAM_ROWS = 5_000


class Webhook:
    """Reads what the receiver landed for one source, each row once, in the landing's transaction."""

    def __init__(
        self,
        spec: WebhookSource,
        conn: psycopg.Connection[Any],
        companies: Companies,
        now: datetime,
    ) -> None:
        self._spec, self._conn, self._companies, self._now = spec, conn, companies, now

    def fetch(self, watermark: str | None) -> Batch:  # noqa: ARG002
        """Return the rows of the window that is open now; it locks its own watermark."""
        window = marks.window(self._conn, mark_name(self._spec.name))
        return Batch(self._rows(window), window.high)

    def _rows(self, window: marks.Window) -> Iterator[tuple[str, datetime, Any]]:
        with self._conn.cursor(f"webhooks_{self._spec.name}") as cursor:
            cursor.itersize = STREAM_ROWS
            cursor.execute(
                """
                select natural_key, occurred_at, payload from landing.signal_event
                where source = %s and xact >= %s::xid8 and xact < %s::xid8
                """,
                (self._spec.name, window.low, window.high),
            )
            yield from cursor

    def parse(self, item: Any) -> Signal | Reject:
        """Return the signal of one landed event."""
        natural_key, happened, payload = item
        if not isinstance(payload, dict):
            return Reject("The event is no JSON object.", text.excerpt(payload))
        sent = payload.get("type")
        signal_type = self._spec.signal_type.get(sent) if isinstance(sent, str) else None
        if signal_type is None:
            return Reject(
                f"The event's type is not mapped; map it in signals/{self._spec.name}.yml.",
                text.excerpt(payload),
            )
        occurred_at = in_time(happened, self._now)
        if occurred_at is None:
            return Reject(
                f"The event's time, {happened.isoformat()}, lies in the future.",
                text.excerpt(payload),
            )
        company = text.plain(payload.get("company"), text.TITLE_LENGTH) or None
        email = text.address(payload.get("email"))
        host = text.domain(payload.get("domain"))
        if not (company or email or host):
            return Reject("The event names neither a company nor a person.", text.excerpt(payload))
        account = self._companies.at(host)
        if account is None and not host and company:
            account = self._companies.named(company)
        return Signal(
            natural_key=natural_key,
            signal_type=signal_type,
            occurred_at=occurred_at,
            payload=payload,
            domain=account.domain if account else host,
            email=email,
            company=company,
            title=text.plain(payload.get("title"), text.TITLE_LENGTH) or None,
            url=text.web_address(payload.get("url")),
        )


def mark_name(source: str) -> str:
    """Return the name of a source's watermark."""
    return f"signals.{source}"
