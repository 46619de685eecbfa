"""Which loopback ports the services use: fixed ones, easy to remember, unless told otherwise."""

import json
import os
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
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
    busy: list[Service] = []
    for key in wanted:
        service = SERVICES[key]
        if key in ours:
            chosen[key] = ours[key]
            continue
        if said := environ.get(service.variable):
            chosen[key] = _said(service, said)
        elif environ.get("CI") == "true":
            chosen[key] = free_port()
        else:
            chosen[key] = service.port
        if not port_is_free(chosen[key]):
            busy.append(replace(service, port=chosen[key]))
    if busy:
        raise PortBusy(_busy(busy, set(chosen.values())))
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
    return int(said)


def _busy(services: list[Service], known: set[int]) -> str:
    """Return what holds the ports, and the variables with which all of them can be others."""
    held, others = [], []
    for service in services:
        holder = processes.holder_of(service.port) or "another program"
        held.append(f"Port {service.port}, wanted for {service.name}, is taken by {holder}.")
        other = _other_port(service.port, known)
        known = known | {other}
        others.append(f"{service.variable}={other}")
    return (
        f"{' '.join(held)} End that (`make down` ends what `make up` started here), or choose "
        f"others: {' '.join(others)}"
    )


def _other_port(port: int, known: Collection[int] = ()) -> int:
    """Return the next free port, below those that Linux lends to outgoing connections."""
    near = (at for at in range(port + 1, 32_768) if at not in known and port_is_free(at))
    return next(near, 0) or free_port()
