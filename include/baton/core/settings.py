"""The one place where settings and secrets are read, and only when asked for."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from baton.core.connections import Connection, from_environment
from baton.core.errors import SettingsError

PROJECT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class Settings:
    """Everything that a part of Baton may want to know about where it runs."""

    database_url: str = field(repr=False)
    home: Path
    playbook: Path
    profile: str
    public_url: str
    secret: str = field(repr=False)
    connections: Mapping[str, Connection] = field(default_factory=dict, repr=False)
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)

    def connection(self, name: str) -> Connection | None:
        """Return the connection to an external system, or None where the embedded default serves."""
        return self.connections.get(name)

    def require(self, variable: str) -> str:
        """Return an environment variable that has no default, such as a webhook's secret."""
        value = self.environ.get(variable, "")
        if not value:
            raise SettingsError(f"{variable} is not set; .env.example says what it is for.")
        return value

    def with_connections(self, connections: Mapping[str, Connection]) -> "Settings":
        """Return a copy that uses these connections (those of Airflow, inside a task)."""
        return replace(self, connections={**self.connections, **connections})


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environ` (default: the process's environment).

    Raises SettingsError naming the variable that is missing.
    """
    environ = dict(os.environ if environ is None else environ)
    database_url = environ.get("BATON_DATABASE_URL", "")
    if not database_url:
        raise SettingsError(
            "BATON_DATABASE_URL is not set and no services of `make up` were found; "
            "run `make up` (or `make demo`), or set it to postgresql://user:password@host:port/database."
        )
    secret = environ.get("BATON_SECRET", "")
    if len(secret) < 16:
        raise SettingsError(
            "BATON_SECRET must be set to at least 16 characters; it keys hashes and link tokens."
        )
    return Settings(
        database_url=database_url,
        home=Path(environ.get("BATON_HOME", PROJECT / ".baton" / "up")),
        playbook=Path(environ.get("BATON_PLAYBOOK", PROJECT / "include" / "playbook")),
        profile=environ.get("BATON_PROFILE", "up"),
        public_url=environ.get("BATON_PUBLIC_URL", "http://127.0.0.1:8091").rstrip("/"),
        secret=secret,
        connections=from_environment(environ),
        environ=environ,
    )
