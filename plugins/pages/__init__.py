"""Baton's pages inside the Airflow UI, under /baton.

Each page is a module `pages/<name>.py` with a `router: fastapi.APIRouter` and is named in `PAGES`.
Nothing is imported before a page is asked for: tasks load the plugin too, and need no pages.
"""

from dataclasses import dataclass

PREFIX = "/baton"


@dataclass(frozen=True)
class Page:
    """One page: its module and address, its short name in the navigation, what it is for."""

    name: str
    label: str
    title: str
    purpose: str

    @property
    def path(self) -> str:
        """Return the address, as seen from outside."""
        return f"{PREFIX}/{self.name}"


PAGES = (
    Page(
        "review",
        "Review",
        "Review desk",
        "Read, edit, approve or kill drafts before anything is sent.",
    ),
    Page(
        "briefs",
        "Briefs",
        "Briefs",
        "What to know before each meeting: your own, the soonest first.",
    ),
    Page(
        "exceptions",
        "Exceptions",
        "Exceptions",
        "What the machine could not decide waits here for a person.",
    ),
    Page(
        "report",
        "Report",
        "Stage report",
        "The funnel by stage, from signal to revenue, and the gates.",
    ),
)
