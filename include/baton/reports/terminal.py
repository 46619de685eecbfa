"""The report in the terminal: the answers, the funnel, one block per stage, then the cuts.

It is laid out by hand and not by a table's own rules, so that at 80 columns as at 120 a figure is
never cut off or folded: what does not fit goes to a line of its own below.
"""

import io
import shutil
import textwrap
from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from baton.reports.extras import CUT as EXTRA_CUTS
from baton.reports.headline import headline
from baton.reports.model import CUTS, Definition, Figure, Report
from baton.reports.text import (
    CREDIT_NOTE,
    DASH,
    beside,
    count_of,
    group_of,
    in_place_of,
    interval_of,
    lack,
    parts_of,
    value_of,
)
from baton.reports.view import TITLES

WIDEST = 120
NARROWEST = 80
WIDEST_LABEL = 34
# A table of a cut leaves columns out before its groups' names get less room than this.
NAMES = 20
BAR = 40
# Below so many columns, the two parts of a figure go below it where they are so long.
ROOMY, LONG = 100, 15
CREDIT = "Revenue credit, "
# What the cuts of the last stage are about; the other stages' cuts are in the file and on the page.
CUT_METRICS = ("opportunity_count", "win_rate", "revenue")
HISTORY_CUTS = ("region", "agent", "manager", "product", "sector", "icp_quartile")
CREDIT_CUTS = ("sequence", "rep", "segment", "icp_quartile")
LEGEND = (
    f"a / b: what is counted, of how many. n: units that a figure rests on. {DASH}: no figure, with the "
    "reason. open: too many are unfinished to know the bound. Every definition: docs/metrics.md."
)
NO_FUNNEL = "No account and no lead is in the motion yet, so there is no funnel to show."
COUNTS, INTERVAL = "won / closed", "95 % interval"
HEADS = ("", "value", "of, or n", INTERVAL)


def as_table(report: Report) -> str:
    """Return the report as text for a terminal (or a file): no colours unless it is a terminal."""
    width = shutil.get_terminal_size((WIDEST, 40)).columns
    width = max(min(width, WIDEST), NARROWEST)
    console = Console(file=io.StringIO(), width=width, record=True, highlight=False)
    _answers(console, report)
    _funnel(console, report)
    console.print()
    _say(console, LEGEND, style="dim")
    silent = False
    for stage in dict.fromkeys(each.stage for each in report.definitions.values()):
        silent = _stage(console, report, stage, after_silent=silent)
    _cuts(console, report, HISTORY_CUTS, CUT_METRICS, "Opportunities")
    credit = tuple(m for m in report.definitions if m.startswith("revenue_credit_"))
    if _cuts(console, report, CREDIT_CUTS, credit, "Revenue credit"):
        _say(console, CREDIT_NOTE)
    console.print()
    _say(
        console, "Every stage in every other cut: `baton report --format html`, or the page Report."
    )
    text = console.export_text()
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _say(console: Console, text: str, indent: int = 0, style: str = "") -> None:
    """Print a paragraph, each of its lines with the same indent."""
    lines = textwrap.wrap(text, console.width - indent, break_long_words=False) or [""]
    for line in lines:
        console.print(Text(" " * indent + line, style=style), soft_wrap=True)


def _answers(console: Console, report: Report) -> None:
    console.print(Text(f"Stage report as of {report.as_of:%Y-%m-%d %H:%M} UTC", style="bold"))
    for alarm in report.alarms:
        console.print()
        _say(console, f"! {alarm.what}", style="bold red")
        for sentence in alarm.sentences:
            _say(console, sentence, 4)
    for answer in headline(report):
        console.print()
        console.print(Text(answer.question, style="bold"))
        _say(console, answer.answer, 2)
        if answer.detail:
            _say(console, answer.detail, 4)
    console.print()


def _funnel(console: Console, report: Report) -> None:
    steps = report.funnel.get(("all", ""), ())
    if not any(step.count for step in steps):
        _say(console, NO_FUNNEL)
        return
    widest = {
        unit: max(s.count for s in steps if s.unit == unit) for unit in {s.unit for s in steps}
    }
    for step in steps:
        length = round(BAR * step.count / widest[step.unit]) if widest[step.unit] else 0
        bar = "█" * length if length or not step.count else "▏"
        console.print(Text(f"  {step.name:<12}{step.count:>9,} {step.unit:<9} {bar}"))


