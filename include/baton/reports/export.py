"""The report for other programs: JSON, and CSV that no spreadsheet takes for a formula."""

import csv
import io
import json
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from baton.reports.headline import headline
from baton.reports.model import Report
from baton.reports.text import beside

COLUMNS = (
    "stage", "metric", "label", "cut", "cut_value", "numerator", "denominator", "value", "low",
    "high", "n", "unit", "currency", "mature", "dash", "beside",
)  # fmt: skip
# A cell that begins so is run as a formula by spreadsheets (OWASP, "CSV Injection").
FORMULA = ("=", "+", "-", "@", "\t", "\r")


def as_json(report: Report) -> str:
    """Return the whole report as one JSON object; numbers are numbers, what is unknown is null."""
    answer = {
        "report": {"id": report.id, "as_of": report.as_of, "made_at": report.made_at},
        "answers": [asdict(each) for each in headline(report)],
        "alarms": [asdict(each) for each in report.alarms],
        "funnel": [
            {"cut": cut, "cut_value": value, "steps": [asdict(step) for step in steps]}
            for (cut, value), steps in report.funnel.items()
        ],
        "definitions": [asdict(each) for each in report.definitions.values()],
        "metrics": _records(report),
    }
    return json.dumps(answer, default=plain, ensure_ascii=False, indent=1, allow_nan=False)


def as_csv(report: Report) -> str:
    """Return one line per figure. Text that a spreadsheet would run is put behind an apostrophe."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for record in _records(report):
        writer.writerow([_cell(record[name]) for name in COLUMNS])
    return out.getvalue()


def neutral(text: str) -> str:
    """Return text that a spreadsheet shows and does not run."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _records(report: Report) -> list[dict[str, Any]]:
    made = []
    for figure in report.figures:
        record = {**vars(figure)}  # asdict() would copy each of thousands of numbers
        record["label"] = report.definitions[figure.metric].label
        record["beside"] = beside(report, figure) or None
        made.append({name: record[name] for name in COLUMNS})
    return made


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return "" if value.is_infinite() else f"{value:f}"
    return neutral(value) if isinstance(value, str) else str(value)


def plain(value: Any) -> Any:
    """Return what JSON has no type for: ISO times, numbers as numbers, null for what has no bound."""
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Decimal):
        if value.is_infinite():
            return None
        return int(value) if value == value.to_integral_value() else float(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
