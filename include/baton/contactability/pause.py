"""The pause switch: one row that stops all sending at once."""

from typing import Any

import psycopg

from baton.core.errors import InputError
from baton.warehouse.connect import scalar


def pause(conn: psycopg.Connection[Any], by: str, reason: str) -> None:
    """Stop all sending. Claims under way end first: once this is committed, none follows."""
    if not reason.strip():
        raise InputError("Say why sending is paused; the reason is shown until it resumes.")
    _switch(conn, on=True, by=by, reason=reason)


def resume(conn: psycopg.Connection[Any], by: str) -> None:
    """Let sending go on."""
    _switch(conn, on=False, by=by, reason=None)


def is_paused(conn: psycopg.Connection[Any]) -> bool:
    """Tell whether the switch is on."""
    return bool(scalar(conn, "select is_on from ops.pause_switch"))


def _switch(conn: psycopg.Connection[Any], *, on: bool, by: str, reason: str | None) -> None:
    conn.execute(
        "update ops.pause_switch set is_on = %s, reason = %s, changed_by = %s, changed_at = ops.now()",
        (on, reason, by),
    )
