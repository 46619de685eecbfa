"""`baton doctor`: looks at everything that Baton needs, and says of each how to mend it."""

import shutil
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import psycopg
from alembic.script import ScriptDirectory

from baton.core.connections import Connection
from baton.core.errors import BatonError
from baton.core.settings import Settings, load
from baton.playbook import (
    costs,
    icp,
    routing,
    segments,
    sequences,
    signals,
    targets,
    thresholds,
    voices,
    watchlist,
)
from baton.services.profile import found_environment
from baton.signals import health
from baton.warehouse import migrate
from baton.warehouse.connect import connect, rows, scalar

NEEDED_BYTES = 1024**3
# What serves where there is no connection.
DEFAULTS = {
    "baton_mail": "mail goes to the local mailbox (.eml files)",
    "baton_llm": "drafts come from the offline writer",
    "baton_crm": "nothing is read from or written to a CRM",
    "baton_calendar": "events go to the local calendar folder (.ics files)",
    "baton_speech": "transcripts are taken as text only",
}
# A harmless read that needs the key: path below the base URL, per kind of connection.
PROBES = {
    "sendgrid": ("GET", "/v3/scopes", "Bearer"),
    "openai": ("GET", "/models", "Bearer"),
    "hubspot": ("GET", "/crm/v3/objects/contacts?limit=1", "Bearer"),
    "caldav": ("PROPFIND", "/", "Basic"),
}
PUBLIC = {"sendgrid": "https://api.sendgrid.com", "hubspot": "https://api.hubapi.com"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `detail` says how it is, or what to do about it."""

    name: str
    ok: bool
    detail: str

    def __str__(self) -> str:
        """Return it as a line for a person."""
        return f"{'ok ' if self.ok else 'BAD'}  {self.name}: {self.detail}"


def examine(environ: Mapping[str, str]) -> list[Finding]:
    """Look at settings, database, playbook, disk, services and connections; change nothing."""
    try:
        settings = load(found_environment(environ))
    except BatonError as error:
        return [Finding("settings", False, str(error))]
    checks: list[tuple[str, Callable[[Settings], str]]] = [
        ("database", _database),
        ("sending", _sending),
        ("playbook", _playbook),
        ("sources", _sources),
        ("disk", _disk),
        ("receiver", _receiver),
    ]
    checks += [(name, _connection(name)) for name in DEFAULTS]
    return [_finding(name, check, settings) for name, check in checks]


def _finding(name: str, check: Callable[[Settings], str], settings: Settings) -> Finding:
    try:
        return Finding(name, True, check(settings))
    except BatonError as error:
        return Finding(name, False, str(error))
    except (psycopg.Error, OSError) as error:
        return Finding(name, False, str(error).strip().splitlines()[0])


def _database(settings: Settings) -> str:
    try:
        with connect(settings.database_url) as conn:
            version = scalar(conn, "show server_version")
            revision = scalar(conn, "select version_num from ops.alembic_version")
    except psycopg.OperationalError as error:
        raise BatonError(
            f"cannot be reached ({str(error).strip().splitlines()[0]}); run `make up`, "
            "or check BATON_DATABASE_URL."
        ) from None
    except psycopg.errors.UndefinedTable:
        raise BatonError("is not migrated; `make up` does that.") from None
    newest = ScriptDirectory(str(migrate.MIGRATIONS)).get_current_head()
    if revision != newest:
        raise BatonError(f"is at migration {revision}, the code at {newest}; run `make up`.")
    return f"PostgreSQL {version}, migration {revision}"


def _sending(settings: Settings) -> str:
    with connect(settings.database_url) as conn:
        switch = rows(conn, "select is_on, reason, changed_by from ops.pause_switch")[0]
        tripped = rows(conn, "select domain, reason from ops.breaker where is_open order by domain")
        unknown = scalar(conn, "select count(*) from ops.message where state = 'unknown'")
    if switch["is_on"]:
        raise BatonError(
            f"is paused by {switch['changed_by']} ({switch['reason']}); `baton resume` ends it."
        )
    if tripped:
        domains = ", ".join(f"{each['domain']} ({each['reason']})" for each in tripped)
        raise BatonError(f"is stopped for {domains}; see docs/delivery.md before resuming.")
    waiting = f"; {unknown} sends wait on the Exceptions page" if unknown else ""
    return f"on{waiting}"


def _playbook(settings: Settings) -> str:
    for part in (costs, icp, routing, segments, sequences, signals, targets, thresholds, voices):
        part.load(settings.playbook)
    watched = watchlist.load(settings.playbook)
    return f"{settings.playbook} is in order, {len(watched)} accounts are watched"


def _sources(settings: Settings) -> str:
    polled = [source.name for source in signals.load(settings.playbook).polled(settings.environ)]
    limits = thresholds.load(settings.playbook).signals
    with connect(settings.database_url) as conn:
        found = health.broken(conn, polled, limits.silent_hours)
        silent = health.silent(conn, polled)
    if found:
        raise BatonError(" ".join(problem.sentence for problem in found))
    read = [name for name in polled if name not in {problem.source for problem in silent}]
    said = f"{', '.join(read) or 'none'} could be read when last asked"
    return "; ".join([said, *(problem.sentence for problem in silent)])


def _disk(settings: Settings) -> str:
    settings.home.mkdir(mode=0o700, parents=True, exist_ok=True)
    free = shutil.disk_usage(settings.home).free
    if free < NEEDED_BYTES:
        raise BatonError(
            f"{settings.home} has {free // 2**20} MB left; "
            f"free at least {NEEDED_BYTES // 2**20} MB."
        )
    return f"{free / 2**30:.0f} GB left for {settings.home}"


def _receiver(settings: Settings) -> str:
    url = f"{settings.public_url}/healthz"
    try:
        answer = httpx.get(url, timeout=10)
    except httpx.HTTPError as error:
        raise BatonError(
            f"does not answer at {url} ({error}); run `make up`, or set BATON_PUBLIC_URL."
        ) from None
    if answer.status_code != 200:
        raise BatonError(f"answers {answer.status_code} at {url}; its log says why.")
    return f"answers at {settings.public_url}"


def _connection(name: str) -> Callable[[Settings], str]:
    def check(settings: Settings) -> str:
        connection = settings.connection(name)
        if connection is None:
            return f"not connected, so {DEFAULTS[name]}"
        if connection.conn_type == "smtp":
            with socket.create_connection((connection.host, connection.port or 587), timeout=10):
                return f"{connection.host} takes connections"
        return _probe(name, connection)

    return check


def _probe(name: str, connection: Connection) -> str:
    variable = f"AIRFLOW_CONN_{name.upper()}"
    if connection.conn_type not in PROBES:
        known = ", ".join([*PROBES, "smtp"])
        raise BatonError(f"{variable} has the type {connection.conn_type!r}; Baton knows: {known}.")
    method, path, scheme = PROBES[connection.conn_type]
    base = _base_url(connection)
    request: dict[str, Any] = {"timeout": 10}
    if scheme == "Basic":
        request["auth"] = (connection.login, connection.password)
    else:
        request["headers"] = {"authorization": f"Bearer {connection.password}"}
    try:
        answer = httpx.request(method, base + path, **request)
    except httpx.HTTPError as error:
        raise BatonError(
            f"{base} cannot be reached ({error}); check base_url in {variable} and the network."
        ) from None
    if answer.status_code in (401, 403):
        raise BatonError(f"{base} refuses the key; put a new one in {variable}.")
    if answer.status_code >= 500:
        raise BatonError(f"{base} answers {answer.status_code}; try again later.")
    return f"{connection.conn_type} at {base} answers"


def _base_url(connection: Connection) -> str:
    if not connection.extra.get("base_url") and not connection.host:
        return PUBLIC.get(connection.conn_type, "https://api.openai.com/v1")
    return connection.base_url
