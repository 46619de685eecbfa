"""Starts services, waits until each is ready, watches them, and ends every process they left.

    with Supervisor(profile) as services:
        services.start(program)          # any number; they come up side by side
        services.wait_ready()            # or SupervisorError with the end of the log
        services.check()                 # raises if one ended by itself

Leaving the block, also by an exception, Ctrl-C or SIGTERM, stops what was started. Should this
process itself be killed, its children are told by the kernel, and the next start ends leftovers.
"""

import contextlib
import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType, TracebackType

from baton.core.errors import BatonError
from baton.services import processes
from baton.services.profile import Profile, write_private

LOOK_EVERY = 2.0  # seconds between two looks at what the services forked


class SupervisorError(BatonError):
    """A service did not start or ended by itself; the message ends with what its log says."""


class Stopped(BaseException):
    """Ctrl-C or SIGTERM. Not an Exception, so that nothing handles it by chance."""


@dataclass(frozen=True)
class Program:
    """One service: how to start it, and how to tell that it is ready.

    `ready` is called again and again until it returns True; it must return at once. None means
    that a running process is a ready one. `patience`: seconds it gets to end by itself before it is
    killed.
    """

    name: str
    command: tuple[str, ...]
    environ: Mapping[str, str] = field(repr=False)
    ready: Callable[[], bool] | None = None
    patience: float = 20.0


@dataclass
class _Running:
    program: Program
    process: subprocess.Popen[bytes]
    started: str
    log: Path
    log_from: int
    is_ready: bool = False
    family: tuple[processes.Process, ...] = ()

    @property
    def leader(self) -> tuple[int, str]:
        return self.process.pid, self.started

    def look(self) -> None:
        """Remember the family as it is: an orphan in a session of its own is found in no other way."""
        orphans = {p for p in self.family if processes.alive(p.pid, p.started)}
        self.family = (*orphans.union(processes.family([self.leader])),)


class Supervisor:
    """The services of one profile. At most one supervisor per profile: hold `only_copy` first."""

    def __init__(self, profile: Profile) -> None:
        """Nothing is started yet."""
        self._profile = profile
        self._running: list[_Running] = []
        self._ground: list[Callable[[], object]] = []
        self._looked = 0.0
        self._register = profile.file("processes.json")

    def __enter__(self) -> "Supervisor":
        """End what a killed supervisor of this profile left behind."""
        self.end_leftovers()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop everything that was started."""
        self.stop()

    def rests_on(self, ground: Callable[[], object]) -> None:
        """Name what all services need and this supervisor did not start: `ground` raises if it is gone.

        Without it they all end, and which of them is first says nothing.
        """
        self._ground.append(ground)

    def start(self, program: Program) -> None:
        """Start a service in a session of its own, with its output in logs/<name>.log."""
        log = self._profile.file("logs", f"{program.name}.log")
        with _undisturbed(later=True), log.open("ab") as output:
            log.chmod(0o600)
            log_from = output.tell()
            try:
                process = subprocess.Popen(
                    program.command,
                    env=dict(program.environ),
                    cwd=self._profile.folder,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                    preexec_fn=processes.die_with_parent(),  # noqa: PLW1509 (no thread runs yet)
                )
            except OSError as error:
                raise SupervisorError(
                    f"Cannot start {program.name}: {error.strerror} ({program.command[0]}); "
                    "run `make setup`."
                ) from None
            started = processes.started_at(process.pid)
            self._running.append(_Running(program, process, started, log, log_from))
            self._remember()

    def wait_ready(self, *names: str, timeout: float = 300.0) -> None:
        """Wait until the named services (default: all) are ready.

        Raises SupervisorError when one ends by itself or is not ready after `timeout` seconds.
        """
        deadline = time.monotonic() + timeout
        waiting = [r for r in self._running if not names or r.program.name in names]
        while waiting := [r for r in waiting if not self._ready(r)]:
            self.check()
            if time.monotonic() > deadline:
                late = waiting[0]
                raise SupervisorError(
                    f"{late.program.name} was not ready after {timeout:.0f} s{_tail(late)}"
                )
            # Ends early when the service does: the only event that it can send us.
            with contextlib.suppress(subprocess.TimeoutExpired):
                waiting[0].process.wait(0.1)

    def check(self) -> None:
        """Raise SupervisorError if a service ended by itself; what they rest on is named first."""
        if time.monotonic() - self._looked > LOOK_EVERY:
            self._looked = time.monotonic()
            for running in self._running:
                running.look()
        ended = [(each, each.process.poll()) for each in self._running]
        for ground in self._ground:  # after the services: they fall because of it
            ground()
        for running, status in ended:
            if status is not None:
                how = f"was ended by signal {-status}" if status < 0 else f"ended with {status}"
                raise SupervisorError(f"{running.program.name} {how}{_tail(running)}")

    def stop(self) -> None:
        """End all services, all at once; nothing of them stays, whatever they forked."""
        running, self._running = self._running, []
        left = []
        with _undisturbed(later=False):
            for each in running:
                each.look()
            for each in running:
                processes.send_to(*each.leader, signal.SIGTERM)
            for each in sorted(running, key=lambda r: r.program.patience):
                left += processes.end([each.leader], each.program.patience, each.family)
            for each in running:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    each.process.wait(0)
        if left:
            raise SupervisorError(
                "These processes could not be ended: " + ", ".join(str(p.pid) for p in left) + "."
            )
        self._register.unlink(missing_ok=True)

    def end_leftovers(self) -> None:
        """End the services that a killed supervisor of this profile left running."""
        if not self._register.exists():
            return
        leaders = [(int(pid), started) for pid, started in json.loads(self._register.read_text())]
        left = processes.end(leaders, patience=10)
        if left:
            raise SupervisorError(
                f"A killed run left process {left[0].pid} behind, which cannot be ended; "
                f"end it by hand (`kill -9 {left[0].pid}`) and try again."
            )
        self._register.unlink(missing_ok=True)

    def _ready(self, running: _Running) -> bool:
        if not running.is_ready:
            ready = running.program.ready
            running.is_ready = ready is None or ready()
        return running.is_ready

    def _remember(self) -> None:
        """Keep who our services are, for a successor in case we are killed."""
        leaders = [running.leader for running in self._running]
        write_private(self._register, json.dumps(leaders))


def _tail(running: _Running, lines: int = 3) -> str:
    """Return the end of what a service logged since it was started, as the end of a sentence."""
    with running.log.open("rb") as log:
        log.seek(running.log_from)
        said = log.read().decode(errors="replace").strip().splitlines()
    telling = " / ".join(line.strip() for line in said[-lines:])
    return f"; it last said: {telling} (all of it in {running.log})." if telling else "."


@contextlib.contextmanager
def stoppable() -> Iterator[threading.Event]:
    """Turn Ctrl-C and SIGTERM into Stopped in the main thread.

    Yields an event that is set at the same moment, for those who wait for it.
    """
    asked = threading.Event()

    def stop(signum: int, frame: FrameType | None) -> None:
        del signum, frame
        if not asked.is_set():
            asked.set()
            raise Stopped

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _undisturbed(*, later: bool) -> Iterator[None]:
    """Let no Ctrl-C or SIGTERM interrupt the block; `later` delivers it when the block has ended."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    came: list[int] = []

    def note(signum: int, frame: FrameType | None) -> None:
        del frame
        came.append(signum)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    if later and came:
        signal.raise_signal(came[0])
