"""Plays the reviewer in the demo, outside of Baton and under a name that says so.

It approves most drafts (in bulk), edits some and approves what it edited, and kills a few; where
there are three or more, there is at least one of each. What it does depends on nothing but the seed
and the drafts. Run it with `python -m sandbox.approver [--leave N]`; it prints one line. With
`--leave` it does not get round to the last N first touches, as people do not.
"""

from __future__ import annotations

import argparse
import random
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from baton.core.errors import BatonError
from baton.core.settings import Settings, load
from baton.playbook.roles import Person
from baton.review import decide, queue
from baton.review.decide import Choice
from baton.warehouse.connect import Row, connect, scalar

Conn = psycopg.Connection[Any]
Work = Callable[[Conn, Row], None]

APPROVER = Person("sandbox-approver", "reviewer")
SEED = 7
EDIT_SHARE = 0.10
KILL_SHARE = 0.06
BULK = 50
POSTSCRIPT = "If another week suits you better, tell me which one."


@dataclass(frozen=True)
class Decided:
    """How many drafts were decided in which way, and the sentences of those that were refused."""

    approved: int
    edited: int
    killed: int
    refused: tuple[str, ...] = ()
    left: int = 0

    def __str__(self) -> str:
        total = self.approved + self.edited + self.killed
        said = (
            f"The sandbox's approver decided {total} drafts: {self.approved} approved as they were, "
            f"{self.edited} edited and approved, {self.killed} killed."
        )
        if self.left:
            said += f" It did not get round to {self.left}."
        return " ".join((said, *(f"Refused: {reason}" for reason in self.refused[:3])))


def decide_all(database_url: str, settings: Settings, seed: int = SEED, leave: int = 0) -> Decided:
    """Decide every draft that waits, but for the last `leave` first touches.

    Only in a sandbox's database; raises BatonError elsewhere.
    """
    with connect(database_url) as conn:
        if not scalar(conn, "select sandbox from ops.clock"):
            raise BatonError(
                "This is not a sandbox's database: people decide here, not the sandbox's approver."
            )
        waiting = _waiting(conn)
    first_touches = [draft["id"] for draft in waiting if draft["step"] == 1]
    left = set(first_touches[-leave:] if leave else ())
    drafts = [draft for draft in waiting if draft["id"] not in left]
    to_kill, to_edit, to_approve = _deal(drafts, random.Random(f"{seed}:approver:{len(drafts)}"))
    refused: list[str] = []
    killed = _one_by_one(database_url, to_kill, refused, _kill)
    edited = _one_by_one(
        database_url, to_edit, refused, lambda conn, draft: _edit(conn, draft, settings)
    )
    approved = 0
    for place in range(0, len(to_approve), BULK):
        with connect(database_url) as conn:
            choices = [_choice(draft) for draft in to_approve[place : place + BULK]]
            _, outcomes = decide.bulk_approve(conn, APPROVER, choices)
        refused += [outcome.error for outcome in outcomes if outcome.error]
        approved += sum(outcome.error is None for outcome in outcomes)
    return Decided(approved, edited, killed, tuple(refused), len(left))


def _waiting(conn: Conn) -> list[Row]:
    found: list[Row] = []
    after: str | None = None
    while True:
        page, after = queue.waiting(conn, APPROVER, after)
        found += page
        if after is None:
            return found


def _deal(drafts: list[Row], rng: random.Random) -> tuple[list[Row], list[Row], list[Row]]:
    """Deal the drafts out to be killed, edited and approved; the best fits are not killed."""
    kills = max(1, round(KILL_SHARE * len(drafts))) if len(drafts) >= 3 else 0
    edits = max(1, round(EDIT_SHARE * len(drafts))) if len(drafts) >= 2 else 0
    poor = drafts[-max(kills, len(drafts) // 2) :] if kills else []
    to_kill = rng.sample(poor, kills)
    rest = [draft for draft in drafts if draft not in to_kill]
    to_edit = rng.sample(rest, edits)
    return to_kill, to_edit, [draft for draft in rest if draft not in to_edit]


def _one_by_one(database_url: str, drafts: list[Row], refused: list[str], work: Work) -> int:
    done = 0
    for draft in drafts:
        try:
            with connect(database_url) as conn:
                work(conn, draft)
            done += 1
        except BatonError as error:
            refused.append(str(error))
    return done


def _kill(conn: Conn, draft: Row) -> None:
    rng = random.Random(f"{SEED}:kill:{draft['subject']}")
    reasons = [reason for reason in decide.KILL_REASONS if reason != "other"]
    decide.kill(conn, APPROVER, _choice(draft), rng.choice(reasons))


def _edit(conn: Conn, draft: Row, settings: Settings) -> None:
    before = _choice(draft)
    body = f"{draft['body']}\n\n{POSTSCRIPT}"
    decide.edit(conn, APPROVER, before, draft["subject"], body, settings)
    after = queue.open_draft(conn, APPROVER, draft["id"])
    decide.approve(conn, APPROVER, _choice(after))


def _choice(draft: Row) -> Choice:
    # Reading speed of a person: four words a second.
    seconds = round(len(draft["body"].split()) / 4, 1)
    return Choice(draft["id"], draft["revision"], draft["content_hash"], seconds)


def main() -> int:
    """Decide everything that waits in the database of BATON_DATABASE_URL; print what was done."""
    parser = argparse.ArgumentParser(prog="python -m sandbox.approver")
    parser.add_argument("--leave", type=int, default=0, metavar="N")
    leave = parser.parse_args().leave
    try:
        settings = load()
        print(decide_all(settings.database_url, settings, leave=leave))
    except BatonError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
