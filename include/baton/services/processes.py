"""Which processes belong to us, and how to end them all, grandchildren included.

A service is started in a session of its own, so what it forks carries its session id. A process is
only ever ended when its id and its start time are those that we saw: an id is used again, the pair
is not.
"""

import contextlib
import ctypes
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

PROC = Path("/proc")
PR_SET_PDEATHSIG = 1


@dataclass(frozen=True)
class Process:
    """One process as the system shows it. `started` is the system's own notation of its start."""

    pid: int
    parent: int
    session: int
    started: str


def table() -> dict[int, Process]:
    """Return the living processes by id (a zombie is not living)."""
    if (PROC / "self" / "stat").exists():
        seen = (_from_proc(entry.name) for entry in PROC.iterdir() if entry.name.isdigit())
        return {process.pid: process for process in seen if process is not None}
    # Elsewhere the process group stands in for the session: our services are leaders of both.
    asked = ["ps", "-A", "-o", "pid=,ppid=,pgid=,stat=,lstart="]
    found = {}
    for line in subprocess.run(
        asked, capture_output=True, text=True, check=True
    ).stdout.splitlines():
        pid, parent, group, state, started = line.split(maxsplit=4)
        if not state.startswith("Z"):
            found[int(pid)] = Process(int(pid), int(parent), int(group), started)
    return found


def _from_proc(pid: str) -> Process | None:
    try:
        stat = (PROC / pid / "stat").read_text()
    except OSError:
        return None
    # Field 2 is the command in brackets and may hold anything, brackets and spaces included.
    fields = stat[stat.rindex(")") + 2 :].split()
    if fields[0] in "ZX":
        return None
    return Process(int(pid), int(fields[1]), int(fields[3]), fields[19])


def alive(pid: int, started: str) -> bool:
    """Tell whether the very process with this id and start time still lives."""
    found = _from_proc(str(pid)) if (PROC / "self" / "stat").exists() else table().get(pid)
    return found is not None and found.started == started


def started_at(pid: int) -> str:
    """Return the start time of a living process, or "" if there is none with this id."""
    found = table().get(pid)
    return "" if found is None else found.started


def family(leaders: Iterable[tuple[int, str]]) -> list[Process]:
    """Return the living processes of services, each given as its leader's id and start time.

    These are the members of their sessions and all their descendants.
    """
    everyone = table()
    sessions = {}
    for pid, started in leaders:
        now = everyone.get(pid)
        if now is None or now.started == started:  # else the id went to a stranger
            sessions[pid] = started
    members = {
        process.pid
        for process in everyone.values()
        if process.session in sessions and _is_after(process.started, sessions[process.session])
    }
    grown = True
    while grown:
        more = {p.pid for p in everyone.values() if p.parent in members} - members
        members |= more
        grown = bool(more)
    members.discard(os.getpid())
    return [everyone[pid] for pid in members]


def _is_after(started: str, leader: str) -> bool:
    return int(started) >= int(leader) if started.isdigit() and leader.isdigit() else True


def end(
    leaders: Iterable[tuple[int, str]], patience: float, known: Iterable[Process] = ()
) -> list[Process]:
    """Ask `leaders` to end, wait up to `patience` s, then kill them and whatever they forked.

    Only a leader is asked, so that it can end its own children in order (a scheduler lets running
    tasks finish); what outlives its leader is asked next. Families are looked up again and again,
    since a process may fork while it is being ended, and a member once seen (`known`) stays so when
    its parent dies. Returns those that even a kill did not end.
    """
    leaders = list(leaders)
    alive_still = {(p.pid, p.started): p for p in known}
    asked: set[tuple[int, str]] = set()
    start = time.monotonic()
    while (elapsed := time.monotonic() - start) < patience + 10:
        alive_still |= {(p.pid, p.started): p for p in family(leaders)}
        alive_still = {key: process for key, process in alive_still.items() if alive(*key)}
        if not alive_still:
            return []
        if elapsed > patience:
            for process in alive_still.values():
                send(process, signal.SIGKILL)
        now = [leader for leader in leaders if leader in alive_still] or list(alive_still)
        for key in set(now) - asked:
            send(alive_still[key], signal.SIGTERM)
        asked |= set(now)
        time.sleep(0.05)
    return list(alive_still.values())


def send(process: Process, signum: int) -> None:
    """Signal exactly this process, or nobody if it has ended meanwhile."""
    send_to(process.pid, process.started, signum)


def send_to(pid: int, started: str, signum: int) -> None:
    """Signal the process with this id and start time, or nobody."""
    if alive(pid, started):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, signum)


def die_with_parent() -> Callable[[], None] | None:
    """Return what a child runs before it starts, so that it ends when we are killed (Linux)."""
    if not sys.platform.startswith("linux"):
        return None
    prctl = ctypes.CDLL(None, use_errno=True).prctl

    def ask() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)

    return ask


def holder_of(port: int) -> str:
    """Describe who listens on a loopback port, such as "python (process 123)"; "" if unknown."""
    inodes = set()
    for name in ("tcp", "tcp6"):
        with contextlib.suppress(OSError):
            for line in (PROC / "net" / name).read_text().splitlines()[1:]:
                fields = line.split()
                if fields[3] == "0A" and int(fields[1].rsplit(":", 1)[1], 16) == port:
                    inodes.add(f"socket:[{fields[9]}]")
    if not inodes:
        return ""
    for entry in PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError):
            if any(str(fd.readlink()) in inodes for fd in (entry / "fd").iterdir()):
                command = (entry / "comm").read_text().strip()
                return f"{re.sub(r'[^ -~]', '?', command)} (process {entry.name})"
    return ""
