"""The files of an embedded cluster: where they lie, how they are made, what is set in them."""

import secrets
import shutil
import socket
import subprocess
from pathlib import Path

from baton.warehouse import embedded_owner
from baton.warehouse.embedded_owner import Owner, PostgresError

USER = "baton"
HOST = "127.0.0.1"
NEEDED_BYTES = 400 * 1024 * 1024
SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 (only its size is asked for)

# For 2 cores and a few GiB next to Airflow; a larger machine brings its own Postgres.
SETTINGS = {
    "listen_addresses": f"'{HOST}'",
    "unix_socket_directories": "''",  # nothing in a public place
    "max_connections": "200",
    "shared_buffers": "'256MB'",
    "effective_cache_size": "'1GB'",
    "work_mem": "'16MB'",
    "maintenance_work_mem": "'128MB'",
    "max_locks_per_transaction": "256",  # monthly partitions, one lock each
    "max_wal_size": "'2GB'",
    "checkpoint_timeout": "'15min'",
    "random_page_cost": "1.1",
    "jit": "off",  # compiling costs more than it saves on our short statements
    "password_encryption": "'scram-sha-256'",
    "timezone": "'UTC'",
    "log_timezone": "'UTC'",
    "log_line_prefix": "'%m [%p] %d '",
    "lc_messages": "'C'",
}
# For databases that may be lost: a test never needs to survive a power cut.
THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


def folder_of(home: Path, owner: Owner) -> Path:
    """Return where this home's cluster lies; `postgres/cluster` remembers it.

    As root the data lies outside the home. Its name is random, so that a new home at the path of a
    deleted one starts empty; what the deleted one left behind is removed here.
    """
    name = home / "postgres" / "cluster"
    if owner.uid is None:
        folder = home / "postgres"
    elif name.exists():
        folder = Path(name.read_text().strip())
    else:
        _remove_orphans(home, owner)
        folder = embedded_owner.system_folder(secrets.token_hex(8), owner)
        (folder / "home").write_text(f"{home}\n")
    folder.mkdir(mode=0o700, exist_ok=True)
    owner.take(folder)
    name.write_text(f"{folder}\n")
    return folder


def _remove_orphans(home: Path, owner: Owner) -> None:
    for note in embedded_owner.SYSTEM_HOME.glob("*/home"):
        if note.read_text().strip() != str(home):
            continue
        stop(note.parent, owner)
        shutil.rmtree(note.parent)


def check_space(folder: Path) -> None:
    """Raise PostgresError if the disk is too full to start on."""
    free = shutil.disk_usage(folder).free
    if free < NEEDED_BYTES:
        raise PostgresError(
            f"The disk that holds {folder} has {free // 2**20} MB left and Postgres needs "
            f"{NEEDED_BYTES // 2**20} MB; free some space and try again."
        )


def initialise(folder: Path, owner: Owner) -> None:
    """Make the cluster beside its place and rename it, so that a kill leaves nothing half made."""
    password = folder / "password"
    password.unlink(missing_ok=True)
    password.touch(mode=0o600, exist_ok=False)
    password.write_text(secrets.token_urlsafe(24))
    owner.take(password)
    for leftover in folder.glob("making-*"):
        shutil.rmtree(leftover)
    making = folder / f"making-{secrets.token_hex(4)}"
    done = owner.run(
        embedded_owner.binaries(owner) / "initdb",
        *("-D", making, "--username", USER, "--auth", "scram-sha-256", "--pwfile", password),
        *("--encoding", "UTF8", "--locale", "C", "--locale-provider", "builtin"),
        *("--builtin-locale", "C.UTF-8", "--no-instructions"),
        # The password is random and 192 bits long: stretching it would only slow every connection.
        *("--set", "scram_iterations=1"),
    )
    if done.returncode != 0:
        shutil.rmtree(making, ignore_errors=True)
        raise PostgresError(sentence("make its data folder", done.stderr or done.stdout, folder))
    making.rename(folder / "data")


def stop(folder: Path, owner: Owner) -> None:
    """Stop the server of a cluster: politely within 30 s, then without waiting for its clients."""
    data = folder / "data"
    for mode in ("fast", "immediate"):
        if postmaster(data) is None:
            return
        pg_ctl = embedded_owner.binaries(owner) / "pg_ctl"
        owner.run(pg_ctl, "stop", "-D", data, "-m", mode, "-w", "-t", "30")
    if (pid := postmaster(data)) is not None:
        raise PostgresError(
            f"Postgres (process {pid}) does not stop; {folder / 'postgres.log'} may say why."
        )


def postmaster(data: Path) -> int | None:
    """Return the pid of the server that runs on `data`.

    The file that a killed one left behind is no proof: its id may belong to somebody else by now.
    """
    try:
        lines = (data / "postmaster.pid").read_text().splitlines()
        pid = int(lines[0])
    except (OSError, ValueError, IndexError):
        return None
    return pid if len(lines) >= 4 and str(data) in command_line(pid) else None


def command_line(pid: int) -> str:
    """Return the command line of a process, or nothing if there is none with this id."""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except (OSError, UnicodeDecodeError):
            return ""
    asked = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout


def sentence(action: str, output: str, where: Path) -> str:
    """Turn what Postgres printed into one sentence with a remedy."""
    known = {
        "No space left on device": "the disk is full; free some space and try again",
        "Permission denied": f"it may not write below {where.parent}; check who owns that folder",
        "Address already in use": "its port was taken meanwhile; try again",
        "pre-existing shared memory": "sessions of a killed server still run; end them first",
        "shared memory": "the machine grants too little shared memory; give it at least 512 MB",
    }
    for pattern, remedy in known.items():
        if pattern in output:
            return f"Postgres could not {action}: {remedy}."
    telling = [line for line in output.splitlines() if "FATAL" in line or "error" in line]
    last = (telling or output.strip().splitlines() or ["it said nothing"])[-1].strip()
    return f"Postgres could not {action}: {last} (more in {where})."


def port_is_free(port: int) -> bool:
    """Tell whether a server could listen on this loopback port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port
