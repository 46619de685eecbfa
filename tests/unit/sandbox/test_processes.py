"""The commands as a service runner uses them: real processes, real ports."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from sandbox import keys as sandbox_keys
from sandbox.market.build import REPS
from sandbox.vendors import caldav

INCLUDE = Path(__file__).resolve().parents[3] / "include"
PATIENCE = 60


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def start(*arguments):
    environ = {k: v for k, v in os.environ.items() if not k.startswith("BATON_")}
    return subprocess.Popen(
        [sys.executable, "-m", "sandbox", *arguments],
        env={**environ, "PYTHONPATH": str(INCLUDE)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def answered(process, url, **kwargs):
    """The first answer of a server that is just starting."""
    transport = httpx.HTTPTransport(retries=12)  # backs off up to a minute in all
    with httpx.Client(transport=transport, timeout=PATIENCE) as client:
        try:
            return client.request(kwargs.pop("method", "GET"), url, **kwargs)
        except httpx.ConnectError:
            process.kill()
            pytest.fail(f"The server did not start: {process.communicate()[0]}")


def test_serve_answers_and_keeps_its_state_when_it_is_ended(tmp_path):
    port = free_port()
    process = start("serve", "--home", str(tmp_path), "--port", str(port), "--start",
                    "2026-03-02T09:00:00Z", "--still")  # fmt: skip
    answer = answered(process, f"http://127.0.0.1:{port}/_control/clock")
    assert answer.json()["now"] == "2026-03-02T09:00:00+00:00"
    process.terminate()
    output, _ = process.communicate(timeout=PATIENCE)
    assert output == ""
    assert (tmp_path / "state.json").stat().st_mode & 0o777 == 0o600


def test_a_busy_port_is_told_and_ends_the_process(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        process = start("serve", "--home", str(tmp_path), "--port", port)
        output, _ = process.communicate(timeout=PATIENCE)
    assert process.returncode != 0
    assert "address already in use" in output


@pytest.mark.parametrize("what", ["watchlist", "contacts", "reps"])
def test_exports_are_csv_without_truth(what):
    output, _ = start("export", what).communicate(timeout=PATIENCE)
    header, *rows = output.splitlines()
    assert len(rows) == {"watchlist": 60, "reps": 5}.get(what, len(rows))
    assert "icp" not in header
    assert "fit" not in header


def test_keys_prints_what_receiver_and_clients_need(tmp_path):
    output, _ = start("keys", "--home", str(tmp_path)).communicate(timeout=PATIENCE)
    lines = dict(line.split("=", 1) for line in output.splitlines())
    assert lines == sandbox_keys.load(tmp_path, {}).environment()


@pytest.fixture(scope="module")
def calendar(tmp_path_factory):
    home = tmp_path_factory.mktemp("calendar")
    port = free_port()
    server = caldav.prepare(home, REPS, sandbox_keys.load(home, {}), port)
    process = start("calendar", "--home", str(home), "--port", str(port))
    answered(process, server.url)
    yield server, sandbox_keys.load(home, {})
    process.terminate()
    process.communicate(timeout=PATIENCE)


EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//Baton//tests//EN
BEGIN:VEVENT
UID:one@baton
DTSTAMP:20260302T090000Z
DTSTART:20260303T090000Z
DTEND:20260303T093000Z
SUMMARY:A talk
END:VEVENT
END:VCALENDAR
"""


def test_baton_writes_into_every_reps_calendar_and_a_rep_only_into_their_own(calendar):
    server, keys = calendar
    clara, owen = REPS[0].email, REPS[1].email
    event = {"content": EVENT, "headers": {"Content-Type": "text/calendar; charset=utf-8"}}

    def put(user, password, owner):
        url = f"{server.calendar_url(owner)}one.ics"
        return httpx.put(url, auth=(user, password), **event).status_code

    assert put("baton", keys.calendar_password, clara) == 201
    assert put("baton", keys.calendar_password, owen) == 201
    assert put(clara, keys.rep_password(clara), clara) == 204
    assert put(clara, keys.rep_password(clara), owen) == 403
    assert put("baton", "wrong", clara) == 401
    shown = httpx.get(
        f"{server.calendar_url(clara)}one.ics", auth=(clara, keys.rep_password(clara))
    )
    assert "SUMMARY:A talk" in shown.text


def test_the_calendars_secrets_are_readable_by_their_user_alone(calendar):
    server, _ = calendar
    for name in ("users", "passwords.json"):
        assert (server.config.parent / name).stat().st_mode & 0o777 == 0o600
