"""What changed between two reports as text: two lines per figure, and where its rows stand."""

from collections.abc import Iterator
from datetime import datetime

from baton.reports.changes import Change, Changes, Made
from baton.reports.model import CUTS, Figure
from baton.reports.text import DASH, group_of, number, value_of

# Figures that a screen shows; programs get all.
SHOWN = 40


def listed(found: Changes, limit: int = SHOWN) -> str:
    """Return what changed (`changes.changes_of`) as text, at most `limit` figures of it."""
    return "\n".join(_lines(found, limit)) + "\n"


def _lines(found: Changes, limit: int) -> Iterator[str]:
    if found.before is None:
        yield (
            f"There is only one report, {_made(found.after)}: nothing to compare it with until "
            "`baton run attribution` has made another."
        )
        return
    if not found.changes:
        yield f"Nothing changed from the report {_made(found.before)} to that {_made(found.after)}."
        return
    moved = [change for change in found.changes if change.size]
    count = len(moved)
    figures = "figure" if count == 1 else "figures"
    yield f"{count:,} {figures} changed, largest change first, the whole before its groups"
    yield f"  before: the report {_made(found.before)}"
    yield f"  after:  the report {_made(found.after)}"
    yield "value (numerator / denominator); the mart has the rows that are counted"
    # The whole first: the smallest change of it may be the one that is asked about, and changes of
    # small groups are always larger.
    for change in sorted(moved, key=lambda c: c.cut != "all")[:limit]:
        yield ""
        yield f"{_name(change)}  [{change.stage}, {change.model}]"
        yield f"  {_said(change.before)} -> {_said(change.after)}"
    left_out = [
        f"{count - limit:,} more changed" if count > limit else "",
        f"{len(found.changes) - count:,} kept their value, counted of other rows"
        if len(found.changes) > count
        else "",
    ]
    if any(left_out):
        yield ""
        yield f"{' and '.join(filter(None, left_out))}: `baton report --changes --json` has them all"
    if redefined := dict.fromkeys(change.label for change in moved if change.redefined):
        yield ""
        yield f"The definition changed too: {'; '.join(redefined)}"
        yield "  `definitions` in `baton report --json` has what they mean now"


def _made(report: Made) -> str:
    return f"as of {_minute(report.as_of)} UTC (made {_minute(report.made_at)}, {report.run_id})"


def _name(change: Change) -> str:
    """Return "Win rate, Region West", with the currency where there is one."""
    cut = CUTS.get(change.cut, change.cut)
    group = group_of(change.cut, change.cut_value)
    where = "all" if change.cut == "all" else f"{cut} {group}"
    return ", ".join(filter(None, (change.label, where, change.currency)))


def _said(figure: Figure | None) -> str:
    if figure is None:
        return "not in that report"
    counted = (figure.numerator, figure.denominator)
    # A value that is itself the count has no parts to show.
    has_parts = figure.denominator is not None or figure.numerator not in (None, figure.value)
    parts = " / ".join(DASH if part is None else number(part) for part in counted)
    beside = f" ({parts})" if has_parts else ""
    why = f", {figure.dash}" if figure.dash else ""
    return f"{value_of(figure)}{beside}{why}"


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