def _stage(console: Console, report: Report, stage: str, *, after_silent: bool) -> bool:
    """Print a stage's figures, or one line if it has none. Tell if it was one line."""
    shown = [
        (label, figure, definition)
        for definition in report.stage(stage)
        for label, figure in _figures(report, definition)
    ]
    if not shown:
        return after_silent
    reasons = Counter(figure.dash for _, figure, _ in shown if figure.dash is not None)
    if reasons.total() == len(shown):
        if not after_silent:
            console.print()
        console.print(_silent(stage, reasons, console.width), soft_wrap=True)
        return True
    rows = [_cells(console, report, *each) for each in shown]
    widths = [max(len(row[i]) for row in [HEADS, *rows]) for i in range(4)]
    room = console.width - sum(widths[1:]) - 3 * 2
    widths[0] = min(widths[0], WIDEST_LABEL, room)
    console.print()
    console.print(Text(TITLES.get(stage, stage), style="bold"))
    _line(console, HEADS, widths, "dim")
    for *cells, note in rows:
        _row(console, cells, note, widths)
    return False


def _silent(stage: str, reasons: Counter[str], width: int) -> Text:
    """Return the line of a stage that has nothing but dashes: its name and the commonest reason."""
    title = TITLES.get(stage, stage)
    every = "; ".join(reasons)
    first = reasons.most_common(1)[0][0]
    said = f"{DASH} {every}"
    if len(title) + 2 + len(said) > width and len(reasons) > 1:
        said = f"{DASH} {first}"
    lines = textwrap.wrap(f"{title}  {said}", width, subsequent_indent="    ")
    text = Text("\n".join(lines))
    text.stylize("bold", 0, len(title))
    return text


def _figures(report: Report, definition: Definition) -> list[tuple[str, Figure]]:
    """Return a metric's figures with their labels: for all, or one per signal type, rule or reason.

    Of the latter, those without a figure share a line, for they share the reason.
    """
    label = definition.label
    if whole := report.of(definition.metric):
        return [(label, figure) for figure in whole]
    cut = EXTRA_CUTS.get(definition.metric, "all")
    found = report.of(definition.metric, cut)
    lines = [(f"{label}: {group_of(cut, f.cut_value)}", f) for f in found if f.dash is None]
    if dashes := [figure for figure in found if figure.dash is not None]:
        which = f"{len(dashes)} others" if lines else f"all {len(dashes)}"
        lines.append((f"{label}: {which}", dashes[0]))
    return lines


def _cells(
    console: Console, report: Report, label: str, figure: Figure, definition: Definition
) -> tuple[str, str, str, str, str]:
    """Return a figure's label, value, what it is counted of, interval, and note."""
    if figure.dash is not None:
        return label, DASH, "", "", figure.dash
    note, counted = beside(report, figure), _counted(figure, definition)
    if console.width < ROOMY and len(counted) > LONG:
        note, counted = ", ".join(each for each in (counted, note) if each), ""
    return label, value_of(figure), counted, interval_of(figure), note


def _row(console: Console, cells: list[str], note: str, widths: list[int]) -> None:
    first, *more = textwrap.wrap(cells[0], widths[0], subsequent_indent="  ") or [""]
    is_dash = not any(cells[2:])
    cells = [first, *cells[1:]]
    at = widths[0] + 2 + widths[1] + 2 if is_dash else sum(widths) + 4 * 2
    if note and console.width - at >= min(len(note), 24):
        # The note stands beside the figure, and folds there.
        lines = textwrap.wrap(note, console.width - at)
        _line(console, cells, widths, tail=lines[0], at=at)
        for i in range(max(len(more), len(lines) - 1)):
            label = more[i] if i < len(more) else ""
            tail = lines[i + 1] if i + 1 < len(lines) else ""
            _line(console, [label], widths, tail=tail, at=at)
        return
    _line(console, cells, widths)
    for label in more:
        _line(console, [label], widths)
    if note:
        _say(console, note, 4)


