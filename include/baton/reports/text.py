"""How numbers are said: the same in the terminal, on the page and in the file."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from baton.reports.model import CUTS, Definition, Figure, Report
from baton.reports.words import BESIDE

DASH = "–"
# Seconds in each unit that the data keep, and the units that people read, each up to where the next
# one reads better.
SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
READ = (("s", 1, 120), ("min", 60, 7_200), ("h", 3_600, 259_200), ("days", 86_400, None))
# What is in no group of a cut; nothing but these says that the data do not know the cut.
NO_GROUP = frozenset({"none", "unknown", "nobody"})
UNATTRIBUTED = "unattributed"


def amount(value: Decimal, unit: str, currency: str | None = None) -> str:
    """Return a number with its unit: "63.15 %", "10,005,534 USD", "2.4 h", "3 days"."""
    if value.is_infinite():
        return "open"
    if unit == "share":
        return f"{share(value)} %"
    if unit.startswith("currency"):
        if currency is None:  # a sum over everything, whose parts are in one currency
            return number(value)
        per = f" per {currency}" if unit.endswith("per currency") else ""
        return f"{number(value)} {currency}{per}"
    if unit in ("count", "tokens", "score"):
        return number(value)
    if unit == "times":
        return f"{number(value)} ×"
    if unit == "per draft":
        return number(value)
    if unit in SECONDS:
        return " ".join(duration(value, unit))
    return f"{number(value)} {unit}"


def duration(value: Decimal, unit: str) -> tuple[str, str]:
    """Return a time in the unit in which it reads best: 0.0020 hours are ("7.2", "s")."""
    seconds = value * SECONDS[unit]
    short, size, _ = next(each for each in READ if each[2] is None or abs(seconds) < each[2])
    shown = seconds / size
    digits = 0 if abs(shown) >= 100 else 1 if abs(shown) >= 1 else 2
    text = f"{shown:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text, short


def share(value: Decimal) -> str:
    """Return a share in per cent, to two decimals: 0.6315 is "63.15"."""
    return f"{value * 100:.2f}"


def number(value: Decimal) -> str:
    """Return a number with as many decimals as help: whole ones none, small ones three digits."""
    if value == value.to_integral_value():
        return f"{value:,.0f}"
    size = abs(value)
    digits = 0 if size >= 1000 else 1 if size >= 100 else 2 if size >= 1 else 4
    return f"{value:,.{digits}f}"


def value_of(figure: Figure) -> str:
    """Return a figure's value, or a dash."""
    if figure.value is None:
        return DASH
    return amount(figure.value, figure.unit, figure.currency)


def interval_of(figure: Figure) -> str:
    """Return the 95 % interval, or nothing where there is none."""
    if figure.low is None or figure.high is None:
        return ""
    if figure.unit == "share":
        return f"{share(figure.low)} to {share(figure.high)} %"
    if figure.unit in SECONDS:
        low, small = duration(figure.low, figure.unit)
        if figure.high.is_infinite():
            return f"{low} {small} to open"
        high, large = duration(figure.high, figure.unit)
        return f"{low} to {high} {large}" if small == large else f"{low} {small} to {high} {large}"
    return f"{number(figure.low)} to {'open' if figure.high.is_infinite() else number(figure.high)}"


def parts_of(figure: Figure, definition: Definition) -> str:
    """Return numerator / denominator, or nothing where the figure has only one part."""
    if figure.denominator is None or figure.numerator is None or definition.denominator is None:
        return ""
    return f"{number(figure.numerator)} / {number(figure.denominator)}"


def count_of(figure: Figure) -> str:
    """Return n, or nothing where the figure is itself a count."""
    return "" if figure.n is None else f"{figure.n:,}"


def group_of(cut: str, value: str) -> str:
    """Return a group's name as people see it."""
    if cut == "icp_quartile" and value != UNATTRIBUTED:
        return "no quartile" if value == "none" else f"Q{value}"
    if cut == "has_complete_brief":
        return "with" if value == "true" else "without"
    return "none" if value == "none" else value


def lack(groups: Iterable[str]) -> str:
    """Return why a table of these groups would say nothing: "unknown", "unattributed", or "" if it says."""
    known = set(groups)
    if known == {UNATTRIBUTED}:
        return UNATTRIBUTED
    return "unknown" if known and known <= NO_GROUP | {UNATTRIBUTED} else ""


def in_place_of(title: str, why: str, cuts: Sequence[str]) -> str:
    """Return the sentence that stands for tables of which `lack` says why they say nothing."""
    *most, last = (CUTS[cut] if cut == "icp_quartile" else CUTS[cut].lower() for cut in cuts)
    names = f"{', '.join(most)} or {last}" if most else last
    if why == UNATTRIBUTED:
        return (
            f"{title} by {names}: all of it is unattributed, because nothing that was won had a "
            "touch before."
        )
    return f"{title} by {names}: not shown, because the data name no {names}."


CREDIT_NOTE = (
    "Each credit column adds up to the won revenue. unattributed: won without any touch; "
    "every other row: what that group's touches earned."
)


def beside(report: Report, figure: Figure) -> str:
    """Return what belongs beside a figure, or nothing.

    Beside a reply rate it is the sourced pipeline: in a cut that opportunities know too that group's,
    otherwise the whole. Beside a sum of credit it is how much of it no touch has earned.
    """
    if figure.metric.startswith("revenue_credit_") and figure.cut == "all":
        return _unattributed(report, figure)
    if figure.metric not in BESIDE:
        return ""
    cut = {"rep": "agent"}.get(figure.cut, figure.cut)
    inside = report.of("sourced_pipeline", cut)
    found = [each for each in inside if each.cut_value == figure.cut_value]
    if not inside:
        found = report.of("sourced_pipeline")
    said = " and ".join(value_of(each) for each in found if each.value is not None)
    scope = "" if inside or figure.cut == "all" else " in all"
    return f"sourced pipeline {said or DASH}{scope}"


def _unattributed(report: Report, figure: Figure) -> str:
    for free in report.of("unattributed_revenue_share"):
        if free.currency == figure.currency and free.numerator:
            of = (
                "all of it" if free.numerator == figure.value else number(free.numerator) + " of it"
            )
            return f"{of} unattributed"
    return ""
