"""The way in: what pages there are. Airflow's navigation leads to each of them directly as well."""

from html import escape
from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import HTMLResponse

from baton.playbook.roles import Person
from pages import PAGES
from pages.access import current_user

router = APIRouter()


@router.get("/", response_class=HTMLResponse)
def home(user: Annotated[Person, Depends(current_user)]) -> HTMLResponse:
    """List the pages, and say who is signed in and as what."""
    links = "".join(
        f'<li><a href="{page.path}">{page.title}</a>: {page.purpose}</li>' for page in PAGES
    )
    return HTMLResponse(
        f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>Baton</title>
<meta name="color-scheme" content="light dark">
<style>body {{ font: 1rem/1.5 system-ui, sans-serif; margin: 2rem; max-width: 40rem }}</style>
</head><body><h1>Baton</h1><ul>{links}</ul>
<p>Signed in as {escape(user.name)} ({user.role}).</p></body></html>"""
    )
