"""HTTP as every client of ours speaks it: bounded in time and size, and honest about what happened.

An answer that says no is a VendorError. One that says "later" (429, 5xx, no connection) is
VendorUnavailable. Where the request changes something and no answer came, it is VendorAmbiguous:
the caller must not send it again by itself.
"""

import email.utils
import ipaddress
import re
import socket
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import urljoin, urlsplit

import httpx

from baton.core.errors import VendorAmbiguous, VendorError, VendorUnavailable

TIMEOUT = httpx.Timeout(20.0, connect=5.0)
# For one request as a whole, so that an answer that drips does not hold a task.
DEADLINE_SECONDS = 60.0
MAX_BYTES = 20_000_000
RETRIES = 2
FIRST_PAUSE_SECONDS = 0.5
MAX_REDIRECTS = 3
USER_AGENT = "Baton/0.1"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE", "OPTIONS"})  # RFC 9110, 9.2.2
REDIRECTS = frozenset({301, 302, 303, 307, 308})
# Failures before anything of the request left.
NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.UnsupportedProtocol)


@lru_cache(maxsize=1)
def tls() -> ssl.SSLContext:
    """Return the one TLS context of this process: reading the authorities takes 60 ms each time."""
    return httpx.create_ssl_context()


class NotFound(VendorError):
    """The vendor knows nothing at this address (404, 410)."""


@dataclass(frozen=True)
class Answer:
    """A whole answer. `url` is where it came from in the end."""

    status: int
    headers: httpx.Headers
    body: bytes
    url: str


class Http:
    """A client for one vendor, whose `name` stands in every error. Close it when done."""

    def __init__(
        self,
        name: str,
        *,
        headers: Mapping[str, str] | None = None,
        max_bytes: int = MAX_BYTES,
        follow_redirects: bool = False,
        first_pause: float = FIRST_PAUSE_SECONDS,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`max_bytes` bounds the unpacked body. Redirects are followed for reading only.

        `first_pause` is the wait in seconds before the second try; it doubles from then on.
        """
        self.name = name
        self._headers = dict(headers or {})
        self._max_bytes = max_bytes
        self._follow = follow_redirects
        self._first_pause = first_pause
        # A proxy of the environment serves the open internet, never this machine.
        direct = {f"all://{host}": httpx.HTTPTransport(verify=tls()) for host in LOOPBACK}
        self._client = httpx.Client(
            timeout=TIMEOUT,
            verify=tls(),
            follow_redirects=False,
            headers={"User-Agent": USER_AGENT},
            transport=transport,
            mounts=None if transport else direct,
        )

    def __enter__(self) -> "Http":
        """Return the client itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._client.close()

    def get(self, url: str, headers: Mapping[str, str] | None = None, **kwargs: Any) -> Answer:
        """Read a page. 304 is an answer like any other; see `request` for what is raised."""
        return self.request("GET", url, headers=headers, **kwargs)

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Any = None,
        json: Any = None,
        idempotent: bool | None = None,
    ) -> Answer:
        """Send one request and return its answer (2xx, 3xx without redirect, 304).

        `idempotent` tells whether it may be sent again; the default is by method. Raises
        VendorUnavailable (with `retry_after` in seconds where the vendor gave one), VendorAmbiguous
        where a request that changes something got no definite answer, VendorError for the rest.
        """
        again = method in IDEMPOTENT if idempotent is None else idempotent
        pause = self._first_pause
        problem: VendorError
        for tries_left in range(RETRIES if again else 0, -1, -1):
            try:
                answer = self._redirected(method, url, headers, params, json)
            except NOT_SENT as error:
                problem = VendorUnavailable(f"{self.name} cannot be reached: {_words(error)}.")
            except httpx.TransportError as error:
                problem = self._cut_off(error, again)
            else:
                if answer.status < 500:
                    return self._definite(answer)
                problem = self._failed(answer, again)
            if not tries_left or not isinstance(problem, VendorUnavailable):
                raise problem
            time.sleep(pause)
            pause *= 2
        raise AssertionError("the last try either returned or raised")

    def _cut_off(self, error: httpx.TransportError, again: bool) -> VendorError:
        said = f"{self.name} did not finish its answer: {_words(error)}"
        if again:
            return VendorUnavailable(f"{said}.")
        return VendorAmbiguous(f"{said}; what was asked may or may not have been done.")

    def _failed(self, answer: Answer, again: bool) -> VendorError:
        said = f"{self.name} failed with status {answer.status}"
        if again:
            return VendorUnavailable(f"{said}; try again later.", retry_after(answer))
        return VendorAmbiguous(f"{said}; what was asked may or may not have been done.")

    def _definite(self, answer: Answer) -> Answer:
        if answer.status == 429:
            raise VendorUnavailable(f"{self.name} asks to slow down (429).", retry_after(answer))
        if answer.status in (401, 403):
            raise VendorError(
                f"{self.name} refused our credentials ({answer.status}); check the connection."
            )
        if answer.status >= 400:
            refused = NotFound if answer.status in (404, 410) else VendorError
            raise refused(
                f"{self.name} refused {urlsplit(answer.url).path} ({answer.status}): "
                f"{_excerpt(answer.body)}"
            )
        return answer

    def _redirected(
        self, method: str, url: str, headers: Mapping[str, str] | None, params: Any, json: Any
    ) -> Answer:
        home = _origin(url)
        for _ in range(MAX_REDIRECTS + 1):
            # What identifies us stays with the host it was meant for.
            own = self._headers if _origin(url) == home else {}
            answer = self._once(method, url, {**own, **(headers or {})}, params, json)
            target = answer.headers.get("location")
            if answer.status not in REDIRECTS or not target:
                return answer
            if not self._follow or method not in ("GET", "HEAD"):
                raise VendorError(
                    f"{self.name} sends us elsewhere ({answer.status} to {target[:200]}); "
                    "put the right address into the connection."
                )
            url, params = urljoin(url, target), None
            check_target(self.name, home, url)
        raise VendorError(f"{self.name} redirects more than {MAX_REDIRECTS} times.")

    def _once(
        self, method: str, url: str, headers: Mapping[str, str], params: Any, json: Any
    ) -> Answer:
        ends = time.monotonic() + DEADLINE_SECONDS
        body = bytearray()
        try:
            with self._client.stream(
                method, url, headers=headers, params=params, json=json
            ) as response:
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > self._max_bytes:
                        raise VendorError(
                            f"{self.name} answers with more than {self._max_bytes:,} bytes; "
                            "nothing of it was used."
                        )
                    if time.monotonic() > ends:
                        raise httpx.ReadTimeout(f"not complete after {DEADLINE_SECONDS:.0f} s")
        except httpx.DecodingError as error:
            raise VendorError(f"{self.name}: its answer cannot be unpacked: {error}.") from None
        except httpx.InvalidURL as error:
            raise VendorError(f"{self.name} has an address that is none: {error}.") from None
        return Answer(response.status_code, response.headers, bytes(body), str(response.url))


