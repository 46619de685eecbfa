"""Makes `.venv` from requirements.txt. Run by `make setup` with the system's Python.

Standard library only, and nothing of Baton is imported: none of it is installed yet. Every package
is pinned by hash and comes as a wheel, so no compiler is needed. A second run sees by the stamp
that nothing changed and ends at once.
"""

import contextlib
import fcntl
import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import IO

PROJECT = Path(__file__).resolve().parents[3]
VENV = PROJECT / ".venv"
REQUIREMENTS = PROJECT / "requirements.txt"
LOG = PROJECT / ".baton" / "setup.log"
STAMP = VENV / ".baton-stamp"
NEEDED_BYTES = 3 * 1024**3
# The one package that publishes no wheel. It is pure Python: building it compiles nothing.
SOURCE_ONLY = "halo"


class SetupError(Exception):
    """The environment cannot be made; the message says what to do."""


def main() -> int:
    """Make or update the environment; return the exit status."""
    started = time.monotonic()
    LOG.parent.mkdir(mode=0o700, exist_ok=True)
    try:
        with (LOG.parent / "setup.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_current():
                return 0
            _check_machine()
            print(
                "Making the environment in .venv; the first time takes one or two minutes.",
                flush=True,
            )
            with LOG.open("w") as log:
                _make_venv(log)
                _install(log)
                _link_project()
                _prepare(log)
            STAMP.write_text(_key())
    except SetupError as error:
        print(f"make setup: {error}", file=sys.stderr)
        return 1
    print(f"Environment ready in {time.monotonic() - started:.0f} s.", flush=True)
    return 0


def _key() -> str:
    """Name what the environment is made of: the pins, this file, the Python."""
    content = REQUIREMENTS.read_bytes() + Path(__file__).read_bytes()
    return f"{hashlib.sha256(content).hexdigest()} {sys.version_info[:2]} {PROJECT}\n"


def _is_current() -> bool:
    return STAMP.exists() and STAMP.read_text() == _key() and (VENV / "bin" / "python").exists()


def _check_machine() -> None:
    if not (3, 11) <= sys.version_info[:2] <= (3, 13):
        raise SetupError(
            f"this is Python {sys.version.split()[0]}, and Baton needs 3.11, 3.12 or 3.13; "
            "install one and run `make setup PYTHON=/path/to/it`."
        )
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetupError(
            "this Python comes without venv; on Debian and Ubuntu run "
            f"`apt-get install python3.{sys.version_info.minor}-venv` and try again."
        )
    free = shutil.disk_usage(PROJECT).free
    if free < NEEDED_BYTES and not VENV.exists():
        raise SetupError(
            f"the disk that holds {PROJECT} has {free / 2**30:.1f} GB left and the environment "
            f"needs {NEEDED_BYTES / 2**30:.0f} GB; free some space and try again."
        )


def _make_venv(log: IO[str]) -> None:
    python = VENV / "bin" / "python"
    ask = "import sys; print(*sys.version_info[:2])"
    if python.exists():
        with contextlib.suppress(OSError, subprocess.SubprocessError):
            version = subprocess.run(
                [python, "-c", ask], capture_output=True, text=True, check=True
            ).stdout.split()
            if version == [str(part) for part in sys.version_info[:2]]:
                return
    if VENV.exists():
        shutil.rmtree(VENV)
    _run(log, sys.executable, "-m", "venv", VENV)


def _install(log: IO[str]) -> None:
    """Install every pin: with uv, which is pinned among them, or with pip where uv will not run."""
    python = VENV / "bin" / "python"
    wheels = ["--only-binary", ":all:", "--no-binary", SOURCE_ONLY]
    pinned = ["--require-hashes", "-r", REQUIREMENTS]
    pip = [python, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    uv_pin = re.search(r"^uv==.*(?:\n    .*)*", REQUIREMENTS.read_text(), re.MULTILINE)
    if uv_pin is not None:
        alone = LOG.parent / "uv-requirements.txt"
        alone.write_text(uv_pin.group() + "\n")
        with contextlib.suppress(SetupError):
            _run(log, *pip, "--only-binary", ":all:", "--require-hashes", "-r", alone)
            uv = [VENV / "bin" / "uv", "pip", "install", "--python", python, "--no-progress"]
            _run(log, *uv, "--compile-bytecode", *wheels, *pinned)
            return
        print("uv did not manage; installing with pip, which takes longer.", flush=True)
    _run(log, *pip, *wheels, *pinned)


def _run(log: IO[str], *command: object) -> None:
    """Run a command with its output in the log; on failure raise what the log tells."""
    # A cache of bytecode is half of the start-up time of Airflow and dbt.
    environ = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    words = [str(word) for word in command]
    done = subprocess.run(words, stdout=log, stderr=subprocess.STDOUT, env=environ, check=False)
    if done.returncode:
        raise SetupError(_reason(LOG.read_text(errors="replace")))


def _reason(output: str) -> str:
    known = {
        r"No space left on device": "the disk is full; free some space and try again.",
        r"ensurepip": "this Python comes without ensurepip; install its venv package (on Debian "
        f"and Ubuntu `apt-get install python3.{sys.version_info.minor}-venv`) and try again.",
        r"(?i)hash(es)? mismatch|do not match": "a downloaded package is not the one that "
        "requirements.txt pins by hash; nothing of it was installed. Check your package index.",
        r"(?i)(failed to fetch|connection (refused|reset)|NewConnectionError|resolve|dns error|"
        r"timed out|proxy)": "the package "
        "index cannot be reached; the first set-up needs it once. Check network and proxy.",
        r"(?i)no (matching distribution|usable wheel|wheels)": "a package has no wheel for this "
        "machine; Baton needs Linux (glibc 2.28 or newer) or macOS on x86-64 or ARM. "
        "A compiler would not help.",
    }
    for pattern, sentence in known.items():
        if re.search(pattern, output):
            return f"{sentence} The whole output is in {LOG}."
    return f"installing the packages failed; the reason stands at the end of {LOG}."


def _link_project() -> None:
    """Put include/ on the path of the environment, and write the `baton` command."""
    (site,) = VENV.glob("lib/python*/site-packages")
    (site / "baton.pth").write_text(f"{PROJECT / 'include'}\n")
    command = VENV / "bin" / "baton"
    command.write_text(
        f"#!{VENV / 'bin' / 'python'}\n"
        "import sys\n\nfrom baton.cli import main\n\nsys.exit(main())\n"
    )
    command.chmod(0o755)


def _prepare(log: IO[str]) -> None:
    """Make what the first run would otherwise wait for; where that fails, it will say so itself."""
    for what in ("report", "airflow"):
        with contextlib.suppress(SetupError):
            _run(log, VENV / "bin" / "python", "-m", "baton.services.prepare", what)


if __name__ == "__main__":
    sys.exit(main())
