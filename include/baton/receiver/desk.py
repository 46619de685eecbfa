"""What every route needs: the settings, the secrets, and how a request is taken in."""

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse, Response

from baton.core.settings import Settings
from baton.receiver import verify
from baton.receiver.door import Door
from baton.receiver.store import Read, Table, store

MAX_EVENTS_BYTES = 10_000_000
# How much of a body that is too large is shown in the quarantine.
START_BYTES = 20_000


class TooLarge(Exception):
    """A body is longer than its route allows; `start` is its first part."""

    def __init__(self, start: bytes) -> None:
        super().__init__("too large")
        self.start = start


class NotConfigured(Exception):
    """A route's secret is not set, so nothing can prove where a request comes from."""


@dataclass(frozen=True)
class Secrets:
    """What proves who sends. One that is not set closes its route."""

    sendgrid: ec.EllipticCurvePublicKey | None
    inbound: str
    signal: str
    cal: str

    @classmethod
    def read(cls, settings: Settings) -> "Secrets":
        """Read them from the environment. Raises SettingsError for a key that is none."""
        key = settings.environ.get("BATON_SENDGRID_WEBHOOK_KEY", "")
        return cls(
            verify.sendgrid_key(key) if key else None,
            settings.environ.get("BATON_INBOUND_TOKEN", ""),
            settings.environ.get("BATON_SIGNAL_SECRET", ""),
            settings.environ.get("BATON_CAL_SECRET", ""),
        )


@dataclass(frozen=True)
class Desk:
    """Where requests are taken in. `sources` are the names of the playbook's webhook sources."""

    door: Door
    secrets: Secrets
    sources: frozenset[str]

    async def take(self, table: Table, source: str, read: Read) -> Response:
        """Land a verified request and answer with its counts."""
        counts = await run_in_threadpool(store, self.door, table, source, read)
        return JSONResponse(vars(counts))

    async def signed(self, request: Request) -> bytes:
        """Return the body of a request that carries Baton's own signature.

        Raises NotConfigured, TooLarge or Unverified.
        """
        if not self.secrets.signal:
            raise NotConfigured("BATON_SIGNAL_SECRET")
        body = await read_body(request, MAX_EVENTS_BYTES)
        verify.baton(self.secrets.signal, request.headers.get("x-baton-signature"), body)
        return body


async def read_body(request: Request, limit: int) -> bytes:
    """Return the raw body. Raises TooLarge as soon as it is longer than `limit` bytes."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise TooLarge(bytes(body[:START_BYTES]))
    return bytes(body)
