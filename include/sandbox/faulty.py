"""ASGI middleware that puts the switched-on faults between the vendors and their callers."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sandbox.faults import Faults

FIRST_SEGMENTS = ("sendgrid", "openai", "hubspot", "feeds", "jobs")
BODIES: dict[str, dict[int, dict[str, Any]]] = {
    "sendgrid": {
        429: {"errors": [{"field": None, "message": "too many requests"}]},
        500: {"errors": [{"field": None, "message": "internal server error"}]},
    },
    "openai": {
        429: {"error": {"message": "Rate limit reached for requests.", "type": "requests",
                        "param": None, "code": "rate_limit_exceeded"}},
        500: {"error": {"message": "The server had an error while processing your request.",
                        "type": "server_error", "param": None, "code": None}},
    },
    "hubspot": {
        429: {"status": "error", "message": "You have reached your ten_secondly_rolling limit.",
              "correlationId": "00000000-0000-4000-8000-000000000429", "category": "RATE_LIMITS"},
        500: {"status": "error", "message": "internal error",
              "correlationId": "00000000-0000-4000-8000-000000000500", "category": "ERROR"},
    },
}  # fmt: skip


class FaultyApp:
    """Wraps the application; must be the outermost layer, so that it holds the transport."""

    def __init__(self, app: ASGIApp, faults: Faults) -> None:
        self._app = app
        self._faults = faults

    @property
    def state(self) -> Any:
        """The wrapped application's state (`state.world` is the World)."""
        return self._app.state  # type: ignore[attr-defined]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one ASGI connection."""
        path = scope.get("path", "")
        vendor = path.strip("/").split("/", 1)[0]
        if scope["type"] != "http" or vendor not in FIRST_SEGMENTS:
            await self._app(scope, receive, send)
            return
        strike = self._faults.strike
        if slow := strike(vendor, "latency", path):
            await asyncio.sleep(slow.ms / 1000)
        if limit := strike(vendor, "rate_limit", path):
            await _answer(send, vendor, 429, limit.retry_after)
        elif strike(vendor, "error_before", path):
            await _answer(send, vendor, 500)
        elif strike(vendor, "reset_before", path):
            await _drain(receive)
            await _reset(receive, send)
        elif strike(vendor, "error_after", path):
            await self._app(scope, receive, _swallow)
            await _answer(send, vendor, 500)
        elif strike(vendor, "reset_after", path):
            await self._app(scope, receive, _swallow)
            await _reset(receive, send)
        else:
            await self._app(scope, receive, send)


async def _swallow(message: Message) -> None:
    """Swallow an answer, so that it never leaves."""


async def _drain(receive: Receive) -> None:
    while True:
        message = await receive()
        if message["type"] != "http.request" or not message.get("more_body"):
            return


async def _answer(send: Send, vendor: str, status: int, retry_after: int | None = None) -> None:
    body = BODIES.get(vendor, {}).get(status, {"error": f"status {status}"})
    headers = [(b"content-type", b"application/json")]
    if retry_after is not None:
        headers.append((b"retry-after", str(retry_after).encode()))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


async def _reset(receive: Receive, send: Send) -> None:
    """Drop the TCP connection with a reset and without a byte of an answer.

    ASGI knows no such thing, so this reaches through uvicorn's `send`, a method of its cycle of
    request and response, to the transport. With SO_LINGER of zero, closing sends RST.

    Raises:
        ConnectionResetError: there is no transport (the app is called in-process).

    """
    transport = getattr(getattr(send, "__self__", None), "transport", None)
    if transport is None:
        raise ConnectionResetError("The sandbox dropped this connection, as it was told to.")
    raw = transport.get_extra_info("socket")
    if raw is not None:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    transport.abort()
    # Until the loop has noticed, uvicorn would try to answer 500 into the closed connection.
    while (await receive())["type"] != "http.disconnect":
        pass
