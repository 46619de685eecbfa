"""The receiver as an ASGI application: `uvicorn --factory baton.receiver.app:create_app`."""

import logging

import psycopg
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

from baton.core import settings as core_settings
from baton.core.settings import Settings
from baton.playbook import signals as playbook
from baton.receiver import unsubscribe, webhooks
from baton.receiver.desk import Desk, NotConfigured, Secrets, TooLarge
from baton.receiver.verify import Unverified
from baton.warehouse.connect import connect

log = logging.getLogger("baton.receiver")


def create_app(settings: Settings | None = None) -> FastAPI:
    """Return the application. Without `settings` they are read from the environment.

    Raises SettingsError or PlaybookError where it could not do its work.
    """
    given = settings or core_settings.load()
    desk = Desk(given, Secrets.read(given), playbook.load(given.playbook).webhooks)
    app = FastAPI(title="Baton receiver", docs_url=None, redoc_url=None, openapi_url=None)
    for routes in (webhooks.sendgrid, webhooks.signed, webhooks.bookings):
        app.include_router(routes(desk))
    app.include_router(unsubscribe.routes(given))
    app.add_exception_handler(psycopg.OperationalError, _later)
    app.add_exception_handler(NotConfigured, _closed)
    app.add_exception_handler(Unverified, _refused)
    app.add_exception_handler(TooLarge, _too_large)

    @app.get("/healthz")
    def health() -> Response:
        with connect(given.database_url) as conn:
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
