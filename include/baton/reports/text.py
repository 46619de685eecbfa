"""How numbers are said: the same in the terminal, on the page and in the file."""

from decimal import Decimal

from baton.reports.model import Definition, Figure, Report
from baton.reports.words import BESIDE

DASH = "–"
_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£"}


def amount(value: Decimal, unit: str, currency: str | None = None) -> str:
    """Return a number with its unit: "63.15 %", "10,005,534 USD", "2.4 h", "3 days"."""
    if value.is_infinite():
        return "open"
    if unit == "share":
        return f"{share(value)} %"
    if unit.startswith("currency"):
        name = currency or ""
        per = f" per {name}" if unit.endswith("per currency") else ""
        return f"{number(value)} {name}{per}".strip()
    if unit in ("count", "tokens", "score"):
        return number(value)
    if unit == "times":
        return f"{number(value)} ×"
    if unit == "per draft":
        return number(value)
    short = {"hours": "h", "minutes": "min", "seconds": "s"}.get(unit, unit)
    return f"{number(value)} {short}"


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
    low = number(figure.low)
    return f"{low} to {'open' if figure.high.is_infinite() else number(figure.high)}"


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
    if cut == "icp_quartile":
        return "no quartile" if value == "none" else f"Q{value}"
    if cut == "has_complete_brief":
        return "with" if value == "true" else "without"
    return "none" if value == "none" else value


def words_of(name: str | None) -> str:
    """Return the name of what is counted, in words."""
    return (name or "").replace("_", " ")


def beside(report: Report, figure: Figure) -> str:
    """Return the sourced pipeline that belongs beside a reply rate, or nothing beside other figures.

    In a cut that opportunities know too it is that group's; otherwise it is the whole.
    """
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
