"""The forms of a report, by name."""

import json
from collections.abc import Callable, Iterable
from dataclasses import asdict
from importlib import import_module

from baton.core.errors import InputError
from baton.core.settings import Settings
from baton.reports import changes, changes_text, store
from baton.reports.export import plain
from baton.reports.model import Report
from baton.warehouse.connect import connect

# Form -> the ending of its file.
FORMS = {"table": "txt", "html": "html", "json": "json", "csv": "csv"}
_MODULES = {"table": "terminal", "html": "page", "json": "export", "csv": "export"}


def written(settings: Settings, forms: Iterable[str]) -> dict[str, str]:
    """Return the newest report in each of the forms asked for."""
    with connect(settings.database_url) as conn:
        report = store.latest(conn)
    return {form: _writer(form)(report) for form in forms}


def written_changes(settings: Settings, form: str, since: str | None) -> str:
    """Return what changed since the report before, or the newest as of `since`, as text or JSON."""
    if form not in ("table", "json"):
        raise InputError(f"--changes has no form {form!r}; leave --format out, or use --json.")
    from_then = None if since is None else changes.moment(since)
    with connect(settings.database_url) as conn:
        found = changes.changes_of(conn, from_then)
    if form == "json":
        return json.dumps(
            asdict(found), default=plain, ensure_ascii=False, indent=1, allow_nan=False
        )
    return changes_text.listed(found)


def _writer(form: str) -> Callable[[Report], str]:
    writer: Callable[[Report], str] = getattr(
        import_module(f"baton.reports.{_MODULES[form]}"), f"as_{form}"
    )
    return writer
