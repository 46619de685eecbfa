"""A profile: one private folder `.baton/<name>` with the secrets, ports, logs and files of one use.

`demo` and `test` hold invented data in databases of their own; `up` holds the real thing.
"""

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from baton.core.errors import BatonError
from baton.core.settings import PROJECT
from baton.services import processes

NAMES = ("demo", "up", "test")
# Made here, once, at random; the sandbox brings those of its stand-ins itself.
SECRETS = ("BATON_SECRET", "BATON_INBOUND_TOKEN", "BATON_SIGNAL_SECRET", "BATON_CAL_SECRET")
NEEDED_BYTES = 1024**3


class ProfileError(BatonError):
    """The profile cannot be used now; the message says what to do."""


@dataclass(frozen=True)
class Profile:
    """One of NAMES, and its folder (mode 0700)."""

    name: str
    folder: Path

    def file(self, *parts: str) -> Path:
        """Return a path below the folder."""
        return self.folder.joinpath(*parts)

    def secrets(self) -> dict[str, str]:
        """Return the profile's secrets by variable, making those that are missing (mode 0600)."""
        path = self.file("secrets.env")
        kept = read_env(path)
        missing = {name: secrets.token_urlsafe(32) for name in SECRETS if name not in kept}
        if missing:
            kept |= missing
            write_private(path, "".join(f"{name}={value}\n" for name, value in kept.items()))
        return kept


def open_profile(name: str, folder: Path | None = None) -> Profile:
    """Return a profile, making its private folder. Raises ProfileError if that cannot be."""
    folder = folder or PROJECT / ".baton" / name
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        for made in (folder, folder / "logs", folder / "mailbox", folder / "reports"):
            made.mkdir(mode=0o700, exist_ok=True)
        folder.chmod(0o700)
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise ProfileError(
            f"Cannot make {folder} ({error.strerror}); the checkout must be writable."
        ) from None
    if free < NEEDED_BYTES:
        raise ProfileError(
            f"The disk that holds {folder} has {free // 2**20} MB left and the services need "
            f"{NEEDED_BYTES // 2**20} MB; free some space and try again."
        )
    return Profile(name, folder)


@contextlib.contextmanager
def only_copy(profile: Profile, command: str) -> Iterator[None]:
    """Hold the profile's lock. Raises ProfileError naming the copy that holds it already."""
    path = profile.file("lock")
    with path.open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "another process"
            raise ProfileError(
                f"`{command}` already runs here ({holder}); stop that one first, "
                "or work in another checkout."
            ) from None
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield
        lock.truncate(0)


def read_env(path: Path) -> dict[str, str]:
    """Read NAME=value lines; lines without "=" and comments are passed over."""
    if not path.exists():
        return {}
    pairs = (line.partition("=") for line in path.read_text().splitlines() if "=" in line)
    return {name.strip(): value for name, _, value in pairs if not name.startswith("#")}


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)
    part.write_text(text)
    part.replace(path)


def found_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Return `environ`, completed with what the services of `make up` (or the demo's) use.

    What is set already wins. BATON_PROFILE chooses the profile; without it the one that runs, the
    real one first.
    """
    if environ.get("BATON_DATABASE_URL"):
        return dict(environ)
    asked = environ.get("BATON_PROFILE")
    for name in (asked,) if asked else ("up", "demo"):
        path = PROJECT / ".baton" / name / "environment.env"
        if path.exists() and (asked or _runs(name)):
            return {**read_env(path), **environ}
    return dict(environ)


def _runs(name: str) -> bool:
    kept = read_env(PROJECT / ".baton" / name / "supervisor.env")
    return bool(kept) and processes.alive(int(kept["PID"]), kept["STARTED"])
