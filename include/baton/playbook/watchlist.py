"""The accounts that RevOps wants to be watched: `include/playbook/watchlist.csv`."""

import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import ConfigDict

from baton.core.errors import PlaybookError
from baton.playbook.reader import Strict, nearest, read_csv_rows, time_zones

FILE = "watchlist.csv"
COLUMNS = (
    "domain", "name", "industry", "employees", "country", "region", "timezone", "owner",
    "protected_reason",
)  # fmt: skip
DOMAIN = re.compile(r"^(?=.{4,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{1,62}$")


class WatchedAccount(Strict):
    """One line. Domain and name are needed; an empty cell says nothing.

    `owner` is a rep's e-mail address. `protected_reason` keeps the account out of every sequence.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)
    domain: str
    name: str
    industry: str | None = None
    employees: int | None = None
    country: str | None = None
    region: str | None = None
    timezone: str | None = None
    owner: str | None = None
    protected_reason: str | None = None


def load(folder: Path) -> tuple[WatchedAccount, ...]:
    """Read `<folder>/watchlist.csv`.

    Raises PlaybookError naming file, line and column.
    """
    path = folder / FILE
    seen: dict[str, int] = {}
    found = []
    for line, account in _accounts(path):
        if first := seen.get(account.domain):
            raise PlaybookError(
                f"{path}, line {line}: {account.domain} stands in line {first} already; keep one."
            )
        seen[account.domain] = line
        found.append(account)
    return tuple(found)


def _accounts(path: Path) -> Iterator[tuple[int, WatchedAccount]]:
    zones = time_zones()
    for line, row in read_csv_rows(path, COLUMNS):
        where = f"{path}, line {line}"
        domain = row["domain"].lower()
        if not DOMAIN.match(domain):
            raise PlaybookError(
                f"{where}, column domain: '{row['domain']}' is no domain; "
                "write it as in 'example.com', without https:// and www."
            )
        if not row["name"]:
            raise PlaybookError(f"{where}, column name: {domain} needs a name.")
        if "\0" in "".join(row.values()):
            raise PlaybookError(f"{where}: a cell holds a NUL character; delete it.")
        if row["employees"] and not re.fullmatch(r"[0-9]{1,8}", row["employees"]):
            raise PlaybookError(
                f"{where}, column employees: '{row['employees']}' is no whole number."
            )
        if row["timezone"] and row["timezone"] not in zones:
            meant = nearest(row["timezone"], sorted(zones))
            hint = f"did you mean '{meant}'?" if meant else "write it as in 'Europe/Berlin'."
            raise PlaybookError(f"{where}, column timezone: no zone '{row['timezone']}'; {hint}")
        if row["owner"] and not re.fullmatch(r"[^@\s]+@[^@\s]+", row["owner"]):
            raise PlaybookError(
                f"{where}, column owner: '{row['owner']}' is no e-mail address of a rep."
            )
        yield (
            line,
            WatchedAccount(
                domain=domain,
                name=row["name"],
                industry=row["industry"] or None,
                employees=int(row["employees"]) if row["employees"] else None,
                country=row["country"] or None,
                region=row["region"] or None,
                timezone=row["timezone"] or None,
                owner=row["owner"].lower() or None,
                protected_reason=row["protected_reason"] or None,
            ),
        )
