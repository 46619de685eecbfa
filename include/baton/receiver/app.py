"""The receiver as an ASGI application: `uvicorn --factory baton.receiver.app:create_app`."""

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import psycopg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from baton.core import settings as core_settings
from baton.core.settings import Settings
from baton.playbook import signals as playbook
from baton.receiver import unsubscribe, webhooks
from baton.receiver.desk import Desk, NotConfigured, Secrets, TooLarge
from baton.receiver.door import Door
from baton.receiver.verify import Unverified

log = logging.getLogger("baton.receiver")


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application. Without `settings` they are read from the environment.

    Raises SettingsError or PlaybookError where it could not do its work.
    """
    given = settings or core_settings.load()
    door = Door(given.database_url)
    desk = Desk(door, Secrets.read(given), playbook.load(given.playbook).webhooks)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        with door.open():
            yield

    app = FastAPI(
        title="Baton receiver", docs_url=None, redoc_url=None, openapi_url=None, lifespan=lifespan
    )
    for routes in (webhooks.sendgrid, webhooks.signed, webhooks.bookings):
        app.include_router(routes(desk))
    app.include_router(unsubscribe.routes(door, given.secret))
    app.add_exception_handler(psycopg.OperationalError, _later)
    app.add_exception_handler(NotConfigured, _closed)
    app.add_exception_handler(Unverified, _refused)
    app.add_exception_handler(TooLarge, _too_large)

    @app.get("/healthz")
    def health() -> Response:
        with door.connect() as conn:
            conn.execute("select 1")
        return JSONResponse({"status": "ok"})

    return app


def _later(_: Request, error: Exception) -> Response:
    log.error("The warehouse cannot be reached; senders are asked to try again: %s", error)
    body = {"error": "The warehouse cannot be reached; please try again."}
    return JSONResponse(body, 503, {"Retry-After": "30"})


def _closed(_: Request, error: Exception) -> Response:
    log.error("%s is not set, so a webhook was turned away.", error)
    body = {"error": "This webhook is not configured here; nothing was taken."}
    return JSONResponse(body, 503, {"Retry-After": "300"})


def _refused(request: Request, error: Exception) -> Response:
    log.warning("Refused a post to %s: %s", request.url.path, error)
    return JSONResponse({"error": str(error)}, 400)


def _too_large(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "The body is too large; nothing of it was taken."}, 413)
