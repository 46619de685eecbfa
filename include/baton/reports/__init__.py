"""The stage report: computed by `steps.publish`, kept in `ops.report*`, shown in several forms."""

from baton.core.settings import Settings


def render(settings: Settings, form: str) -> str:
    """Return the newest report as "table", "html", "json" or "csv".

    Raises InputError if there is no report yet.
    """
    from baton.reports.output import written

    return written(settings, (form,))[form]
