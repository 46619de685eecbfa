"""The supervisor: what it starts is watched while it runs and gone when it stops."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from baton.services import processes
from baton.services.profile import Profile, ProfileError, only_copy, open_profile
from baton.services.supervisor import Program, Stopped, Supervisor, SupervisorError, stoppable

PATIENT = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
# A child that forks a grandchild in a session of its own, says who is who, and waits.
FAMILY = f"""
import json, os, subprocess, sys, time
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
apart = subprocess.Popen([sys.executable, "-c", {PATIENT!r}], start_new_session=True)
with open(sys.argv[1], "w") as file:
    json.dump([os.getpid(), child.pid, apart.pid], file)
time.sleep(600)
"""


@pytest.fixture
def profile(tmp_path: Path) -> Profile:
    return open_profile("test", tmp_path / "profile")


@pytest.fixture
def family_of(tmp_path: Path) -> Callable[[], Program]:
    def make(patience: float = 1.0) -> Program:
        note = tmp_path / "pids.json"
        return program("family", FAMILY, note, ready=note.exists, patience=patience)

    return make


def program(name: str, code: str, *arguments: object, **more: object) -> Program:
    words = (sys.executable, "-c", textwrap.dedent(code), *map(str, arguments))
    return Program(name, words, dict(os.environ), **more)


def pids(tmp_path: Path) -> list[int]:
    return until(lambda: json.loads((tmp_path / "pids.json").read_text() or "null"))


def until(look: Callable[[], object], seconds: float = 15.0) -> object:
    deadline = time.monotonic() + seconds
    while not (seen := look()):
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)
    return seen


def living(some: list[int]) -> set[int]:
    return set(some) & processes.table().keys()


def test_stopping_ends_children_and_grandchildren(
    profile: Profile, family_of: Callable[[], Program], tmp_path: Path
) -> None:
    with Supervisor(profile) as services:
        services.start(family_of())
        services.wait_ready()
        started = pids(tmp_path)
        assert living(started) == set(started)
    assert living(started) == set()


def test_an_error_inside_the_block_ends_them_too(
    profile: Profile, family_of: Callable[[], Program], tmp_path: Path
) -> None:
    with contextlib.suppress(ZeroDivisionError), Supervisor(profile) as services:
        services.start(family_of())
        services.wait_ready()
        started = pids(tmp_path)
        raise ZeroDivisionError
    assert living(started) == set()


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "SIGTERM"])
def test_a_signal_ends_them_too(
    profile: Profile, family_of: Callable[[], Program], tmp_path: Path, signum: int
) -> None:
    stopped = False
    try:
        with stoppable(), Supervisor(profile) as services:
            services.start(family_of())
            services.wait_ready()
            started = pids(tmp_path)
            os.kill(os.getpid(), signum)
            time.sleep(5)
    except Stopped:
        stopped = True
    assert stopped
    assert living(started) == set()


def test_a_stubborn_service_is_killed_after_its_patience(profile: Profile) -> None:
    with Supervisor(profile) as services:
        services.start(program("stubborn", PATIENT, patience=0.2))
        leaders = json.loads(profile.file("processes.json").read_text())
        began = time.monotonic()
    assert time.monotonic() - began < 5
    assert living([leaders[0][0]]) == set()


def test_what_a_killed_supervisor_left_behind_is_ended_by_the_next(
    profile: Profile, family_of: Callable[[], Program], tmp_path: Path
) -> None:
    first = Supervisor(profile)
    with first:
        first.start(family_of())
        first.wait_ready()
        started = pids(tmp_path)
        register = profile.file("processes.json").read_text()
        # As if this process had been killed: nothing is stopped, and the register stays.
        forgotten, first._running = first._running, []
    profile.file("processes.json").write_text(register)
    assert living(started) == set(started)
    with Supervisor(profile):
        forgotten[0].process.wait(5)
        assert living(started) == set()


def test_a_recycled_process_id_is_never_ended(profile: Profile) -> None:
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"],
                          start_new_session=True) as stranger:  # fmt: skip
        until(lambda: stranger.pid in processes.table())
        earlier = str(int(processes.started_at(stranger.pid)) - 1)
        profile.file("processes.json").write_text(json.dumps([[stranger.pid, earlier]]))
        with Supervisor(profile):
            assert stranger.poll() is None
        stranger.kill()


def test_a_service_that_ends_by_itself_is_named_with_its_last_words(profile: Profile) -> None:
    with Supervisor(profile) as services:
        services.start(program("brief", "raise SystemExit('out of luck')", ready=lambda: False))
        with pytest.raises(SupervisorError, match=r"brief ended with 1; it last said: out of luck"):
            services.wait_ready()


def test_what_all_services_need_is_named_before_the_first_that_fell(profile: Profile) -> None:
    there = [True]

    def ground() -> None:
        if not there[0]:
            raise SupervisorError("The database has stopped.")

    with Supervisor(profile) as services:
        services.rests_on(ground)
        services.start(program("falls", "input(); raise SystemExit('no database')"))
        there[0] = False
        with pytest.raises(SupervisorError, match=r"The database has stopped\."):
            until(lambda: services.check())


def test_a_service_that_is_never_ready_is_named(profile: Profile) -> None:
    with Supervisor(profile) as services:
        services.start(program("slow", "import time; time.sleep(600)", ready=lambda: False))
        with pytest.raises(SupervisorError, match="slow was not ready after 0 s"):
            services.wait_ready(timeout=0.3)


def test_a_program_that_is_not_there_ends_in_a_sentence(profile: Profile) -> None:
    with Supervisor(profile) as services, pytest.raises(SupervisorError, match="make setup"):
        services.start(Program("ghost", ("/no/such/program",), {}))


def test_children_are_told_when_their_supervisor_is_killed(tmp_path: Path) -> None:
    code = """
        import sys
        from pathlib import Path
        from baton.services.profile import open_profile
        from baton.services.supervisor import Program, Supervisor
        services = Supervisor(open_profile("test", Path(sys.argv[1])))
        services.start(Program("one", (sys.executable, "-c", "import time; time.sleep(600)"), {}))
        print(services._running[0].process.pid, flush=True)
        sys.stdin.read()
    """
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    supervisor = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), tmp_path / "profile"],
        env=environ, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    child = int(supervisor.stdout.readline())
    supervisor.kill()
    supervisor.communicate()
    if not sys.platform.startswith("linux"):
        pytest.skip("only Linux tells a child that its parent was killed")
    until(lambda: not living([child]))


def test_a_second_copy_ends_with_a_sentence_that_names_the_first(profile: Profile) -> None:
    first = rf"`make demo` already runs.*process {os.getpid()}"
    second = only_copy(profile, "make demo")
    with only_copy(profile, "make demo"), pytest.raises(ProfileError, match=first):
        second.__enter__()
    with only_copy(profile, "make demo"):
        pass


def test_secrets_and_logs_are_private(profile: Profile) -> None:
    with Supervisor(profile) as services:
        services.start(program("quiet", "print('hello')"))
    kept = profile.secrets()
    assert profile.secrets() == kept
    assert all(len(value) >= 32 for value in kept.values())
    for name in ("secrets.env", "logs/quiet.log"):
        assert profile.file(name).stat().st_mode & 0o077 == 0
    assert profile.folder.stat().st_mode & 0o077 == 0
