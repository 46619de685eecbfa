"""The motion as data: which steps make up each DAG, in order.

`dags/` wires the same names for Airflow and `baton run` walks them by hand; a test holds the two
together. A step is named "baton.<layer>.steps:<function>", "dbt:<selector>" or "gate".
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from psycopg import Connection

from baton.core.errors import BatonError, InputError
from baton.warehouse.connect import connect, scalar, sql
from baton.warehouse.run import Run, take_back

log = logging.getLogger("baton.motion")

Counts = dict[str, int | str]
Step = Callable[[Run], Counts]


@dataclass(frozen=True)
class Chain:
    """The steps of one DAG, each after the one before it."""

    dag_id: str
    layer: str
    steps: tuple[str, ...]


_CHAINS = (
    Chain(
        "signal_ingestion",
        "signals",
        ("baton.signals.steps:land", "dbt:signals", "gate", "baton.signals.steps:sources"),
    ),
    Chain("list_refresh", "signals", ("baton.signals.steps:refresh", "gate")),
    Chain("lead_scoring", "scoring", ("dbt:scoring", "baton.scoring.steps:route", "gate")),
    Chain("draft_generation", "drafting", ("baton.drafting.steps:draft", "gate")),
    Chain("review_upkeep", "review", ("baton.review.steps:upkeep", "gate")),
    Chain(
        "message_delivery",
        "delivery",
        ("baton.delivery.steps:enqueue", "gate", "baton.delivery.steps:send"),
    ),
    Chain("deliverability_watch", "delivery", ("baton.delivery.steps:watch", "gate")),
    Chain("reply_triage", "delivery", ("baton.delivery.steps:triage", "gate")),
    Chain(
        "meeting_scheduling",
        "scheduling",
        ("baton.scheduling.steps:book", "gate", "baton.scheduling.steps:write_calendar"),
    ),
    Chain(
        "meeting_handoff",
        "handoff",
        ("baton.handoff.steps:brief", "gate", "baton.handoff.steps:hand_over"),
    ),
    Chain(
        "post_meeting_sync",
        "post_meeting",
        ("baton.post_meeting.steps:digest", "gate", "baton.post_meeting.steps:write_crm"),
    ),
    Chain(
        "revenue_attribution",
        "attribution",
        (
            "baton.signals.steps:pull_deals",
            "dbt:attribution",
            "gate",
            "baton.reports.steps:publish",
        ),
    ),
)

# What gates, dbt builds and the report's writers run.
SHARED = (
    "baton.quality.gate",
    "baton.playbook.tables",
    "baton.warehouse.playbook_sync",
    "baton.warehouse.dbt",
    "baton.reports.export",
    "baton.reports.page",
    "baton.reports.terminal",
)
# What each process would do once for itself and a forked one has from its parent.
ONCE = (
    ("baton.clients.http", "tls"),
    ("baton.playbook.reader", "time_zones"),
    ("baton.quality.validate", "warm_up"),
    ("baton.warehouse.parsed", "warm_up"),
)
MOTION: Mapping[str, Chain] = {chain.dag_id: chain for chain in _CHAINS}


def chain_of(dag_id: str) -> Chain:
    """Return the chain of a DAG. Raises InputError naming the DAGs there are."""
    try:
        return MOTION[dag_id]
    except KeyError:
        raise InputError(
            f"There is no DAG {dag_id!r}; choose one of: {', '.join(MOTION)}."
        ) from None


def chains_of(layer: str) -> list[Chain]:
    """Return the chains of a layer in the order in which they run, or [] if there is no such layer."""
    return [chain for chain in _CHAINS if chain.layer == layer]


def task_id(step: str) -> str:
    """Return the short name under which a step shows in Airflow and in logs.

    "baton.signals.steps:land" -> "land", "dbt:signals" -> "dbt", "gate" -> "gate".
    """
    kind, _, name = step.partition(":")
    return name if kind not in ("dbt", "gate") else kind


def load(step: str) -> Step:
    """Return the function behind a step. Imports it only now: some steps import slowly.

    Raises InputError if it is not a step.
    """
    kind, _, name = step.partition(":")
    if kind == "gate" and not name:
        check = import_module("baton.quality.gate").check
        return lambda run: check(run, run.dag_id)
    if kind == "dbt" and name:
        return lambda run: _build(run, name)
    if not kind.startswith("baton.") or not name:
        raise InputError(
            f"{step!r} is no step; write 'baton.<layer>.steps:<name>', 'dbt:<selector>' or 'gate'."
        )
    function: Step = getattr(import_module(kind), name)
    return function


def warm_up() -> None:
    """Import and prepare what all steps run, for a process that forks one for each of them.

    What cannot be prepared (a model that dbt cannot read) is left to the step that needs it.
    """
    for chain in _CHAINS:
        steps = (step.partition(":")[0] for step in chain.steps)
        for module in (*(name for name in steps if name.startswith("baton.")), *SHARED):
            import_module(module)
        import_module(f"baton.quality.suites.{chain.dag_id}")
    for module, function in ONCE:
        try:
            getattr(import_module(module), function)()
        except BatonError as error:
            log.warning("Not prepared ahead: %s", error)


def _build(run: Run, selector: str) -> Counts:
    """Build a dbt selector, on tables that say what the playbook says now."""
    playbook = import_module("baton.playbook.tables").load(run.settings.playbook)
    import_module("baton.warehouse.playbook_sync").sync(run, playbook)
    counts: Counts = import_module("baton.warehouse.dbt").build(run, selector)
    return counts


def run_step(step: str, run: Run) -> Counts:
    """Run one step and return its counts, while no other step of the same DAG runs.

    A backfill runs several runs of a DAG at once whatever the DAG says, a lost heartbeat leaves two
    copies of one task, and a person may type `baton run` meanwhile: the later one waits its turn.
    """
    with _alone(run) as conn:
        if _writes(step, chain_of(run.dag_id)):
            take_back(conn, run.id)
        return load(step)(run)


def _writes(step: str, chain: Chain) -> bool:
    """Tell whether a step makes rows that the DAG's gate hands on."""
    return step.startswith("baton.") and step in chain.steps[: chain.steps.index("gate")]


@contextmanager
def _alone(run: Run) -> Iterator[Connection[Any]]:
    """Hold the DAG's lock; it goes with the connection, so a killed process leaves none behind."""
    lock = "(hashtext('baton step'), hashtext(%s))"
    with connect(run.settings.database_url, autocommit=True) as conn:
        if not scalar(conn, f"select pg_try_advisory_lock{lock}", (run.dag_id,)):
            log.info("Waiting for another step of %s that is running now.", run.dag_id)
            conn.execute(sql(f"select pg_advisory_lock{lock}"), (run.dag_id,))
        yield conn