def check_target(name: str, home: tuple[str, str, int | None], url: str) -> None:
    """Raise VendorError where a page of `home` sends us to a place off the open internet.

    A feed must not make us read what only our own network may see. The host that the playbook
    names itself may be anywhere.
    """
    target = _origin(url)
    if target[0] not in ("http", "https") or not target[1]:
        raise VendorError(f"{name} sends us to {url[:200]}, which is no web address.")
    if target[1:] == home[1:]:
        return
    try:
        found = socket.getaddrinfo(target[1], target[2] or target[0], type=socket.SOCK_STREAM)
    except OSError as error:
        raise VendorUnavailable(f"{name} sends us to {target[1]}: {error.strerror}.") from None
    for *_, address in found:
        if not ipaddress.ip_address(str(address[0]).split("%")[0]).is_global:
            raise VendorError(f"{name} sends us to {target[1]}, which is a private address.")


def retry_after(answer: Answer) -> float | None:
    """Return the seconds that the vendor asks to wait (RFC 9110, 10.2.3), or None."""
    text: str = answer.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        when = email.utils.parsedate_to_datetime(text)
    except (ValueError, TypeError):
        return None
    return max(0.0, when.timestamp() - time.time())


def _origin(url: str) -> tuple[str, str, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "", "", None
    return parts.scheme, parts.hostname or "", port


def _words(error: httpx.TransportError) -> str:
    return str(error).rstrip(".") or type(error).__name__


_MARKUP = re.compile(r"<(head|script|style)\b.*?</\1>|<[a-z!/][^<>]*>", re.IGNORECASE | re.DOTALL)


def _excerpt(body: bytes) -> str:
    """Return what an answer says, as the end of a sentence; of a page, the words without its markup."""
    said = " ".join(_MARKUP.sub(" ", body[:20_000].decode("utf-8", "replace")).split())
    if not said:
        return "it gave no reason."
    return f"{said[:300].rsplit(' ', 1)[0]} ..." if len(said) > 300 else said
