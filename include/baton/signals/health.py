"""What is wrong with a source: kept in `ops.source_problem` from its first failure until it is mended."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import psycopg

from baton.playbook.thresholds import Signals as Limits
from baton.signals.landing import Counts
from baton.signals.records import Reject

# The largest batch that was handed on in 30 days says what is usual; without a past, nothing is.
USUAL = """
    select max(i.accepted) from landing.intake i
    join ops.run r on r.id = i.run_id
    where i.source = %s and i.entity = 'signal' and r.released_at is not null
      and i.run_id <> %s and i.at > ops.now() - interval '30 days'
"""


@dataclass(frozen=True)
class Problem:
    """What kept a source from being read whole. `passing`: the next run may find it gone."""

    source: str
    said: str
    passing: bool

    @property
    def sentence(self) -> str:
        """What a person reads, with the source's name in front of it once and an end."""
        said = self.said.removeprefix(f"{self.source}: ").removeprefix(f"{self.source} ")
        said += "" if said.endswith((".", "!", "?")) else "."
        if self.passing:
            return f"{self.source} gave nothing this time: {said}"
        return f"{self.source} is broken: {said}"


def note(conn: psycopg.Connection[Any], run_id: str, problem: Problem) -> None:
    """Keep a problem; `since` stays that of the first of an unbroken row of them."""
    conn.execute(
        """
        insert into ops.source_problem as p (source, problem, passing, run_id)
        values (%s, %s, %s, %s)
        on conflict (source) do update
        -- what has to be mended is not mended by an hour in which nobody answered
        set problem = case when not p.passing and excluded.passing then p.problem
                           else excluded.problem end,
            passing = p.passing and excluded.passing,
            run_id = excluded.run_id, last_at = ops.now()
        """,
        (problem.source, problem.said.replace("\0", ""), problem.passing, run_id),
    )


def mended(conn: psycopg.Connection[Any], source: str) -> None:
    """Forget a problem, in the transaction that lands what the source gave."""
    conn.execute("delete from ops.source_problem where source = %s", (source,))


def broken(conn: psycopg.Connection[Any], names: Sequence[str], silent_hours: int) -> list[Problem]:
    """Return the problems of these sources that somebody must look at, by name.

    Those are the ones that do not pass, and the ones that did not pass in `silent_hours`.
    """
    found = conn.execute(
        """
        select source, problem, not passing as definite,
               round(extract(epoch from ops.now() - since) / 3600) as hours
        from ops.source_problem
        where source = any(%s)
          and (not passing or since < ops.now() - make_interval(hours => %s))
        order by source
        """,
        (list(names), silent_hours),
    )
    return [
        Problem(source, said if definite else f"silent for {hours} hours; {said}", passing=False)
        for source, said, definite, hours in found
    ]


def silent(conn: psycopg.Connection[Any], names: Sequence[str]) -> list[Problem]:
    """Return the problems of these sources that may pass by themselves, by name."""
    found = conn.execute(
        "select source, problem from ops.source_problem where source = any(%s) and passing "
        "order by source",
        (list(names),),
    )
    return [Problem(source, said, passing=True) for source, said in found]


def refusal(
    conn: psycopg.Connection[Any],
    run_id: str,
    source: str,
    counts: Counts,
    rejects: Sequence[Reject],
    limits: Limits,
) -> str:
    """Return why a batch as a whole cannot be trusted, or "" if it can.

    Either most of it had to be rejected (`max_quarantined`, from `min_batch` items on), so the source
    changed its form and what seemed readable is in doubt too; or it is a flood (`max_times_usual`).
    """
    known = conn.execute(
        "select 1 from ops.source_problem where source = %s and not passing", (source,)
    ).fetchone()
    # A bad entry stays in its feed for weeks and counts once; while the source is broken, all count,
    # or the second reading of the same bad batch would pass.
    bad = len(rejects) if known else counts.quarantined
    if counts.received >= limits.min_batch and bad > limits.max_quarantined * counts.received:
        reason, _ = Counter(reject.reason for reject in rejects).most_common(1)[0]
        return (
            f"{bad} of its {counts.received} items cannot be used, most often because: {reason} "
            f"Nothing of it was landed; the rejects are in landing.quarantine. Mend "
            f"signals/{source}.yml, or raise max_quarantined in thresholds.yml if that is meant."
        )
    (usual,) = conn.execute(USUAL, (source, run_id)).fetchone() or (None,)
    if usual is not None:
        most = limits.max_times_usual * max(usual, limits.min_batch)
        if counts.accepted > most:
            return (
                f"it gave {counts.accepted} new signals at once, and at most {usual} in the last 30 "
                f"days. Nothing of it was landed; look at what it sends, or raise max_times_usual "
                "in thresholds.yml if that is meant."
            )
    return ""
