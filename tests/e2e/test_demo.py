"""The main job: `CI=true make demo`, once from nothing and once more on what the first one left."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from baton.motion import MOTION
from baton.services import processes
from baton.services.demo import to_look_at
from baton.services.demo_plan import LAYER_TABLES, PLAN, runs_of
from baton.services.ports import SERVICES
from baton.services.profile import open_profile
from baton.services.supervisor import Supervisor
from baton.warehouse import embedded
from baton.warehouse.embedded_cluster import command_line, free_port

pytestmark = pytest.mark.e2e

TIMEOUT = 1500


@dataclass(frozen=True)
class Demo:
    status: int
    said: str
    sent: list[dict[str, object]]
    tables: dict[str, int]
    to_look_at: tuple[int, str | None, str | None]

    def number(self, pattern: str) -> int:
        found = re.search(pattern, self.said)
        assert found, f"{pattern!r} is not in what the demo said:\n{self.said}"
        return int(found[1])


def play(home: Path) -> Demo:
    """Run the demo as CI does; then look into its database and the stand-in's mailbox."""
    done = subprocess.run(
        [sys.executable, "-m", "baton.services.demo", "--home", home],
        env={**os.environ, "CI": "true", "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=TIMEOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    state = json.loads((home / "sandbox" / "state.json").read_text())
    server = embedded.start(home)
    try:
        with psycopg.connect(server.url("baton")) as conn:
            tables = {
                table: conn.execute(f"select count(*) from {table}").fetchone()[0]
                for table in (*LAYER_TABLES.values(), "ops.attempt", "ops.gate_result")
            }
        found = to_look_at(server.url("baton"))
    finally:
        server.stop()
    return Demo(done.returncode, done.stdout, state["mailbox"]["mails"], tables, found)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("demo") / "home"
    yield folder
    embedded.destroy(folder)


@pytest.fixture(scope="module")
def first(home: Path) -> Demo:
    return play(home)


@pytest.fixture(scope="module")
def second(home: Path, first: Demo) -> Demo:
    del first
    return play(home)


def test_every_dag_of_the_motion_ran_and_succeeded(first: Demo) -> None:
    assert {run.dag_id for stage in PLAN for run in runs_of(stage)} == set(MOTION)
    for dag_id in MOTION:
        assert re.search(rf"^\S+ +{dag_id}: [0-9.]+ s", first.said, re.MULTILINE), dag_id
    assert "FAILED" not in first.said


def test_every_layer_has_rows(first: Demo) -> None:
    assert {table: n for table, n in first.tables.items() if n == 0} == {}


def test_it_ends_with_drafts_to_decide_a_meeting_to_come_and_an_answer(first: Demo) -> None:
    waiting, meeting, message = first.to_look_at
    assert waiting > 0
    assert meeting is not None
    assert message is not None
    assert first.number(r"(\d+) people book a meeting for tomorrow") > 0


def test_every_message_was_sent_once(first: Demo) -> None:
    keys = [json.dumps(mail["custom_args"], sort_keys=True) for mail in first.sent]
    assert keys
    assert len(keys) == len(set(keys))
    assert first.number(r"sent twice: (\d+)") == 0
    assert first.number(r"after an opt-out: (\d+)") == 0


def test_a_second_demo_succeeds_and_sends_nothing_twice(first: Demo, second: Demo) -> None:
    keys = [json.dumps(mail["custom_args"], sort_keys=True) for mail in second.sent]
    assert len(keys) == len(set(keys))
    assert [mail["message_id"] for mail in second.sent[: len(first.sent)]] == [
        mail["message_id"] for mail in first.sent
    ]
    assert second.number(r"sent twice: (\d+)") == 0
    assert second.number(r"after an opt-out: (\d+)") == 0


def test_a_second_demo_keeps_what_the_first_one_made(first: Demo, second: Demo) -> None:
    fewer = {t: (first.tables[t], n) for t, n in second.tables.items() if n < first.tables[t]}
    assert fewer == {}


def test_nothing_is_left_running(home: Path, second: Demo) -> None:
    del second
    assert embedded.running(home) is None
    assert not (home / "processes.json").exists()
    left = [p for p in processes.table().values() if str(home) in command_line(p.pid)]
    assert left == []


def test_ctrl_c_ends_everything_that_was_started(tmp_path: Path) -> None:
    home = tmp_path / "home"
    ports = {service.variable: str(free_port()) for service in SERVICES.values()}
    environ = {name: value for name, value in os.environ.items() if name != "CI"}
    demo = subprocess.Popen(
        [sys.executable, "-u", "-m", "baton.services.demo", "--home", home],
        env={**environ, **ports, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        said = []
        for line in demo.stdout:
            said.append(line)
            if line.startswith("Ready after"):
                break
        else:
            pytest.fail("the demo ended before it was ready:\n" + "".join(said))
        family = processes.family([(demo.pid, processes.started_at(demo.pid))])
        assert len(family) > len(ports)
        demo.send_signal(signal.SIGINT)
        rest, _ = demo.communicate(timeout=60)
        assert demo.returncode == 130, rest
        assert "Nothing is left running" in rest
        assert [p for p in family if processes.alive(p.pid, p.started)] == []
        assert embedded.running(home) is None
    finally:
        demo.kill()
        demo.wait()
        with Supervisor(open_profile("demo", home)):  # ends what a failure left behind
            embedded.destroy(home)
