"""The stage report: computed by `steps.publish`, kept in `ops.report*`, shown in several forms."""

from baton.core.settings import Settings


def render(settings: Settings, form: str) -> str:
    """Return the newest report as "table", "html", "json" or "csv".

    Raises InputError if there is no report yet.
    """
    from baton.reports.output import written

    return written(settings, (form,))[form]


def render_changes(settings: Settings, form: str, since: str | None) -> str:
    """Return what changed since the report before (or the newest as of `since`) as "table" or "json".

    Raises InputError if there is no report, if `since` is no time or there is none as of it, or for
    another form.
    """
    from baton.reports.output import written_changes

    return written_changes(settings, form, since)
