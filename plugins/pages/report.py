"""The stage report inside Airflow. Thin: `baton.reports` computed it before and lays it out.

Everybody may read it. A rep sees every rep's figures too: they are rates, and no lead is named.
"""

from typing import Annotated

import psycopg
from fastapi import APIRouter, Depends, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from markupsafe import Markup

from baton.core.errors import InputError
from baton.core.settings import Settings
from baton.playbook.roles import Person
from baton.reports import page as report_page
from baton.reports import store
from baton.reports.model import CUTS
from baton.warehouse.connect import connect
from baton_airflow.hooks import settings
from pages.access import require
from pages.rendering import page

router = APIRouter(prefix="/report")


@router.get("", response_class=HTMLResponse)
def show(
    request: Request,
    user: Annotated[Person, Depends(require("viewer"))],
    baton: Annotated[Settings, Depends(settings)],
    cut: Annotated[str, Query(max_length=40)] = "all",
    value: Annotated[str, Query(max_length=200)] = "",
) -> HTMLResponse:
    """Show the newest report: for all, compared by a cut, or for one group of a cut."""
    if cut != "all" and cut not in CUTS:
        raise HTTPException(
            404, f"Reports are not cut by {cut!r}; choose one of: {', '.join(CUTS)}."
        )
    try:
        with connect(baton.database_url) as conn:
            report = store.latest(conn)
    except psycopg.OperationalError:
        raise HTTPException(
            503, "The warehouse does not answer; `baton doctor` says more."
        ) from None
    except InputError as missing:
        return page(request, "report.html", "Stage report", user, body=None, missing=str(missing))
    if value and value not in {figure.cut_value for figure in report.figures if figure.cut == cut}:
        raise HTTPException(
            404,
            f"The report has no {value!r} under {CUTS.get(cut, cut)}; its page lists the groups.",
        )
    # The body is made by baton.reports, which escapes whatever came from outside.
    body = Markup(report_page.body(report, cut, value))  # noqa: S704
    return page(request, "report.html", "Stage report", user, body=body, missing="")


@router.get("/style.css")
def style() -> Response:
    """Return the report's style; the page allows no inline style."""
    return Response(report_page.stylesheet(), media_type="text/css")
