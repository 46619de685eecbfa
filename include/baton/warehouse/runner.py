"""Starts dbt in this process. Everything of Baton that runs dbt does it here."""

import gc
import logging
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from baton.core.settings import PROJECT

log = logging.getLogger("baton.dbt")

DBT_PROJECT = PROJECT / "dbt_project"
_OPTIONS = (
    "--no-use-colors",
    "--no-version-check",
    "--no-send-anonymous-usage-stats",
    "--quiet",
)
# dbt writes out each of its thousands of events for every log that it keeps: a seventh of a build's
# time. A step keeps none; what a person needs comes with the results and through `_tell`.
_IN_A_STEP = ("--no-write-json", "--log-level", "none", "--log-level-file", "none")
_BY_HAND = ("--log-level-file", "info")


def run(
    arguments: Sequence[str],
    *,
    environ: Mapping[str, str],
    target: Path,
    logs: Path,
    manifest: Any = None,
) -> tuple[list[Any], str]:
    """Run one dbt command; return dbt's results and, if it failed, what it said on one line.

    `environ` is what the profile (`dbt_project/profiles.yml`) reads. A `manifest` that was parsed
    before spares dbt the parsing; what it would write about it is not written then.
    """
    from dbt.cli.main import dbtRunner
    from dbt_common.behavior_flags import BehaviorFlagRendered

    # dbt looks through the source of every frame on the stack for the module that made a flag, to name
    # it in a warning; where many modules are loaded, that takes longer than a small build.
    BehaviorFlagRendered._default_source = staticmethod(lambda: "dbt")  # type: ignore[method-assign]

    options = [
        *("--project-dir", str(DBT_PROJECT), "--profiles-dir", str(DBT_PROJECT)),
        *("--target-path", str(target), "--log-path", str(logs)),
        *_OPTIONS,
        *(_BY_HAND if manifest is None else _IN_A_STEP),
    ]
    with _environment({**environ, "DO_NOT_TRACK": "1"}):
        callbacks = [] if manifest is None else [_tell]
        outcome = dbtRunner(manifest, callbacks).invoke([*arguments, *options])
    results = list(getattr(outcome.result, "results", None) or ())
    said = "" if outcome.success else line(str(outcome.exception or "it gave no reason"))
    return results, said


def let_go() -> None:
    """Drop the adapter and manifest that dbt keeps, and with them their semaphores.

    A task's process ends without clearing up, which would leave them behind in shared memory.
    """
    from dbt.adapters.factory import reset_adapters

    reset_adapters()
    gc.collect()


def _tell(event: Any) -> None:
    """Pass dbt's errors on to our log."""
    if event.info.level == "error":
        log.error("dbt: %s", line(event.info.msg))


def line(text: str) -> str:
    """Return text on one line."""
    return " ".join(text.split())


@contextmanager
def _environment(changes: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, and put things back as they were afterwards."""
    before = {name: os.environ.get(name) for name in changes}
    os.environ.update(changes)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
