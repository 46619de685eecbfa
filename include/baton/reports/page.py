"""The report as HTML: a whole file that needs nothing else, or a body for a page around it."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from baton.reports.model import CUTS, Report
from baton.reports.view import view

TEMPLATES = Path(__file__).parent / "templates"
# These cuts stand in the file, folded; every other one is a column of the CSV and JSON files.
FILE_CUTS = tuple(CUTS)


def as_html(report: Report) -> str:
    """Return the report as one file: style and pictures inside, no script, light and dark."""
    shown = view(report, cuts=[cut for cut in FILE_CUTS if cut in report.cuts()])
    return _templates().get_template("file.html").render(view=shown, links=False, css=stylesheet())


def body(report: Report, cut: str = "all", value: str = "") -> str:
    """Return the report's content as it stands in a page, narrowed to a group of a cut.

    Links that choose a cut are relative to the page (`?cut=...&value=...`).
    """
    return _templates().get_template("body.html").render(view=view(report, cut, value), links=True)


def stylesheet() -> str:
    """Return the report's style, on the colour names of Baton's pages (`--text`, `--series-1`)."""
    return (TEMPLATES / "report.css").read_text(encoding="utf-8")


@cache
def _templates() -> Environment:
    return Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
