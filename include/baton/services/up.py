"""`make up` and `make down`: the services for daily work, kept running after the command ends.

`make up` starts a supervisor in a session of its own and waits until it reports that everything is
ready, or why not. `make down` asks that supervisor to stop.
"""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from baton.core.errors import BatonError
from baton.services import ports, processes
from baton.services.airflow_config import passwords
from baton.services.profile import Profile, only_copy, open_profile, read_env
from baton.services.stack import prepare
from baton.services.supervisor import Stopped, Supervisor, SupervisorError, stoppable
from baton.warehouse import embedded

START_TIMEOUT = 300.0
STOP_TIMEOUT = 60.0


def main(arguments: list[str]) -> int:
    """Do what the one argument says (none, --stop, --clean; --serve is the daemon itself)."""
    deeds = {(): up, ("--stop",): down, ("--clean",): clean, ("--serve",): serve}
    try:
        return deeds[tuple(arguments)]()
    except KeyError:
        print("Use `make up`, `make down` or `make clean`.", file=sys.stderr)
    except BatonError as error:
        if os.environ.get("BATON_DEBUG") == "1":
            raise
        print(f"baton: {error}", file=sys.stderr)
    return 1


def up() -> int:
    """Start the daemon, wait until all is ready, and say where everything is."""
    profile = open_profile("up")
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
        _await(profile, daemon, log)
    found = ports.kept(profile.folder)
    print(f"  Airflow   http://127.0.0.1:{found['airflow']}   (user admin, password "
          f"{passwords(profile.folder)['admin']})")  # fmt: skip
    print(f"  Receiver  http://127.0.0.1:{found['receiver']}")
    print("DAGs start paused: switch on those you want. `make down` stops everything.")
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
                with Supervisor(profile) as services:
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


def running(profile: Profile) -> tuple[int, str] | None:
    """Return the daemon's id and start time when it runs and everything is ready, else None."""
    kept = read_env(profile.file("supervisor.env"))
    if not kept or not processes.alive(int(kept["PID"]), kept["STARTED"]):
        return None
    return int(kept["PID"]), kept["STARTED"]


def down() -> int:
    """Stop the daemon and everything that it started."""
    profile = open_profile("up")
    daemon = running(profile)
    if daemon is None:
        with only_copy(profile, "make up"), Supervisor(profile):
            _stop_postgres(profile)
        print("Nothing of `make up` is running.")
        return 0
    processes.send_to(*daemon, signal.SIGTERM)
    deadline = time.monotonic() + STOP_TIMEOUT
    while processes.alive(*daemon):
        if time.monotonic() > deadline:
            raise SupervisorError(
                f"The supervisor (process {daemon[0]}) does not stop; "
                f"{profile.file('logs', 'supervisor.log')} may say why."
            )
        time.sleep(0.1)
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
