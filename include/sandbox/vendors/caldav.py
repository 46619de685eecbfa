"""A real CalDAV server for the reps' calendars: Radicale, from its own package.

This module writes its configuration and says how to start it; the process is started by whoever
runs the services. Every rep owns `/<address>/calendar/`; the user `baton` may write to all.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path

from sandbox.errors import SandboxError
from sandbox.keys import Keys, private_write
from sandbox.market.model import Rep

SERVICE_USER = "baton"
CALENDAR = "calendar"
DEFAULT_PORT = 8092


@dataclass(frozen=True)
class CalendarServer:
    """How to start the server and where the calendars are."""

    command: tuple[str, ...]
    config: Path
    url: str
    user: str
    storage: Path

    def calendar_url(self, rep_email: str) -> str:
        """Return the CalDAV collection of one rep."""
        return f"{self.url}/{rep_email}/{CALENDAR}/"


def prepare(
    home: Path, reps: tuple[Rep, ...], keys: Keys, port: int = DEFAULT_PORT
) -> CalendarServer:
    """Write configuration, users, rights and empty calendars below `home`; keep what is there.

    Reps sign in with their address and the password that `passwords.json` holds for them.

    Raises:
        SandboxError: the folder cannot be written.

    """
    root = home / "calendar"
    storage = root / "storage"
    try:
        for rep in reps:
            folder = storage / "collection-root" / rep.email / CALENDAR
            folder.mkdir(parents=True, exist_ok=True)
            props = folder / ".Radicale.props"
            if not props.exists():
                named = {"tag": "VCALENDAR", "D:displayname": f"{rep.name}: meetings"}
                props.write_text(json.dumps(named), encoding="utf-8")
        users = {SERVICE_USER: keys.calendar_password} | {
            rep.email: keys.rep_password(rep.email) for rep in reps
        }
        private_write(root / "users", "".join(f"{u}:{p}\n" for u, p in users.items()))
        private_write(root / "passwords.json", json.dumps(users, indent=2))
        (root / "rights").write_text(RIGHTS.format(user=SERVICE_USER), encoding="utf-8")
        config = root / "config"
        config.write_text(
            CONFIG.format(port=port, users=root / "users", rights=root / "rights", storage=storage),
            encoding="utf-8",
        )
    except OSError as problem:
        raise SandboxError(
            f"The calendar's folder {root} cannot be written ({problem.strerror}); "
            "free some space or choose another --home."
        ) from problem
    command = (sys.executable, "-m", "radicale", "--config", str(config))
    return CalendarServer(command, config, f"http://127.0.0.1:{port}", SERVICE_USER, storage)


CONFIG = """\
[server]
hosts = 127.0.0.1:{port}
max_connections = 50

[auth]
type = htpasswd
htpasswd_filename = {users}
htpasswd_encryption = plain
delay = 0

[rights]
type = from_file
file = {rights}

[storage]
filesystem_folder = {storage}

[web]
type = none

[logging]
level = warning
"""

RIGHTS = """\
[root]
user: .+
collection:
permissions: R

[service-principals]
user: {user}
collection: [^/]+
permissions: RW

[service-calendars]
user: {user}
collection: [^/]+/[^/]+
permissions: rw

[own-principal]
user: .+
collection: {{user}}
permissions: RW

[own-calendars]
user: .+
collection: {{user}}/[^/]+
permissions: rw
"""
