"""SendGrid's v3 API: payloads by the vendor's own helpers, transport by httpx with time-outs.

The connection is `baton_mail` with conn_type `sendgrid`: `password` holds the API key,
`extra.base_url` another address than the vendor's.

A `202` means queued, and there is no idempotency key: whatever went wrong after the body left is
ambiguous. The send key travels as an opaque custom argument, which most events bring back.
"""

import contextlib
import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
from sendgrid.helpers.mail import (
    ClickTracking,
    Content,
    CustomArg,
    Email,
    Header,
    Mail,
    MimeType,
    OpenTracking,
    Personalization,
    ReplyTo,
    Subject,
    SubscriptionTracking,
    To,
    TrackingSettings,
)

from baton.clients.http import tls
from baton.clients.mail import (
    ANSWER_SECONDS,
    CONNECT_SECONDS,
    Accepted,
    Ambiguous,
    Answer,
    Outgoing,
    Refused,
    Rejected,
    Throttled,
)
from baton.core.connections import Connection
from baton.core.errors import SettingsError

VENDOR_URL = "https://api.sendgrid.com"
SEND_KEY = "baton_send_key"
# Used where a 429 does not say how long to wait.
DEFAULT_WAIT = 60.0
LONGEST_WAIT = 86_400.0

# The connection failed before a byte of the request was written.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


class SendGrid:
    """One SendGrid account. May be used by several threads at once."""

    def __init__(
        self, connection: Connection, timeout: float = ANSWER_SECONDS, connections: int = 32
    ) -> None:
        """`timeout` in seconds holds for each wait for the network, not for the request as a whole."""
        if not connection.password:
            raise SettingsError(
                f"The connection {connection.id} has no password; put the SendGrid API key there."
            )
        named = connection.extra.get("base_url") or connection.host
        self._http = httpx.Client(
            base_url=connection.base_url if named else VENDOR_URL,
            headers={"Authorization": f"Bearer {connection.password}"},
            timeout=httpx.Timeout(timeout, connect=min(timeout, CONNECT_SECONDS)),
            limits=httpx.Limits(max_connections=connections, keepalive_expiry=5),
            verify=tls(),
            follow_redirects=False,
            trust_env=False,
        )

    def close(self) -> None:
        """Close the connections that were kept open."""
        self._http.close()

    def send(self, mail: Outgoing) -> Answer:
        """Ask SendGrid once to queue the mail."""
        try:
            answer = self._http.post("/v3/mail/send", json=payload(mail))
        except NOT_SENT as error:
            return Refused(f"No connection to SendGrid: {error}")
        except httpx.HTTPError as error:
            return Ambiguous(f"No answer from SendGrid: {type(error).__name__} {error}".strip())
        return _read(answer)

    def was_taken(self, mail: Outgoing) -> bool | None:
        """Look the mail up in the e-mail activity feed.

        True means it is known there. Not being there proves nothing (the feed lags, and is an
        extra of the account), so the answer is then None.
        """
        query = f'unique_args["{SEND_KEY}"]="{mail.send_key}"'
        try:
            answer = self._http.get("/v3/messages", params={"query": query, "limit": 1})
            found = answer.json().get("messages") if answer.status_code == 200 else None
        except (httpx.HTTPError, ValueError, AttributeError):
            return None
        return True if found else None


def payload(mail: Outgoing) -> dict[str, Any]:
    """Return the body of a mail-send request.

    Tracking is off: it would rewrite what was approved, and opens are not a metric.
    """
    message = Mail()
    message.from_email = Email(mail.sender.email, mail.sender.name or None)
    message.subject = Subject(mail.subject)
    if mail.reply_to:
        message.reply_to = ReplyTo(mail.reply_to.email, mail.reply_to.name or None)
    personalization = Personalization()
    personalization.add_to(To(mail.to.email, mail.to.name or None))
    personalization.add_custom_arg(CustomArg(SEND_KEY, mail.send_key))
    message.add_personalization(personalization)
    message.add_content(Content(MimeType.text, mail.text))
    if mail.html:
        message.add_content(Content(MimeType.html, mail.html))
    for name, value in mail.headers().items():
        message.add_header(Header(name, value))
    message.tracking_settings = TrackingSettings(
        click_tracking=ClickTracking(enable=False, enable_text=False),
        open_tracking=OpenTracking(enable=False),
        subscription_tracking=SubscriptionTracking(enable=False),
    )
    body: dict[str, Any] = message.get()
    return body


def _read(answer: httpx.Response) -> Answer:
    code = answer.status_code
    if answer.is_success:
        return Accepted(answer.headers.get("x-message-id"), code)
    if code == 429:
        return Throttled(_wait(answer.headers), code, "SendGrid asks to slow down.")
    detail = f"SendGrid answered {code}: {_problem(answer)}"
    if code in (401, 403):
        return Refused(detail, code)
    if code >= 500:
        return Ambiguous(detail, code)
    return Rejected(detail, code)


def _problem(answer: httpx.Response) -> str:
    try:
        errors = answer.json()["errors"]
        parts = (f"{e.get('field') or ''} {e.get('message') or ''}".strip() for e in errors)
        return "; ".join(parts)[:500]
    except (ValueError, KeyError, TypeError, AttributeError):
        return answer.reason_phrase or "no reason given"


def _wait(headers: httpx.Headers) -> float:
    """Return the seconds to wait: Retry-After in either form, or SendGrid's X-RateLimit-Reset."""
    now = datetime.now(UTC).timestamp()
    asked = headers.get("retry-after", "")
    seconds = _number(asked)
    if seconds is None:
        with contextlib.suppress(ValueError, TypeError):
            seconds = parsedate_to_datetime(asked).timestamp() - now
    if seconds is None and (reset := _number(headers.get("x-ratelimit-reset", ""))) is not None:
        seconds = reset - now
    return DEFAULT_WAIT if seconds is None else min(max(seconds, 0.0), LONGEST_WAIT)


def _number(text: str) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
