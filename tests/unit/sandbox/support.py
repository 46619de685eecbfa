"""A receiver that checks signatures with the vendors' own means, and a sandbox that tells it."""

from __future__ import annotations

import hashlib
import hmac
import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx
from fastapi import FastAPI, Request
from fastapi.responses import Response
from sendgrid.helpers.eventwebhook import EventWebhook
from starlette.testclient import TestClient

from sandbox import keys as sandbox_keys
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.keys import Keys
from sandbox.world import World

# A Monday morning: answers come the same day and meetings within the week.
MONDAY = datetime(2026, 3, 2, 9, tzinfo=UTC)


@dataclass
class Receiver:
    """Keeps what comes in; `status` is what it answers."""

    keys: Keys
    status: int = 204
    events: list[dict[str, Any]] = field(default_factory=list)
    batches: list[list[dict[str, Any]]] = field(default_factory=list)
    inbound: list[dict[str, str]] = field(default_factory=list)
    signals: list[dict[str, Any]] = field(default_factory=list)
    bookings: list[dict[str, Any]] = field(default_factory=list)
    transcripts: list[dict[str, Any]] = field(default_factory=list)
    one_clicks: list[str] = field(default_factory=list)
    unsigned: list[str] = field(default_factory=list)

    def app(self) -> FastAPI:
        """The ASGI application."""
        app = FastAPI()

        @app.post("/webhooks/sendgrid/events")
        async def events(request: Request) -> Response:
            body = (await request.body()).decode()
            hook = EventWebhook(self.keys.webhook_public_key)
            name = "X-Twilio-Email-Event-Webhook-"
            signed = hook.verify_signature(
                body, request.headers[f"{name}Signature"], request.headers[f"{name}Timestamp"]
            )
            if self._take(signed, "events"):
                self.batches.append(json.loads(body))
                self.events.extend(self.batches[-1])
            return Response(status_code=self.status)

        @app.post("/webhooks/sendgrid/inbound/{token}")
        async def inbound(request: Request, token: str) -> Response:
            form = await request.form()
            if self._take(token == self.keys.inbound_token, "inbound"):
                self.inbound.append({k: str(v) for k, v in form.items()})
            return Response(status_code=self.status)

        @app.post("/webhooks/signals/{source}")
        async def signals(request: Request, source: str) -> Response:
            return await self._signed(request, self.signals)

        @app.post("/webhooks/transcripts")
        async def transcripts(request: Request) -> Response:
            return await self._signed(request, self.transcripts)

        @app.post("/webhooks/bookings/cal")
        async def bookings(request: Request) -> Response:
            body = await request.body()
            digest = hmac.new(self.keys.cal_secret.encode(), body, hashlib.sha256).hexdigest()
            if self._take(request.headers["x-cal-signature-256"] == digest, "bookings"):
                self.bookings.append(json.loads(body))
            return Response(status_code=self.status)

        @app.post("/u/{token}")
        async def one_click(request: Request, token: str) -> Response:
            form = await request.form()
            if self._take(form.get("List-Unsubscribe") == "One-Click", "one_click"):
                self.one_clicks.append(token)
            return Response(status_code=self.status)

        return app

    async def _signed(self, request: Request, rows: list[dict[str, Any]]) -> Response:
        body = await request.body()
        fields = dict(p.split("=", 1) for p in request.headers["X-Baton-Signature"].split(","))
        signed = fields["t"].encode() + b"." + body
        digest = hmac.new(self.keys.signal_secret.encode(), signed, hashlib.sha256).hexdigest()
        if self._take(fields["v1"] == digest, request.url.path):
            rows.append(json.loads(body))
        return Response(status_code=self.status)

    def _take(self, signed: bool, name: str) -> bool:
        if not signed:
            self.unsigned.append(name)
        return signed and self.status < 300


@dataclass
class Sandbox:
    """One sandbox in-process, driven over HTTP."""

    http: TestClient
    keys: Keys
    receiver: Receiver
    world: World

    def control(self, path: str, **body: Any) -> Any:
        """POST to the control API and return its JSON."""
        answer = self.http.post(f"/_control/{path}", json=body)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def send(self, to: str, **changes: Any) -> httpx.Response:
        """Send one mail through the SendGrid stand-in."""
        return self.http.post(
            "/sendgrid/v3/mail/send",
            json=mail_payload(to, **changes),
            headers={"Authorization": f"Bearer {self.keys.sendgrid_key}"},
        )

    def targets(self, count: int) -> list[str]:
        """Addresses a motion that scores well would write to: the best fits first."""
        market = self.world.market
        people = [p for p in market.people if market.account_by_id[p.account_id].origin == "target"]
        people.sort(
            key=lambda p: market.account_by_id[p.account_id].icp * p.persona_fit, reverse=True
        )
        return [p.email for p in people[:count]]


def mail_payload(to: str, **changes: Any) -> dict[str, Any]:
    """A complete mail-send request; `changes` replace or (None) remove members."""
    key = f"snd_{to}"
    payload: dict[str, Any] = {
        "personalizations": [{"to": [{"email": to}], "custom_args": {"send_key": key}}],
        "from": {"email": "clara.voss@halden.example", "name": "Clara Voss"},
        "reply_to": {"email": "clara.voss@halden.example"},
        "subject": "A question about planning",
        "content": [
            {
                "type": "text/plain",
                "value": "Hello,\n\nWould a short call help?\n"
                f"Book here: https://book.example/clara?uid=ref-{to.split('@', maxsplit=1)[0]}\n",
            }
        ],
        "headers": {
            "List-Unsubscribe": f"<https://public.example/u/{to.replace('@', '-at-')}>",
            "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
        },
        **changes,
    }
    return {name: value for name, value in payload.items() if value is not None}


def make_sandbox(**settings: Any) -> Sandbox:
    """A sandbox with a still clock at MONDAY and a receiver beside it."""
    keys = settings.pop("keys", None) or sandbox_keys.generate()
    receiver = Receiver(keys)
    config = SandboxConfig(
        keys=keys,
        **{
            "start": MONDAY,
            "receiver_url": "http://receiver.test",
            "receiver_transport": httpx.ASGITransport(app=receiver.app()),
            **settings,
        },
    )
    app = create_app(config)
    return Sandbox(TestClient(app), keys, receiver, app.state.world)
