"""`make up` believes a daemon only while it means to stay."""

import os
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.services import processes, up
from baton.services.profile import Profile, open_profile, write_private
from baton.services.supervisor import SupervisorError

# A daemon as `serve` is one, with services that take long to stop: it ends when a file is there.
DAEMON = """
import sys, time
from pathlib import Path
from baton.services.profile import open_profile
from baton.services.supervisor import Stopped, stoppable
from baton.services.up import saying_when_it_stops

folder = Path(sys.argv[1])
profile = open_profile("test", folder)
with stoppable():
    try:
        with saying_when_it_stops(profile):
            (folder / "started").touch()
            while True:
                time.sleep(0.05)
    except Stopped:
        while not (folder / "end").exists():
            time.sleep(0.05)
"""


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return open_profile("test", tmp_path / "profile")


def until(look: Callable[[], object]) -> None:
    deadline = time.monotonic() + 30
    while not look():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def tell(profile: Profile, pid: int, more: str = "") -> None:
    """Write what the stack writes when everything is ready."""
    write_private(
        profile.file("supervisor.env"), f"PID={pid}\nSTARTED={processes.started_at(pid)}\n{more}"
    )


def test_a_daemon_that_stops_is_not_ready(profile: Profile) -> None:
    daemon = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(DAEMON), str(profile.folder)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    try:
        until((profile.folder / "started").exists)
        assert up.running(profile) is None, "it has not said that all is ready"
        tell(profile, daemon.pid)
        ready = up.running(profile)
        assert ready is not None
        assert ready.pid == daemon.pid

        daemon.terminate()
        until(lambda: up.running(profile) is None)
        stopping = up.found(profile)
        assert stopping is not None, "it lives, and `make down` and `make up` wait for it"
        assert stopping.stopping
        assert daemon.poll() is None
    finally:
        (profile.folder / "end").touch()
        daemon.wait(30)
    assert up.found(profile) is None


def test_a_daemon_that_does_not_stop_is_named(
    profile: Profile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(up, "STOP_TIMEOUT", 0.2)
    tell(profile, os.getpid(), "STOPPING=1\n")
    daemon = up.found(profile)
    assert daemon is not None
    with pytest.raises(SupervisorError, match=rf"process {os.getpid()}\) does not stop"):
        up._await_end(profile, daemon)


def test_a_note_of_a_daemon_that_was_killed_counts_for_nothing(profile: Profile) -> None:
    write_private(profile.file("supervisor.env"), f"PID={os.getpid()}\nSTARTED=0\n")
    assert up.found(profile) is None
