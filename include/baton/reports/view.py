"""A report as the page and the HTML file show it: everything said already, only to be laid out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from baton.reports import svg
from baton.reports.headline import Answer, headline
from baton.reports.model import CUTS, Alarm, Definition, Figure, Report, Step
from baton.reports.text import (
    CREDIT_NOTE,
    NO_GROUP,
    UNATTRIBUTED,
    beside,
    count_of,
    group_of,
    in_place_of,
    interval_of,
    lack,
    parts_of,
    value_of,
)

TITLES = {
    "signals": "Signals", "scoring": "Scoring", "drafting": "Drafting", "review": "Review",
    "delivery": "Delivery", "scheduling": "Scheduling", "handoff": "Handoff",
    "post_meeting": "After the meeting", "attribution": "Attribution",
}  # fmt: skip
# More weeks than these are in the JSON and CSV files.
WEEKS = 12


@dataclass(frozen=True)
class Line:
    """One figure as it is said."""

    metric: str
    label: str
    value: str
    parts: str
    n: str
    interval: str
    picture: Markup
    note: str
    is_dash: bool
    is_mature: bool


@dataclass(frozen=True)
class Comparison:
    """A table of one stage in one cut: a row per group, a column per metric.

    Without rows the note stands for it: the data do not know the cut.
    """

    by: str
    title: str
    metrics: list[Definition]
    rows: list[tuple[str, bool, list[list[Line]]]]
    note: str = ""


@dataclass(frozen=True)
class Section:
    """One stage."""

    stage: str
    title: str
    lines: list[Line]
    comparisons: list[Comparison]


@dataclass(frozen=True)
class View:
    """All that a template needs. `cut` and `value` are what the figures are narrowed to."""

    as_of: str
    made_at: str
    answers: list[Answer]
    alarms: tuple[Alarm, ...]
    pictures: list[tuple[str, Markup]]
    sections: list[Section]
    definitions: list[Definition]
    cuts: list[tuple[str, str]]
    values: list[tuple[str, str]]
    cut: str
    value: str
    cut_name: str
    value_name: str


def view(report: Report, cut: str = "all", value: str = "", cuts: Sequence[str] = ()) -> View:
    """Lay out a report for all, or for one group of a cut; `cuts` are compared in tables beside.

    A cut without a value shows the figures for all, and compares the cut's groups.
    """
    group = (cut, value) if value else ("all", "")
    compared = [*cuts, *([cut] if cut != "all" and not value else [])]
    sections = [
        Section(
            stage,
            TITLES.get(stage, stage),
            [
                _line(report, figure)
                for definition in report.stage(stage)
                for figure in report.of(definition.metric, group[0])
                if figure.cut_value == group[1]
            ],
            [found for each in compared if (found := _comparison(report, stage, each))],
        )
        for stage in dict.fromkeys(each.stage for each in report.definitions.values())
    ]
    values = _in_order(cut, {figure.cut_value for figure in report.figures if figure.cut == cut})
    return View(
        as_of=f"{report.as_of:%Y-%m-%d %H:%M} UTC",
        made_at=f"{report.made_at:%Y-%m-%d %H:%M} UTC",
        answers=headline(report, group),
        alarms=report.alarms,
        pictures=_pictures(report, group),
        sections=[each for each in sections if each.lines or each.comparisons],
        definitions=list(report.definitions.values()),
        cuts=[(each, CUTS[each]) for each in report.cuts()],
        values=[] if cut == "all" else [(each, group_of(cut, each)) for each in values],
        cut=cut,
        value=value,
        cut_name=CUTS.get(cut, ""),
        value_name=group_of(cut, value) if value else "",
    )


def _line(report: Report, figure: Figure) -> Line:
    definition = report.definitions[figure.metric]
    return Line(
        metric=figure.metric,
        label=definition.label,
        value=value_of(figure),
        parts=parts_of(figure, definition),
        n=count_of(figure),
        interval=interval_of(figure),
        picture=Markup(svg.interval(figure)),  # noqa: S704  made of numbers only
        note=figure.dash or beside(report, figure),
        is_dash=figure.value is None,
        is_mature=figure.mature,
    )


def _comparison(report: Report, stage: str, cut: str) -> Comparison | None:
    columns = [
        definition
        for definition in report.stage(stage)
        if any(figure.value is not None for figure in report.of(definition.metric, cut))
    ]
    if not columns:
        return None
    cells: dict[str, dict[str, list[Figure]]] = {}
    for definition in columns:
        for figure in report.of(definition.metric, cut):
            cells.setdefault(figure.cut_value, {}).setdefault(figure.metric, []).append(figure)
    title = f"{TITLES.get(stage, stage)} by {CUTS[cut]}"
    if why := lack(cells):
        said = in_place_of(TITLES.get(stage, stage), why, [cut])
        return Comparison(CUTS[cut], title, [], [], said)
    rows = []
    for each in _in_order(cut, cells)[: WEEKS if cut == "week" else None]:
        figures = [cells[each].get(definition.metric, []) for definition in columns]
        mature = all(figure.mature for found in figures for figure in found)
        lines = [[_line(report, figure) for figure in found] for found in figures]
        rows.append((group_of(cut, each), mature, lines))
    credited = any(definition.metric.startswith("revenue_credit_") for definition in columns)
    note = CREDIT_NOTE if credited and cut != "week" else ""
    return Comparison(CUTS[cut], title, columns, rows, note)


def _in_order(cut: str, groups: Iterable[str]) -> list[str]:
    """Return groups by name, weeks from the newest; what has no group comes last."""
    if cut == "week":
        return sorted(groups, reverse=True)
    return sorted(groups, key=lambda each: (each == UNATTRIBUTED, each in NO_GROUP, each))


def _pictures(report: Report, group: tuple[str, str]) -> list[tuple[str, Markup]]:
    """Return the motion's funnel (if anything is in it) and that of opportunities."""
    made = []
    steps = report.funnel.get(group, ())
    if any(step.count for step in steps):
        made.append(("From signal to revenue", steps))
    deals = _deals(report, group)
    if deals[0].count:
        made.append(("Opportunities, wherever they came from", deals))
    return [(name, Markup(svg.funnel(each, name))) for name, each in made]  # noqa: S704


def _deals(report: Report, group: tuple[str, str]) -> tuple[Step, ...]:
    def counted(metric: str, part: str) -> int:
        found = [f for f in report.of(metric, group[0]) if f.cut_value == group[1]]
        number = getattr(found[0], part) if found else None
        return int(number or 0)

    return (
        Step("opened", "opportunities", counted("opportunity_count", "value")),
        Step("closed", "opportunities", counted("win_rate", "denominator")),
        Step("won", "opportunities", counted("win_rate", "numerator")),
    )
