"""The forms of a report, by name."""

from collections.abc import Callable, Iterable
from importlib import import_module

from baton.core.settings import Settings
from baton.reports import store
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


def _writer(form: str) -> Callable[[Report], str]:
    writer: Callable[[Report], str] = getattr(
        import_module(f"baton.reports.{_MODULES[form]}"), f"as_{form}"
    )
    return writer
