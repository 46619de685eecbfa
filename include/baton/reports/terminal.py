"""The report in the terminal: the answers, the funnel, one table per stage, then the cuts."""

import io
import shutil

from rich.console import Console
from rich.table import Table
from rich.text import Text

from baton.reports.headline import headline
from baton.reports.model import CUTS, Figure, Report
from baton.reports.text import (
    beside,
    count_of,
    group_of,
    interval_of,
    parts_of,
    value_of,
)

WIDEST = 130
NARROWEST = 108
# What the cuts of the last stage are about; the other stages' cuts are in the file and on the page.
CUT_METRICS = ("opportunity_count", "won_count", "win_rate", "revenue")
HISTORY_CUTS = ("region", "agent", "manager", "product", "sector", "icp_quartile")
CREDIT_CUTS = ("sequence", "rep", "segment", "icp_quartile")


def as_table(report: Report) -> str:
    """Return the report as text for a terminal (or a file): no colours unless it is a terminal."""
    width = min(shutil.get_terminal_size((WIDEST, 40)).columns, WIDEST)
    # In a narrower window lines fold: a figure that is cut off is worse than one that wraps.
    width = max(width, NARROWEST)
    console = Console(file=io.StringIO(), width=width, record=True, highlight=False)
    _answers(console, report)
    _funnel(console, report)
    for stage in dict.fromkeys(each.stage for each in report.definitions.values()):
        _stage(console, report, stage)
    for cut in HISTORY_CUTS:
        _cut(console, report, cut, CUT_METRICS, "Opportunities")
    for cut in CREDIT_CUTS:
        names = [m for m in report.definitions if m.startswith("revenue_credit_")]
        _cut(console, report, cut, tuple(names), "Revenue credit")
    text = console.export_text()
    return "\n".join(line.rstrip() for line in text.splitlines()) + "\n"


def _answers(console: Console, report: Report) -> None:
    console.print(Text(f"Stage report as of {report.as_of:%Y-%m-%d %H:%M} UTC", style="bold"))
    for answer in headline(report):
        console.print()
        console.print(Text(answer.question, style="bold"), Text(answer.answer))
        if answer.detail:
            console.print(Text(f"    {answer.detail}"))
    for alarm in report.alarms:
        console.print()
        console.print(Text(f"! {alarm.what}", style="bold red"))
        for sentence in alarm.sentences:
            console.print(Text(f"    {sentence}"))
    console.print()


def _funnel(console: Console, report: Report) -> None:
    steps = report.funnel.get(("all", ""), ())
    widest = {
        unit: max(s.count for s in steps if s.unit == unit) for unit in {s.unit for s in steps}
    }
    for step in steps:
        length = round(50 * step.count / widest[step.unit]) if widest[step.unit] else 0
        bar = "█" * length if length or not step.count else "▏"
        console.print(Text(f"  {step.name:<12}{step.count:>9,} {step.unit:<9} {bar}"))


def _stage(console: Console, report: Report, stage: str) -> None:
    table = Table(title=stage, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column("metric", ratio=3)
    table.add_column("value", justify="right", no_wrap=True)
    table.add_column("of", justify="right", no_wrap=True)
    table.add_column("n", justify="right", no_wrap=True)
    table.add_column("95 % interval", no_wrap=True)
    table.add_column("", ratio=2)
    for definition in report.stage(stage):
        for figure in report.of(definition.metric):
            parts = parts_of(figure, definition)
            table.add_row(
                definition.label, value_of(figure), parts, count_of(figure), interval_of(figure),
                figure.dash or beside(report, figure),
            )  # fmt: skip
    console.print()
    console.print(table)


def _cut(console: Console, report: Report, cut: str, metrics: tuple[str, ...], title: str) -> None:
    groups: dict[str, dict[str, list[Figure]]] = {}
    for metric in metrics:
        for figure in report.of(metric, cut):
            groups.setdefault(figure.cut_value, {}).setdefault(metric, []).append(figure)
    if not groups:
        return
    head = f"{title} by {CUTS[cut]}"
    table = Table(title=head, title_justify="left", title_style="bold", box=None, pad_edge=False)
    table.add_column(CUTS[cut])
    for metric in metrics:
        table.add_column(report.definitions[metric].label, justify="right", no_wrap=True)
        if metric == "win_rate":
            table.add_column("of", justify="right", no_wrap=True)
            table.add_column("95 % interval", justify="right", no_wrap=True)
    for value, figures in groups.items():
        cells = [group_of(cut, value)]
        for metric in metrics:
            found = figures.get(metric, [])
            # One amount per currency, where there are several.
            cells.append(" + ".join(value_of(figure) for figure in found))
            if metric == "win_rate":
                definition = report.definitions[metric]
                cells.append(" ".join(parts_of(figure, definition) for figure in found))
                cells.append(" ".join(interval_of(figure) for figure in found))
        table.add_row(*cells)
    console.print()
    console.print(table)
