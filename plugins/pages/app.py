"""The app that carries the pages: login, role and origin are checked here, before any page's code."""

from http import HTTPStatus
from importlib import import_module
from pathlib import Path

from airflow.api_fastapi.app import get_auth_manager
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.base import RequestResponseEndpoint

from baton.core.errors import BatonError
from pages import PAGES
from pages.access import refuse_foreign_writes, require
from pages.rendering import page

STATIC = Path(__file__).parent / "static"

# Text from outside is shown on these pages: whatever slips through as markup must not run.
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "img-src 'self' data:; object-src 'none'; base-uri 'none'; form-action 'self'; "
        "frame-ancestors 'self'"
    ),
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def create_app() -> FastAPI:
    """Return the app with every page of `pages.PAGES`.

    The pages that describe the API are off: they answer without a login.
    """
    app = FastAPI(
        title="Baton",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        dependencies=[Depends(require("viewer")), Depends(refuse_foreign_writes)],
    )
    app.add_exception_handler(StarletteHTTPException, _refused)
    app.add_exception_handler(BatonError, _broken)
    app.middleware("http")(_protect)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
    for name in ("home", *(each.name for each in PAGES)):
        app.include_router(import_module(f"pages.{name}").router)
    return app


async def _protect(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Add the headers, which a page may set more strictly by itself."""
    response = await call_next(request)
    for name, value in HEADERS.items():
        if not (name == "Cache-Control" and "/static/" in request.url.path):
            response.headers.setdefault(name, value)
    return response


async def _refused(request: Request, error: Exception) -> Response:
    """Say why not: to a browser that opens a page as a page, to anything else as JSON.

    Whoever is unknown and opens a page is shown the login.
    """
    assert isinstance(error, StarletteHTTPException)
    if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
        if error.status_code == 401:
            login = get_auth_manager().get_url_login(next_url=str(request.url))
            return RedirectResponse(login, 302)
        title = HTTPStatus(error.status_code).phrase
        said = page(request, "refused.html", title, None, said=str(error.detail))
        said.status_code = error.status_code
        return said
    return await http_exception_handler(request, HTTPException(error.status_code, error.detail))


async def _broken(request: Request, error: Exception) -> Response:
    """Say what Baton foresaw going wrong, such as a mistake in the playbook."""
    return await _refused(request, HTTPException(503, str(error)))
