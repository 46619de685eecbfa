"""`roles.yml`: what the people of Airflow's auth manager may do on Baton's pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from baton.playbook.reader import Strict, read_yaml

Role = Literal["viewer", "rep", "reviewer", "revops", "administrator"]
LADDER: tuple[Role, ...] = ("viewer", "rep", "reviewer", "revops", "administrator")
Address = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]


class Entry(Strict):
    """One person whose role differs from what their Airflow role gives."""

    role: Role
    rep: Address | None = None


class Roles(Strict):
    """All of `roles.yml`."""

    airflow_roles: dict[str, Role]
    users: dict[str, Entry] = {}


@dataclass(frozen=True)
class Person:
    """Someone who is signed in. `rep_email` (lower case) is set for a rep, and for nobody else."""

    name: str
    role: Role
    rep_email: str | None = None

    def may(self, role: Role) -> bool:
        """Tell whether this person may do what `role` may."""
        return LADDER.index(self.role) >= LADDER.index(role)

    @property
    def only_own_leads(self) -> bool:
        """Tell whether this person sees and decides no leads but their own."""
        return self.role == "rep"


def load(folder: Path) -> Roles:
    """Read `roles.yml` below the playbook's folder. Raises PlaybookError naming file and line."""
    return read_yaml(folder / "roles.yml", Roles)


def person(
    roles: Roles, name: str, airflow_roles: Sequence[str], email: str | None = None
) -> Person | None:
    """Return who a user of the auth manager is to Baton, or None if nobody.

    An entry under `users` goes before the Airflow roles, of which the highest counts. A rep without
    an address would own every lead and none, so such a user is nobody.
    """
    entry = roles.users.get(name)
    known = [roles.airflow_roles[role] for role in airflow_roles if role in roles.airflow_roles]
    if entry is None and not known:
        return None
    role = entry.role if entry else max(known, key=LADDER.index)
    if role != "rep":
        return Person(name, role)
    address = (entry and entry.rep) or (name if "@" in name else email)
    return Person(name, role, address.strip().lower()) if address else None
