"""Connections to external systems, in Airflow's own notation.

A connection comes from Airflow (the hooks in `plugins/` read it) or, outside Airflow, from the
environment variable `AIRFLOW_CONN_<ID>` in the two forms that Airflow reads too: a URI or JSON.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from baton.core.errors import SettingsError

KNOWN = ("baton_mail", "baton_llm", "baton_crm", "baton_calendar", "baton_speech")


@dataclass(frozen=True)
class Connection:
    """One external system. `extra` holds what has no field of its own, such as `base_url`."""

    id: str
    conn_type: str
    host: str = ""
    port: int | None = None
    login: str = ""
    password: str = field(default="", repr=False)
    schema: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def base_url(self) -> str:
        """The URL to speak to: `extra.base_url`, or one put together from host, port and schema."""
        if url := self.extra.get("base_url"):
            return str(url).rstrip("/")
        if not self.host:
            raise SettingsError(
                f"The connection {self.id} has neither a host nor base_url in its extra; set one."
            )
        if "://" in self.host:
            return self.host.rstrip("/")
        port = f":{self.port}" if self.port else ""
        return f"{self.schema or 'https'}://{self.host}{port}"


def from_environment(environ: Mapping[str, str]) -> dict[str, Connection]:
    """Return the known connections that `environ` describes, by id."""
    found = {}
    for name in KNOWN:
        if text := environ.get(f"AIRFLOW_CONN_{name.upper()}"):
            found[name] = parse(name, text)
    return found


def parse(name: str, text: str) -> Connection:
    """Read one connection from a URI or from JSON, as Airflow writes them.

    Raises SettingsError that names the variable but never repeats its value (it holds secrets).
    """
    try:
        if text.lstrip().startswith("{"):
            return _from_json(name, json.loads(text))
        return _from_uri(name, text)
    except (ValueError, TypeError, AttributeError):
        raise SettingsError(
            f"AIRFLOW_CONN_{name.upper()} is neither a connection URI nor its JSON form; "
            "see docs/connections.md for one example of each."
        ) from None


def _from_json(name: str, record: dict[str, Any]) -> Connection:
    extra = record.get("extra") or {}
    if isinstance(extra, str):
        extra = json.loads(extra)
    port = record.get("port")
    return Connection(
        id=name,
        conn_type=str(record.get("conn_type") or ""),
        host=str(record.get("host") or ""),
        port=int(port) if port else None,
        login=str(record.get("login") or ""),
        password=str(record.get("password") or ""),
        schema=str(record.get("schema") or ""),
        extra=extra,
    )


def _from_uri(name: str, text: str) -> Connection:
    parts = urlsplit(text)
    if not parts.scheme:
        raise ValueError("no scheme")
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    extra: dict[str, Any] = json.loads(query["__extra__"]) if "__extra__" in query else query
    return Connection(
        id=name,
        conn_type=parts.scheme.replace("-", "_"),
        host=unquote(parts.hostname or ""),
        port=parts.port,
        login=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        schema=unquote(parts.path.lstrip("/")),
        extra=extra,
    )
