"""`make lint`: every check of the code that does not run it, each named, none skipped."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

from baton.core.errors import BatonError
from baton.core.settings import PROJECT
from baton.services.profile import only_copy, open_profile
from baton.warehouse import embedded, migrate

BIN = PROJECT / ".venv" / "bin"
CHECKS: Mapping[str, tuple[str, ...]] = {
    "ruff check": ("ruff", "check"),
    "ruff format": ("ruff", "format", "--check"),
    "mypy": ("mypy",),
    "import-linter": ("lint-imports",),
    "sqlfluff": ("sqlfluff", "lint", "--disable-progress-bar", "dbt_project"),
}


def main() -> int:
    """Run all checks and return 1 if one found something."""
    profile = open_profile("test")
    home = profile.file("lint")
    home.mkdir(exist_ok=True)
    try:
        with only_copy(profile, "make lint"):
            try:
                # sqlfluff checks SQL as dbt compiles it, and dbt asks a database what is there.
                environ = dict(os.environ) | _warehouse(home)
                failed = _failed(environ)
            finally:
                embedded.destroy(home)
    except BatonError as error:
        print(f"make lint: {error}", file=sys.stderr)
        return 1
    print(f"FAILED: {', '.join(failed)}" if failed else "All checks passed.")
    return 1 if failed else 0


def _warehouse(home: Path) -> dict[str, str]:
    """Start a throwaway Postgres, migrate it, and return what dbt's profile reads."""
    server = embedded.start(home, throwaway=True)
    url = server.ensure_database("lint")
    migrate.upgrade(url)
    parts = urlsplit(url)
    return {
        "BATON_PG_HOST": parts.hostname or "",
        "BATON_PG_PORT": str(parts.port),
        "BATON_PG_USER": parts.username or "",
        "BATON_PG_PASSWORD": parts.password or "",
        "BATON_PG_DBNAME": "lint",
        "PYTHONPATH": str(PROJECT / "include"),
        "DBT_LOG_PATH": str(home / "dbt"),
        "DBT_TARGET_PATH": str(home / "dbt"),
        "DBT_SEND_ANONYMOUS_USAGE_STATS": "False",
        "DO_NOT_TRACK": "1",
    }


def _failed(environ: Mapping[str, str]) -> list[str]:
    """Run the checks, as many at once as there are processors, and tell of each in their order."""
    failed = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        runs = pool.map(lambda command: _run(command, environ), CHECKS.values())
        for name, (status, said, seconds) in zip(CHECKS, runs, strict=True):
            print(f"--- {name}\n{said}    {seconds:.0f} s", flush=True)
            if status != 0:
                failed.append(name)
    return failed


def _run(command: tuple[str, ...], environ: Mapping[str, str]) -> tuple[int, str, float]:
    """Return the exit status of a command, what it said, and the seconds it took."""
    began = time.monotonic()
    done = subprocess.run(
        [BIN / command[0], *command[1:]],
        cwd=PROJECT,
        env=environ,
        check=False,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    return done.returncode, done.stdout, time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
