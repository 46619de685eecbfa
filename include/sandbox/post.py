"""The postman: takes webhooks to the receiver, signed as each vendor signs them.

A webhook that the receiver does not take with a 2xx stays with the postman and is tried again at
the next settling, as the vendors retry for hours; only inbound mail refused with a 4xx is
dropped, as SendGrid drops it. Signatures carry the real time of posting, because the receiver
guards against replays in real time, whatever the simulated clock says.
"""

from __future__ import annotations

import base64
import json
import random
import ssl
import time
from collections import deque
from dataclasses import asdict, dataclass, field
from functools import lru_cache
from typing import Any

import httpx

from sandbox.config import SandboxConfig
from sandbox.faults import Faults

EVENTS_PER_POST = 100
LOG_LENGTH = 5_000


@lru_cache(maxsize=1)
def _tls() -> ssl.SSLContext:
    """Reading the authorities takes 60 ms, and time is often advanced by little."""
    return httpx.create_ssl_context()


@dataclass
class Parcel:
    """One webhook: `kind` picks the signature, `body` is base64 of the raw bytes."""

    kind: str
    path: str
    body: str
    content_type: str = "application/json"
    status: int | None = None
    problem: str = ""
    tries: int = 0

    @property
    def raw(self) -> bytes:
        """The bytes that are posted."""
        return base64.b64decode(self.body)


@dataclass
class Tally:
    """What one round of posting came to."""

    posted: dict[str, int] = field(default_factory=dict)
    dropped: int = 0
    undelivered: list[dict[str, Any]] = field(default_factory=list)


class Postman:
    """Queues webhooks in order and delivers them."""

    def __init__(self, config: SandboxConfig, faults: Faults) -> None:
        self._config = config
        self._faults = faults
        self._rng = random.Random(f"{config.seed}:postman")
        self._events: list[dict[str, Any]] = []
        self._queue: list[Parcel] = []
        self.log: deque[Parcel] = deque(maxlen=LOG_LENGTH)

    def event(self, event: dict[str, Any]) -> None:
        """Queue an e-mail event; those that fall due together travel in one post."""
        self._events.append(event)
        if len(self._events) >= EVENTS_PER_POST:
            self._close_events()

    def json(self, kind: str, path: str, payload: dict[str, Any]) -> None:
        """Queue a JSON webhook."""
        self.add(kind, path, json.dumps(payload, ensure_ascii=False).encode(), "application/json")

    def add(self, kind: str, path: str, body: bytes, content_type: str) -> None:
        """Queue a webhook of any content type."""
        self._close_events()
        self._put(kind, path, body, content_type)
        if self._faults.strike("webhooks", "duplicate", path):
            self._put(kind, path, body, content_type)

    def _put(self, kind: str, path: str, body: bytes, content_type: str) -> None:
        self._queue.append(Parcel(kind, path, base64.b64encode(body).decode(), content_type))

    def _close_events(self) -> None:
        if not self._events:
            return
        batch, self._events = self._events, []
        path = "/webhooks/sendgrid/events"
        if self._faults.strike("webhooks", "shuffle", path):
            self._rng.shuffle(batch)
        self._put("event", path, json.dumps(batch).encode(), "application/json")
        if self._faults.strike("webhooks", "duplicate", path):
            # The vendor's own id was seen to change when it delivers an event again.
            again = [{**e, "sg_event_id": f"{e['sg_event_id']}-again"} for e in batch]
            self._put("event", path, json.dumps(again).encode(), "application/json")

    def _headers(self, parcel: Parcel) -> dict[str, str]:
        keys, now, raw = self._config.keys, int(time.time()), parcel.raw
        headers = {"Content-Type": parcel.content_type, "User-Agent": "Baton-Sandbox/1"}
        if parcel.kind == "event":
            headers["X-Twilio-Email-Event-Webhook-Timestamp"] = str(now)
            headers["X-Twilio-Email-Event-Webhook-Signature"] = keys.sign_events(str(now), raw)
        elif parcel.kind in ("signal", "transcript"):
            headers["X-Baton-Signature"] = keys.sign_signal(now, raw)
        elif parcel.kind == "booking":
            headers["x-cal-signature-256"] = keys.sign_booking(raw)
        return headers

    async def deliver(self) -> Tally:
        """Post everything that is queued, in order, and say what came of it.

        A parcel that fails does not hold up those behind it; it waits for the next round.
        Without a receiver the parcels are only logged.
        """
        self._close_events()
        parcels, self._queue = self._queue, []
        tally = Tally()
        if self._config.receiver_url is None:
            for parcel in parcels:
                self.log.append(parcel)
                tally.posted[parcel.kind] = tally.posted.get(parcel.kind, 0) + 1
            return tally
        async with httpx.AsyncClient(
            base_url=self._config.receiver_url,
            transport=self._config.receiver_transport,
            timeout=30,
            trust_env=False,
            verify=_tls(),
        ) as client:
            for parcel in parcels:
                await self._post(client, parcel, tally)
        return tally

    async def _post(self, client: httpx.AsyncClient, parcel: Parcel, tally: Tally) -> None:
        parcel.tries += 1
        try:
            answer = await client.post(
                parcel.path, content=parcel.raw, headers=self._headers(parcel)
            )
        except httpx.TransportError as problem:
            parcel.status, parcel.problem = None, f"{type(problem).__name__}: {problem}"
        else:
            parcel.status, parcel.problem = answer.status_code, ""
            if not answer.is_success:
                parcel.problem = answer.text[:300]
        if parcel.tries == 1:
            self.log.append(parcel)
        if parcel.status is not None and 200 <= parcel.status < 300:
            tally.posted[parcel.kind] = tally.posted.get(parcel.kind, 0) + 1
        elif (
            parcel.kind in ("inbound", "form") and parcel.status is not None and parcel.status < 500
        ):
            tally.dropped += 1
        else:
            self._queue.append(parcel)
            tally.undelivered.append(
                {"kind": parcel.kind, "path": self._public_path(parcel.path),
                 "status": parcel.status, "problem": parcel.problem}
            )  # fmt: skip

    def _public_path(self, path: str) -> str:
        return path.replace(self._config.keys.inbound_token, "***")

    def shown(self, kind: str | None = None) -> list[dict[str, Any]]:
        """Return the logged webhooks, oldest first, with JSON bodies parsed."""
        rows = []
        for parcel in self.log:
            if kind is None or parcel.kind == kind:
                text = parcel.raw.decode("utf-8", errors="replace")
                is_json = parcel.content_type == "application/json"
                row = {**asdict(parcel), "path": self._public_path(parcel.path)}
                rows.append({**row, "body": json.loads(text) if is_json else text})
        return rows

    def forget(self) -> None:
        """Drop what is queued and logged."""
        self._events, self._queue = [], []
        self.log.clear()

    def dump(self) -> list[dict[str, Any]]:
        """Return what is still undelivered, as JSON."""
        self._close_events()
        return [asdict(parcel) for parcel in self._queue]

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Take over what was undelivered."""
        self._queue = [Parcel(**row) for row in rows]
