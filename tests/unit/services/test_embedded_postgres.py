"""The embedded Postgres: starts, is reused, survives SIGKILL, keeps its files to itself."""

import os
import select
import signal
import socket
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from baton.warehouse import embedded, embedded_cluster, embedded_owner
from baton.warehouse.embedded import PostgresError, PostgresServer


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "profile"
    embedded.destroy(tmp_path / "profile")


@pytest.fixture
def server(home: Path) -> PostgresServer:
    return embedded.start(home)


def one(url: str, query: str) -> object:
    with psycopg.connect(url) as conn:
        return conn.execute(query).fetchone()[0]


def test_it_is_postgres_18_that_keeps_what_it_commits(server: PostgresServer) -> None:
    assert one(server.url(), "show server_version").startswith("18.")
    assert one(server.url(), "show fsync") == "on"


def test_a_throwaway_server_does_not_wait_for_the_disk(home: Path) -> None:
    assert one(embedded.start(home, throwaway=True).url(), "show fsync") == "off"


def test_a_second_start_reuses_the_running_server(home: Path, server: PostgresServer) -> None:
    again = embedded.start(home)
    assert (again.pid(), again.url()) == (server.pid(), server.url())


def test_it_listens_on_loopback_alone_and_has_no_socket_file(server: PostgresServer) -> None:
    assert one(server.url(), "show listen_addresses") == "127.0.0.1"
    assert one(server.url(), "show unix_socket_directories") == ""


@pytest.mark.parametrize(
    "password", [pytest.param("wrong", id="wrong password"), pytest.param("", id="no password")]
)
def test_nobody_enters_without_the_password(server: PostgresServer, password: str) -> None:
    url = server.url().replace(server.password, password)
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(url)


def test_passwords_are_kept_and_checked_by_scram(server: PostgresServer) -> None:
    methods = "select array_agg(distinct auth_method) from pg_hba_file_rules"
    assert one(server.url(), methods) == ["scram-sha-256"]
    assert one(
        server.url(), "select rolpassword from pg_authid where rolname = 'baton'"
    ).startswith("SCRAM-SHA-256$")


def test_data_and_password_are_readable_by_their_account_alone(server: PostgresServer) -> None:
    folder = server.data.parent
    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (folder, server.data, folder / "password", server.log)
    }
    assert modes == {folder.name: 0o700, "data": 0o700, "password": 0o600, "postgres.log": 0o600}
    assert server.password not in repr(server)


def test_folders_above_are_left_as_they_were(tmp_path: Path) -> None:
    above = tmp_path / "private"
    above.mkdir(mode=0o700)
    try:
        embedded.start(above / "profile")
        assert stat.S_IMODE(above.stat().st_mode) == 0o700
    finally:
        embedded.destroy(above / "profile")


def test_it_recovers_from_sigkill_and_keeps_what_was_committed(
    home: Path, server: PostgresServer
) -> None:
    with psycopg.connect(server.url(), autocommit=True) as conn:
        conn.execute("create table kept as select 7 as n")
        gone = os.pidfd_open(server.pid())  # readable when the process has ended
        os.kill(server.pid(), signal.SIGKILL)
        assert select.select([gone], [], [], 30)[0]
        os.close(gone)
    assert one(embedded.start(home).url(), "select n from kept") == 7


def test_a_pid_file_that_names_another_process_is_not_believed(
    home: Path, server: PostgresServer
) -> None:
    """After a reboot the old id may belong to anybody: here, to this very test."""
    pid_file = server.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    server.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    server.owner.take(pid_file)
    assert embedded.running(home) is None
    assert one(embedded.start(home).url(), "select 1") == 1


def test_a_busy_port_ends_in_a_sentence_that_names_it(home: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PostgresError, match=rf"Port {port} is taken.*BATON_POSTGRES_PORT"):
            embedded.start(home, port)


def test_a_full_disk_ends_in_a_sentence(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_cluster, "NEEDED_BYTES", 2**62)
    with pytest.raises(PostgresError, match="free some space and try again"):
        embedded.start(home)


def test_stopping_twice_is_the_same_as_once(home: Path, server: PostgresServer) -> None:
    server.stop()
    server.stop()
    assert embedded.running(home) is None
    with pytest.raises(PostgresError, match="has stopped"):
        server.pid()


def test_databases_are_made_on_demand_and_copied(server: PostgresServer) -> None:
    first = server.ensure_database("first")
    assert server.ensure_database("first") == first
    with psycopg.connect(first) as conn:
        conn.execute("create table t as select 1 as n")
    assert one(server.create_database("second", template="first"), "select n from t") == 1
    server.drop_database("second")
    server.drop_database("second")


def test_a_new_home_at_the_path_of_a_deleted_one_starts_empty(
    home: Path, server: PostgresServer
) -> None:
    server.ensure_database("old")
    old = server.data.parent
    if server.owner.uid is None:
        server.stop()
    for path in sorted(home.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    fresh = embedded.start(home)
    assert one(fresh.url(), "select count(*) from pg_database where datname = 'old'") == 0
    assert fresh.data.parent == old or not old.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands the server to a system user")
def test_binaries_out_of_reach_are_copied_for_the_system_user(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    owner = embedded_owner.current()
    installed = embedded_owner.binaries(owner).parent
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        Path(folder).chmod(0o711)
        monkeypatch.setattr(embedded_owner, "SYSTEM_HOME", Path(folder) / "system")
        copy = embedded_owner._copied(installed, owner)
        assert owner.run(copy / "bin" / "postgres", "--version").returncode == 0
        assert stat.S_IMODE(copy.parent.stat().st_mode) == 0o700
