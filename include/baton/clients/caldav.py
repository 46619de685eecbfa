"""CalDAV (RFC 4791): one event at a time in a rep's own calendar, by plain HTTP.

The connection is `baton_calendar`: `login` and `password` of an account that may write to every rep's
calendar, or `extra.credentials` {"rep@firm.example": ["login", "password"]} for reps who gave their
own. `extra.path` is the collection's path, with {rep} for the rep's address
(default "/{rep}/calendar/").

A PUT says what it expects to find (RFC 9110 `If-Match`, `If-None-Match: *`), so that an event which
the rep has changed meanwhile is never overwritten unseen.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from baton.clients.http import LOOPBACK, tls
from baton.core.connections import Connection
from baton.core.errors import SettingsError, VendorAmbiguous, VendorError, VendorUnavailable

TIMEOUT_SECONDS = 20.0
DEFAULT_PATH = "/{rep}/calendar/"


@dataclass(frozen=True)
class StoredEvent:
    """An event as a calendar holds it: its iCalendar text and the etag of exactly that text."""

    ics: str
    etag: str


class EventChanged(VendorError):
    """The calendar holds another version of the event than the caller knew; nothing was written."""


class CalDavCalendar:
    """The calendars of all reps on one CalDAV server."""

    def __init__(
        self, connection: Connection, transport: httpx.BaseTransport | None = None
    ) -> None:
        """Raises SettingsError if the connection's path has no place for the rep."""
        path = str(connection.extra.get("path") or DEFAULT_PATH)
        if "{rep}" not in path:
            raise SettingsError(
                f"The path {path!r} in the extra of {connection.id} needs {{rep}}, which stands for "
                "the rep's address."
            )
        self._path = path if path.endswith("/") else f"{path}/"
        self._login = (connection.login, connection.password)
        given: Any = connection.extra.get("credentials") or {}
        if not isinstance(given, Mapping):
            raise SettingsError(
                f"credentials in the extra of {connection.id} must be an object of "
                'address: ["login", "password"].'
            )
        self._own = {str(rep).lower(): (str(pair[0]), str(pair[1])) for rep, pair in given.items()}
        self._http = httpx.Client(
            base_url=connection.base_url,
            timeout=TIMEOUT_SECONDS,
            transport=transport,
            verify=tls(),
            follow_redirects=False,
            # A proxy of the environment serves the open internet, never this machine.
            mounts=None
            if transport
            else {f"all://{h}": httpx.HTTPTransport(verify=tls()) for h in LOOPBACK},
        )

    def close(self) -> None:
        """Close the connections that were kept open."""
        self._http.close()

    def get(self, rep_email: str, uid: str) -> StoredEvent | None:
        """Return the event with this uid in the rep's calendar, or None."""
        answer = self._ask("GET", rep_email, uid)
        if answer.status_code == 404:
            return None
        self._check(answer, rep_email)
        return StoredEvent(answer.text, answer.headers.get("etag", ""))

    def put(self, rep_email: str, uid: str, ics: str, etag: str | None) -> str:
        """Write an event and return its new etag.

        `etag` is that of the version to replace; None says that there must be none yet. Raises
        EventChanged if the calendar holds another one, VendorAmbiguous if no answer came (asking
        again with `get` settles it), VendorUnavailable or VendorError otherwise.
        """
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        answer = self._ask("PUT", rep_email, uid, headers=headers, content=ics.encode())
        if answer.status_code == 412:
            raise EventChanged(f"The calendar of {rep_email} holds another version of event {uid}.")
        self._check(answer, rep_email)
        if new := answer.headers.get("etag"):
            return str(new)
        # A server that changes what it stores must not send an etag (RFC 4791, 5.3.4).
        stored = self.get(rep_email, uid)
        return stored.etag if stored else ""

    def delete(self, rep_email: str, uid: str) -> None:
        """Take an event out of the rep's calendar; that it is gone already is fine."""
        answer = self._ask("DELETE", rep_email, uid)
        if answer.status_code not in (404, 410):
            self._check(answer, rep_email)

    def _ask(self, method: str, rep_email: str, uid: str, **request: Any) -> httpx.Response:
        folder = self._path.replace("{rep}", quote(rep_email, safe="@"))
        url = f"{folder}{quote(uid, safe='@')}.ics"
        auth = self._own.get(rep_email.lower(), self._login)
        try:
            return self._http.request(method, url, auth=auth, **request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise VendorUnavailable(f"The calendar server cannot be reached: {error}.") from error
        except httpx.TransportError as error:
            raise VendorAmbiguous(
                f"The calendar server gave no answer to {method} ({type(error).__name__})."
            ) from error

    def _check(self, answer: httpx.Response, rep_email: str) -> None:
        status = answer.status_code
        if answer.is_success:
            return
        if status in (401, 403):
            raise VendorError(
                f"The calendar server refused the login for {rep_email} ({status}); check login, "
                "password and rights of the connection baton_calendar."
            )
        if status in (404, 409):
            raise VendorError(
                f"There is no calendar for {rep_email} on the server ({status}); make it there, or "
                "set path in the connection's extra to where it is."
            )
        if status == 429 or status >= 500:
            wait = answer.headers.get("retry-after", "")
            raise VendorUnavailable(
                f"The calendar server refused for now ({status}).",
                float(wait) if wait.isdigit() else None,
            )
        raise VendorError(f"The calendar server refused the event ({status}): {answer.text[:200]}")
