"""A request that a stand-in refuses, as an exception that the application turns into its answer."""

from __future__ import annotations

import secrets
from typing import Any

from fastapi import Request
from fastapi.responses import JSONResponse


class Refused(Exception):
    """A refusal with the vendor's status and body."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(f"refused with {status}")
        self.status = status
        self.body = body


async def answer(_: Request, refusal: Exception) -> JSONResponse:
    """Return the vendor's answer to a refused request."""
    assert isinstance(refusal, Refused)
    return JSONResponse(refusal.body, status_code=refusal.status)


def has_bearer(request: Request, key: str) -> bool:
    """Return whether the request carries this bearer token, compared in constant time."""
    given = request.headers.get("authorization", "").encode()
    return secrets.compare_digest(given, f"Bearer {key}".encode())