def _line(
    console: Console, cells: Sequence[str], widths: list[int], style: str = "", *,
    tail: str = "", at: int = 0,
) -> None:  # fmt: skip
    """Print a line: the label to the left, figures to the right, the note where it begins."""
    parts = [f"{cells[0]:<{widths[0]}}"]
    parts += [f"{cell:>{width}}" for cell, width in zip(cells[1:3], widths[1:3], strict=False)]
    parts += [f"{cell:<{widths[3]}}" for cell in cells[3:4]]
    text = "  ".join(parts)
    if tail:
        text = f"{text.rstrip():<{at}}{tail}"
    console.print(Text(text, style=style), soft_wrap=True)


def _counted(figure: Figure, definition: Definition) -> str:
    """Return what a figure rests on: both parts where there are two, else the number of units."""
    if parts := parts_of(figure, definition):
        return parts
    n = count_of(figure)
    return f"n {n}" if n else ""


def _cuts(
    console: Console, report: Report, cuts: Sequence[str], metrics: Sequence[str], title: str
) -> bool:
    """Print a table per cut; the cuts that the data do not know share a sentence. Tell if any was one."""
    metrics = [metric for metric in metrics if metric in report.definitions]
    unknown: dict[str, list[str]] = {}
    tables: list[tuple[str, list[list[str]]]] = []
    for cut in cuts:
        groups: dict[str, dict[str, list[Figure]]] = {}
        for metric in metrics:
            for figure in report.of(metric, cut):
                groups.setdefault(figure.cut_value, {}).setdefault(metric, []).append(figure)
        if why := lack(groups):
            unknown.setdefault(why, []).append(cut)
        elif groups:
            rows = [_group(report, group_of(cut, g), groups[g], metrics) for g in groups]
            tables.append((f"{title} by {CUTS[cut]}", rows))
    heads = _heads(report, metrics)
    left_out = _left_out(console.width, heads, [rows for _, rows in tables])
    for head, rows in tables:
        _table(console, head, heads, rows, left_out)
    if left_out:
        console.print()
        missing = " and ".join("95 % intervals" if each == INTERVAL else each for each in left_out)
        _say(console, f"Too narrow for {missing}: a wider terminal or the other forms show them.")
    for why, which in unknown.items():
        console.print()
        _say(console, in_place_of(title, why, which))
    return bool(tables)


def _heads(report: Report, metrics: Sequence[str]) -> list[str]:
    heads = [""]
    for metric in metrics:
        heads.append(report.definitions[metric].label.removeprefix(CREDIT))
        if metric == "win_rate":
            heads += [COUNTS, INTERVAL]
    return heads


def _group(
    report: Report, name: str, figures: dict[str, list[Figure]], metrics: Sequence[str]
) -> list[str]:
    """Return a group's cells under `_heads`, one line per currency where there are several."""
    cells = [name]
    for metric in metrics:
        found = figures.get(metric, [])
        cells.append("\n".join(value_of(figure) for figure in found))
        if metric == "win_rate":
            definition = report.definitions[metric]
            cells.append("\n".join(parts_of(figure, definition) for figure in found))
            cells.append("\n".join(interval_of(figure) for figure in found))
    return cells


def _left_out(width: int, heads: list[str], tables: list[list[list[str]]]) -> list[str]:
    """Return the columns for which there is no room, so that tables of one kind look alike."""
    left_out: list[str] = []
    for column in (INTERVAL, COUNTS):
        short = any(
            _room(width, heads, rows, left_out) < min(NAMES, max(len(row[0]) for row in rows))
            for rows in tables
        )
        if column in heads and short:
            left_out.append(column)
    return left_out


def _room(width: int, heads: list[str], rows: list[list[str]], left_out: list[str]) -> int:
    """Return how many columns are left for the groups' names."""
    taken = [
        2 + max(len(line) for row in [heads, *rows] for line in row[at].split("\n"))
        for at in range(1, len(heads))
        if heads[at] not in left_out
    ]
    return max(width - sum(taken), 8)


def _table(
    console: Console, title: str, heads: list[str], rows: list[list[str]], left_out: list[str]
) -> None:
    console.print()
    room = _room(console.width, heads, rows, left_out)
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False)
    kept = [at for at in range(len(heads)) if heads[at] not in left_out]
    for at in kept:
        table.add_column(heads[at], justify="right" if at else "left", no_wrap=True)
    for name, *cells in rows:
        folded = "\n".join(textwrap.wrap(name, room, subsequent_indent="  ")) or name
        # A group's name comes from outside: text, never markup.
        table.add_row(*(Text([folded, *cells][at]) for at in kept))
    console.print(table)
