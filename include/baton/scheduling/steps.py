"""The steps of meeting_scheduling."""

from baton.ledger import calendar
from baton.scheduling import bookings, meetings
from baton.warehouse.run import Run


def book(run: Run) -> dict[str, int | str]:
    """Turn landed booking events into bookings and meetings with owners; stop the guests' sequences.

    Events, bookings, meetings, holds and the watermark are one transaction. Returns counts.
    """
    with run.connect() as conn:
        intake = bookings.take(conn, run)
        counts = meetings.settle(conn, run, intake.touched)
        owners = meetings.find_owners(conn, run)
    return {
        "events": intake.received,
        "quarantined": intake.quarantined,
        **counts,
        "owners_found": owners,
    }


def write_calendar(run: Run) -> dict[str, int | str]:
    """Put every released meeting into its owner's own calendar. Returns counts by outcome."""
    return calendar.write_events(run)
