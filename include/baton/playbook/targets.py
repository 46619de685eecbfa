"""`targets.csv`: the amount to be won per quarter and region."""

import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path

from baton.core.errors import PlaybookError
from baton.playbook.reader import read_csv_rows

COLUMNS = ("quarter", "region", "target", "currency")


@dataclass(frozen=True)
class Target:
    """`quarter` as in 2026Q1 (calendar quarters), `target` in units of `currency`."""

    quarter: str
    region: str
    target: Decimal
    currency: str


def load(folder: Path) -> list[Target]:
    """Read `targets.csv` below the playbook's folder. Raises PlaybookError naming file and line."""
    path = folder / "targets.csv"
    found: dict[tuple[str, str], Target] = {}
    for line, row in read_csv_rows(path, COLUMNS):
        if not re.fullmatch(r"\d{4}Q[1-4]", row["quarter"]):
            raise PlaybookError(
                f"{path}, line {line}: the quarter is {row['quarter']!r}; write it as 2026Q1."
            )
        if not re.fullmatch(r"[A-Z]{3}", row["currency"]):
            raise PlaybookError(
                f"{path}, line {line}: the currency is {row['currency']!r}; write it as EUR."
            )
        key = (row["quarter"], row["region"])
        if key in found:
            raise PlaybookError(f"{path}, line {line}: {' '.join(key)} has a target already.")
        found[key] = Target(*key, _amount(path, line, row["target"]), row["currency"])
    return list(found.values())


def _amount(path: Path, line: int, text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal(-1)
    if not amount.is_finite() or amount < 0:
        raise PlaybookError(
            f"{path}, line {line}: the target is {text!r}; an amount such as 400000 is expected."
        )
    return amount
