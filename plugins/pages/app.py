"""The app that carries the pages: login, role and origin are checked here, before any page's code."""

from importlib import import_module
from pathlib import Path

from airflow.api_fastapi.app import get_auth_manager
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.exception_handlers import http_exception_handler
from fastapi.responses import RedirectResponse
from fastapi.staticfiles import StaticFiles
from starlette.exceptions import HTTPException as StarletteHTTPException
from starlette.middleware.base import RequestResponseEndpoint

from pages import PAGES
from pages.access import refuse_foreign_writes, require

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
    app.add_exception_handler(StarletteHTTPException, _to_login)
    app.middleware("http")(_protect)
    app.mount("/static", StaticFiles(directory=STATIC, check_dir=False), name="static")
    for name in ("home", *(page.name for page in PAGES)):
        app.include_router(import_module(f"pages.{name}").router)
    return app


async def _protect(request: Request, call_next: RequestResponseEndpoint) -> Response:
    """Add the headers, which a page may set more strictly by itself."""
    response = await call_next(request)
    for name, value in HEADERS.items():
        if not (name == "Cache-Control" and "/static/" in request.url.path):
            response.headers.setdefault(name, value)
    return response


async def _to_login(request: Request, error: Exception) -> Response:
    """Show the login to a browser that opens a page unknown; tell anything else plainly."""
    assert isinstance(error, StarletteHTTPException)
    wants_page = request.method == "GET" and "text/html" in request.headers.get("accept", "")
    if error.status_code == 401 and wants_page:
        return RedirectResponse(get_auth_manager().get_url_login(next_url=str(request.url)), 302)
    return await http_exception_handler(request, HTTPException(error.status_code, error.detail))
