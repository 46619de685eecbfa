"""The receiver in front of a real database, and senders that sign as the vendors do."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest
from starlette.testclient import TestClient

from baton.core.settings import Settings
from baton.receiver.app import create_app
from baton.warehouse.connect import connect
from sandbox import keys as sandbox_keys
from sandbox.keys import Keys

PREFIX = "X-Twilio-Email-Event-Webhook-"


@dataclass
class Senders:
    """Posts to a receiver with the right signatures."""

    http: TestClient
    keys: Keys

    def events(self, items: Any) -> httpx.Response:
        body = items if isinstance(items, bytes) else json.dumps(items).encode()
        at = str(int(time.time()))
        headers = {f"{PREFIX}Timestamp": at, f"{PREFIX}Signature": self.keys.sign_events(at, body)}
        return self.http.post("/webhooks/sendgrid/events", content=body, headers=headers)

    def signed(self, path: str, document: Any) -> httpx.Response:
        body = json.dumps(document).encode()
        headers = {"X-Baton-Signature": self.keys.sign_signal(int(time.time()), body)}
        return self.http.post(path, content=body, headers=headers)

    def booking(self, document: Any) -> httpx.Response:
        body = json.dumps(document).encode()
        headers = {"x-cal-signature-256": self.keys.sign_booking(body)}
        return self.http.post("/webhooks/bookings/cal", content=body, headers=headers)

    def mail(self, body: bytes, token: str | None = None, boundary: str = "edge") -> httpx.Response:
        path = f"/webhooks/sendgrid/inbound/{token or self.keys.inbound_token}"
        kind = f"multipart/form-data; boundary={boundary}"
        return self.http.post(path, content=body, headers={"Content-Type": kind})


@pytest.fixture(scope="session")
def keys() -> Keys:
    return sandbox_keys.generate()


@pytest.fixture
def settings(settings: Settings, keys: Keys) -> Settings:
    return replace(settings, environ={**settings.environ, **keys.environment()})


@pytest.fixture
def senders(settings: Settings, keys: Keys) -> Senders:
    return Senders(TestClient(create_app(settings), raise_server_exceptions=False), keys)


@pytest.fixture
def ask(settings: Settings) -> Callable[..., list[tuple[Any, ...]]]:
    """A function that asks the database: ask("select ...", params) -> rows."""

    def ask(query: str, params: Any = None) -> list[tuple[Any, ...]]:
        with connect(settings.database_url) as conn:
            return conn.execute(query, params).fetchall()

    return ask
