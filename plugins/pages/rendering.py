"""How every page is made: one base layout, text from outside escaped, no script that is not ours."""

from pathlib import Path
from typing import Any

from fastapi import Request
from fastapi.responses import HTMLResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from baton.playbook.roles import Person
from pages import PAGES

# Stricter than the app's own: these pages carry neither inline scripts nor inline styles.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
)

_templates = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=select_autoescape(default=True, default_for_string=True),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_templates.policies["json.dumps_kwargs"] = {"sort_keys": False}


def page(
    request: Request, template: str, title: str, user: Person | None, **context: Any
) -> HTMLResponse:
    """Return a page of `templates/`. A variable that the template misses raises.

    Templates get `root` (the address under which the pages are mounted), `here` (the page's path
    below it), `title`, `user` (None where nobody is known) and `pages` beside `context`.
    """
    root = request.scope.get("root_path", "").rstrip("/")
    here = request.url.path.removeprefix(root).strip("/")
    text = _templates.get_template(template).render(
        root=root, here=here, title=title, user=user, pages=PAGES, **context
    )
    return HTMLResponse(text, headers={"Content-Security-Policy": POLICY})
