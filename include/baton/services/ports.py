"""Which loopback ports the services use: fixed ones, easy to remember, unless told otherwise."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from baton.core.errors import BatonError
from baton.services import processes
from baton.warehouse.embedded_cluster import free_port, port_is_free


class PortBusy(BatonError):
    """A port is taken by another program; the message says which variable to set."""


@dataclass(frozen=True)
class Service:
    """A service that listens: what people call it, where, and which variable moves it."""

    name: str
    port: int
    variable: str


# All below 32768: above, the system lends ports to outgoing connections, and one may be lent to them.
SERVICES = {
    "airflow": Service("Airflow", 8080, "BATON_AIRFLOW_PORT"),
    "sandbox": Service("the sandbox", 8090, "BATON_SANDBOX_PORT"),
    "receiver": Service("the webhook receiver", 8091, "BATON_RECEIVER_PORT"),
    "calendar": Service("the calendar server", 5232, "BATON_CALENDAR_PORT"),
    "postgres": Service("Postgres", 15432, "BATON_POSTGRES_PORT"),
}


def choose(
    folder: Path,
    wanted: tuple[str, ...],
    environ: Mapping[str, str] | None = None,
    ours: Mapping[str, int] | None = None,
) -> dict[str, int]:
    """Return a port for each wanted service and keep them in `folder/ports.json`.

    A variable decides; else the default; in CI (CI=true) any free port. `ours` are ports that a
    running service of this very profile holds: they are kept and not looked at. Raises PortBusy.
    """
    environ = os.environ if environ is None else environ
    ours = ours or {}
    chosen: dict[str, int] = {}
    for key in wanted:
        service = SERVICES[key]
        if key in ours:
            chosen[key] = ours[key]
        elif said := environ.get(service.variable):
            chosen[key] = _said(service, said)
        elif environ.get("CI") == "true":
            chosen[key] = free_port()
        else:
            chosen[key] = _free(service, service.port)
    (folder / "ports.json").write_text(json.dumps(chosen, indent=2) + "\n")
    return chosen


def kept(folder: Path) -> dict[str, int]:
    """Return the ports that `choose` kept, or nothing."""
    path = folder / "ports.json"
    ports: dict[str, int] = json.loads(path.read_text()) if path.exists() else {}
    return ports


def _said(service: Service, said: str) -> int:
    if not (said.isdigit() and 0 < int(said) < 65536):
        raise PortBusy(f"{service.variable}={said} is no port; give a number from 1 to 65535.")
    return _free(service, int(said))


def _free(service: Service, port: int) -> int:
    if port_is_free(port):
        return port
    holder = processes.holder_of(port) or "another program"
    raise PortBusy(
        f"Port {port}, wanted for {service.name}, is taken by {holder}; "
        "end that (`make down` ends what `make up` started), or choose another port with "
        f"{service.variable}={_other_port(port)}."
    )


def _other_port(port: int) -> int:
    """Return the next free port, below those that Linux lends to outgoing connections."""
    near = (candidate for candidate in range(port + 1, 32_768) if port_is_free(candidate))
    return next(near, 0) or free_port()
