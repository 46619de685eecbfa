"""Airflow's connections, handed to the library as its own settings. This only opens the door."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import replace
from urllib.parse import quote

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from baton.core.connections import KNOWN, Connection
from baton.core.settings import Settings, load

WAREHOUSE = "baton_warehouse"


class AirflowConnections(Mapping[str, Connection]):
    """The external systems by connection id, each asked for when it is first needed.

    Asking costs a request to the api-server, and most steps need none or one of them.
    """

    def __init__(self) -> None:
        """Ask for nothing yet."""
        self._asked: dict[str, Connection | None] = {}

    def __getitem__(self, name: str) -> Connection:
        """Return the connection. Raises KeyError where Airflow has none: the default serves."""
        if name not in KNOWN:
            raise KeyError(name)
        if name not in self._asked:
            self._asked[name] = read(name)
        found = self._asked[name]
        if found is None:
            raise KeyError(name)
        return found

    def __iter__(self) -> Iterator[str]:
        """Iterate over the ids of those that exist."""
        return (name for name in KNOWN if self.get(name) is not None)

    def __len__(self) -> int:
        """Return how many exist."""
        return sum(1 for _ in self)


def read(name: str) -> Connection | None:
    """Return one Airflow connection as the library's record, or None if there is none."""
    try:
        found = BaseHook.get_connection(name)
    except AirflowNotFoundException:
        return None
    return Connection(
        id=name,
        conn_type=found.conn_type or "",
        host=found.host or "",
        port=found.port,
        login=found.login or "",
        password=found.password or "",
        schema=found.schema or "",
        extra=found.extra_dejson,
    )


def settings() -> Settings:
    """Return the library's settings inside Airflow.

    BATON_DATABASE_URL names the warehouse, as it does for the receiver and the command line; where
    it is not set, the connection `baton_warehouse` does. Raises SettingsError if neither is there.
    """
    environ = dict(os.environ)
    if not environ.get("BATON_DATABASE_URL") and (warehouse := read(WAREHOUSE)):
        environ["BATON_DATABASE_URL"] = database_url(warehouse)
    return replace(load(environ), connections=AirflowConnections())


def database_url(warehouse: Connection) -> str:
    """Return the URL of the warehouse that a Postgres connection describes."""
    login = quote(warehouse.login, safe="")
    password = quote(warehouse.password, safe="")
    port = warehouse.port or 5432
    return f"postgresql://{login}:{password}@{warehouse.host}:{port}/{warehouse.schema or 'baton'}"
