"""The unsubscribe link. Opening it changes nothing, because scanners open every link; a post does.

RFC 8058: the mail program posts `List-Unsubscribe=One-Click` to the same address.
"""

from fastapi import APIRouter, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import HTMLResponse

from baton.contactability import suppressions
from baton.core.errors import InputError
from baton.core.ids import read_token
from baton.receiver.desk import read_body
from baton.receiver.door import Door

MAX_FORM_BYTES = 10_000
PURPOSE = "unsubscribe"
SOURCE = "one_click"
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 1.05rem/1.5 system-ui, sans-serif; max-width: 32rem; margin: 12vh auto; padding: 0 1rem; }}
button {{ font: inherit; padding: .6rem 1.2rem; cursor: pointer; }}
</style>
</head>
<body>
<main>
<h1>{title}</h1>
<p>{text}</p>
{form}
</main>
</body>
</html>
"""
_BUTTON = '<form method="post"><button type="submit">Unsubscribe</button></form>'
# The token stays out of other sites' logs and of caches, and nobody frames the button.
_HEADERS = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; "
    "form-action 'self'; frame-ancestors 'none'",
}


def routes(door: Door, secret: str) -> APIRouter:
    """Return the two routes of the link."""
    router = APIRouter()

    @router.get("/u/{token}")
    async def page(token: str) -> HTMLResponse:
        return ask(secret, token)

    @router.post("/u/{token}")
    async def one_click(request: Request, token: str) -> HTMLResponse:
        await read_body(request, MAX_FORM_BYTES)
        return await run_in_threadpool(opt_out, door, secret, token)

    return router


def ask(secret: str, token: str) -> HTMLResponse:
    """Return the page with the button; it asks no database."""
    if read_token(token, PURPOSE, secret) is None:
        return _unknown()
    return _page(200, "Unsubscribe", "Do you want no more e-mail from us?", _BUTTON)


def opt_out(door: Door, secret: str, token: str) -> HTMLResponse:
    """Suppress the person at once, under their row's lock; the second time changes nothing.

    Raises psycopg.OperationalError where the database is away.
    """
    contact_id = read_token(token, PURPOSE, secret)
    if contact_id is None:
        return _unknown()
    try:
        with door.connect() as conn:
            suppressions.opt_out(conn, contact_id, SOURCE, secret)
    except InputError:
        # Erased meanwhile; the keyed hash keeps them suppressed.
        pass
    return _page(200, "You are unsubscribed", "We will not write to you again.")


def _unknown() -> HTMLResponse:
    return _page(
        404,
        "This link is not complete",
        "Please copy the whole address from the e-mail, or answer it with one line.",
    )


def _page(status: int, title: str, text: str, form: str = "") -> HTMLResponse:
    return HTMLResponse(_PAGE.format(title=title, text=text, form=form), status, _HEADERS)
