"""`make up` and `make down`: the services for daily work, kept running after the command ends.

`make up` starts a supervisor in a session of its own and waits until it reports that everything is
ready, or why not. `make down` asks that supervisor to stop.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from baton.core.errors import BatonError
from baton.services import ports, processes
from baton.services.airflow_config import passwords
from baton.services.profile import Profile, only_copy, open_profile, read_env, write_private
from baton.services.stack import prepare
from baton.services.supervisor import Stopped, Supervisor, SupervisorError, stoppable
from baton.warehouse import embedded

START_TIMEOUT = 300.0
STOP_TIMEOUT = 60.0
STOPPING = "STOPPING"


def main(arguments: list[str]) -> int:
    """Do what the one argument says (none, --stop, --clean; --serve is the daemon itself)."""
    deeds = {(): up, ("--stop",): down, ("--clean",): clean, ("--serve",): serve}
    if (deed := deeds.get(tuple(arguments))) is None:
        print("Use `make up`, `make down` or `make clean`.", file=sys.stderr)
        return 1
    try:
        return deed()
    except BatonError as error:
        if os.environ.get("BATON_DEBUG") == "1":
            raise
        print(f"baton: {error}", file=sys.stderr)
    return 1


def up() -> int:
    """Start the daemon, wait until all is ready, and say where everything is."""
    profile = open_profile("up")
    if (old := found(profile)) is not None and old.stopping:
        print("The services that ran before are still stopping; waiting for them ...", flush=True)
        _await_end(profile, old)
    if running(profile) is None:
        log = profile.file("logs", "supervisor.log")
        log.unlink(missing_ok=True)
        log.touch(mode=0o600)
        with log.open("ab") as output:
            daemon = subprocess.Popen(
                [sys.executable, "-m", "baton.services.up", "--serve"],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        print("Starting Postgres, the webhook receiver and Airflow ...", flush=True)
        try:
            _await(profile, daemon, log)
        except BaseException:  # Ctrl-C too: the daemon has a session of its own
            daemon.terminate()
            daemon.wait(STOP_TIMEOUT)
            raise
    else:
        print("Everything runs already.")
    kept = ports.kept(profile.folder)
    print(f"  Airflow   http://127.0.0.1:{kept['airflow']}   (user admin, password "
          f"{passwords(profile.folder)['admin']})")  # fmt: skip
    print(f"  Receiver  http://127.0.0.1:{kept['receiver']}")
    print("New DAGs are paused: switch on those you want. `make down` stops everything.")
    return 0


def _await(profile: Profile, daemon: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while running(profile) is None:
        try:
            daemon.wait(0.2)
        except subprocess.TimeoutExpired:
            if time.monotonic() > deadline:
                daemon.terminate()
                raise SupervisorError(f"The services are not ready; {log} may say why.") from None
            continue
        said = log.read_text().strip().splitlines() or [f"it said nothing; see {log.parent}"]
        raise SupervisorError(said[-1].removeprefix("baton: "))


def serve() -> int:
    """Be the daemon: start the services, watch them, stop them when asked."""
    profile = open_profile("up")
    ready = profile.file("supervisor.env")
    try:
        with only_copy(profile, "make up"), stoppable():
            try:
                with Supervisor(profile) as services, saying_when_it_stops(profile):
                    stack = prepare(profile, sandbox=False, schedules=True)
                    stack.start(services)
                    stack.wait_ready(services)
                    while True:
                        services.check()
                        time.sleep(1)
            finally:
                ready.unlink(missing_ok=True)
                _stop_postgres(profile)
    except Stopped:
        return 0


def _stop_postgres(profile: Profile) -> None:
    if (server := embedded.running(profile.folder)) is not None:
        server.stop()


@dataclass(frozen=True)
class Daemon:
    """The daemon that `supervisor.env` tells of: everything is ready, or it is `stopping` already."""

    pid: int
    started: str
    stopping: bool


@contextlib.contextmanager
def saying_when_it_stops(profile: Profile) -> Iterator[None]:
    """Note in `supervisor.env`, when the block ends, that what runs yet is being stopped.

    Stopping takes up to half a minute, in which the daemon lives and its services do not.
    """
    try:
        yield
    finally:
        ready = profile.file("supervisor.env")
        if ready.exists():
            write_private(ready, f"{ready.read_text()}{STOPPING}=1\n")


def found(profile: Profile) -> Daemon | None:
    """Return the living daemon, from when everything was ready until it has stopped, else None."""
    kept = read_env(profile.file("supervisor.env"))
    if not kept or not processes.alive(int(kept["PID"]), kept["STARTED"]):
        return None
    return Daemon(int(kept["PID"]), kept["STARTED"], STOPPING in kept)


def running(profile: Profile) -> Daemon | None:
    """Return the daemon when it runs and everything is ready and will stay so, else None."""
    daemon = found(profile)
    return None if daemon is None or daemon.stopping else daemon


def _await_end(profile: Profile, daemon: Daemon) -> None:
    deadline = time.monotonic() + STOP_TIMEOUT
    while processes.alive(daemon.pid, daemon.started):
        if time.monotonic() > deadline:
            raise SupervisorError(
                f"The supervisor (process {daemon.pid}) does not stop; "
                f"{profile.file('logs', 'supervisor.log')} may say why."
            )
        time.sleep(0.1)


def down() -> int:
    """Stop the daemon and everything that it started."""
    profile = open_profile("up")
    daemon = found(profile)
    if daemon is None:
        with only_copy(profile, "make up"), Supervisor(profile):
            _stop_postgres(profile)
        print("Nothing of `make up` is running.")
        return 0
    processes.send_to(daemon.pid, daemon.started, signal.SIGTERM)
    _await_end(profile, daemon)
    print("Stopped.")
    return 0


def clean() -> int:
    """Delete the demo's database and files; what `make up` holds stays."""
    profile = open_profile("demo")
    with only_copy(profile, "make demo"):
        with Supervisor(profile):  # ends what a killed demo left running
            embedded.destroy(profile.folder)
        shutil.rmtree(profile.folder)
    print("The next `make demo` starts from nothing; .baton/up is as it was.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
