"""How every command answers: text for people, JSON with --json, one sentence for an error."""

import functools
import getpass
import json
import os
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
import psycopg

from baton.core.errors import BatonError
from baton.core.settings import Settings, load
from baton.services.profile import found_environment

P = ParamSpec("P")
R = TypeVar("R")


def with_json(command: Callable[P, R]) -> Callable[P, R]:
    """Add the --json flag, passed on as `as_json`."""
    flag = click.option("--json", "as_json", is_flag=True, help="Answer with one JSON object.")
    return flag(command)


def show(answer: dict[str, Any], as_json: bool, text: str | None = None) -> None:
    """Print an answer as JSON, or else `text`, or else a line for each entry."""
    if as_json:
        click.echo(json.dumps(answer, default=plain, ensure_ascii=False))
        return
    if text is None:
        width = max((len(name) for name in answer), default=0)
        text = "\n".join(f"{name.replace('_', ' '):<{width}}  {answer[name]}" for name in answer)
    click.echo(text)


def as_table(records: list[dict[str, Any]]) -> str:
    """Return records of the same fields as aligned columns."""
    if not records:
        return "nothing"
    cells = [[name.replace("_", " ") for name in records[0]]]
    cells += [[_cell(value) for value in record.values()] for record in records]
    widths = [max(len(row[i]) for row in cells) for i in range(len(cells[0]))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in cells
    )


def _cell(value: Any) -> str:
    if isinstance(value, tuple):
        return ", ".join(str(each) for each in value)
    return "" if value is None else str(value)


def who() -> str:
    """Name the person at the command line, for the record."""
    return f"{getpass.getuser()} (command line)"


def plain(value: Any) -> Any:
    """Return what JSON has no type for in its usual form: ISO dates, exact numbers as text."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal | Path):
        return str(value)
    if isinstance(value, set | tuple):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")


def found_settings() -> Settings:
    """Return the settings of the environment, completed by the services that run here."""
    return load(found_environment(os.environ))


def answering(main: Callable[P, R]) -> Callable[P, int]:
    """Turn what a command raises into one sentence and an exit status.

    BATON_DEBUG=1 lets the error through, stack trace and all.
    """

    @functools.wraps(main)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> int:
        try:
            main(*args, **kwargs)
        except click.exceptions.Exit as stop:
            return stop.exit_code
        except click.ClickException as error:
            error.show()
            return error.exit_code
        except click.Abort:
            return 130
        except BrokenPipeError:
            # The reader (head, less) has seen enough; Python must not complain at its end either.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        except (BatonError, psycopg.Error) as error:
            if os.environ.get("BATON_DEBUG") == "1":
                raise
            click.echo(f"baton: {sentence(error)}", err=True)
            return 1
        return 0

    return wrapped


def sentence(error: Exception) -> str:
    """Return what an error says, in words that a person can act on."""
    if isinstance(error, psycopg.OperationalError):
        first = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        return (
            f"The database cannot be used ({first}). Start the services with `make up`, "
            "or check BATON_DATABASE_URL."
        )
    if isinstance(error, psycopg.Error):
        said = " ".join(str(error).split())
        return (
            f"The database refused what was asked of it: {said}. Nothing of this step was kept. "
            "BATON_DEBUG=1 shows where."
        )
    return str(error)
