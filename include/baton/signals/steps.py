"""The steps of `signal_ingestion` and `list_refresh`."""

import logging

from baton.core.errors import VendorError, VendorUnavailable
from baton.playbook import signals as playbook
from baton.playbook import thresholds, watchlist
from baton.signals import crm, health, resolve, watch
from baton.signals.companies import Companies
from baton.signals.health import Problem
from baton.signals.landing import Counts
from baton.signals.poll import poll
from baton.warehouse.run import Run

log = logging.getLogger("baton.signals")


def land(run: Run) -> dict[str, int | str]:
    """Read every source of the playbook and land what is new.

    Each source has a transaction of its own and ends in its own state: one that fails loses and holds
    up nothing of the others. What is wrong with it stands in `ops.source_problem`; `sources` ends
    the DAG run with it, once the others' signals were handed on. Raises VendorUnavailable where no
    source gave anything because none could be reached: the network is down, and another try helps.
    """
    settings = run.settings
    known = playbook.load(settings.playbook)
    companies = Companies(watchlist.load(settings.playbook))
    limits = thresholds.load(settings.playbook).signals
    total = Counts()
    problems: list[Problem] = []
    _make_partitions(run)
    polled = known.polled(settings.environ)
    for spec in polled:
        counts, problem = poll(run, spec, companies, limits)
        total += counts
        if problem is None:
            log.info("%s: %s", spec.name, counts)
        else:
            log.warning("%s", problem.sentence)
            problems.append(problem)
    away = [problem for problem in problems if problem.passing]
    asked = [spec for spec in polled if isinstance(spec, playbook.HttpSource)]
    if away and len(away) == len(asked) and not total.received:
        said = " ".join(problem.sentence for problem in away)
        raise VendorUnavailable(f"No source could be reached. {said}")
    return {
        "received": total.received,
        "landed": total.accepted,
        "duplicates": total.duplicates,
        "quarantined": total.quarantined,
        "unavailable": len(away),
        "broken": len(problems) - len(away),
    }


def sources(run: Run) -> dict[str, int | str]:
    """Fail if a source is broken, so that somebody looks; the good ones' signals are handed on by now.

    A source is broken when its last reading failed for a reason that does not pass by itself, or when
    it did not answer for `silent_hours`. Raises VendorError, which names each with what to do.
    """
    settings = run.settings
    names = [spec.name for spec in playbook.load(settings.playbook).polled(settings.environ)]
    limits = thresholds.load(settings.playbook).signals
    with run.connect() as conn:
        found = health.broken(conn, names, limits.silent_hours)
    if found:
        raise VendorError(
            f"{' '.join(problem.sentence for problem in found)} "
            "The signals of the other sources were handed on. When it is mended, clear 'land' of this "
            "run or wait for the next run: nothing is read twice."
        )
    return {"sources": len(names), "broken": 0}


def refresh(run: Run) -> dict[str, int | str]:
    """Bring accounts, contacts, people and reps up to date from the watchlist and the CRM.

    Raises PlaybookError for a wrong line of the watchlist, VendorError or VendorUnavailable where
    the CRM does not answer; what was landed before stays and the next try goes on from there.
    """
    settings = run.settings
    _make_partitions(run)
    watched = watchlist.load(settings.playbook)
    mapping = playbook.load(settings.playbook).crm
    with run.connect() as conn:
        landed = watch.land(conn, run.id, watched)
    if mapping is not None and mapping.enabled and settings.connection("baton_crm"):
        landed += crm.pull(run, mapping)
    with run.connect() as conn:
        counts = resolve.resolve(conn, settings, run.id)
        changed = watch.mark(conn, run.id, watched)
    with run.connect() as conn:
        opted_out = crm.honour_opt_outs(conn, settings)
    return {
        "received": landed.received,
        "landed": landed.accepted,
        "quarantined": landed.quarantined,
        **counts,
        "watchlist_changes": changed,
        "opted_out": opted_out,
    }


def pull_deals(run: Run) -> dict[str, int | str]:
    """Land the deals that changed in the CRM; `revenue_attribution` starts with it.

    Without a CRM nothing is asked and every count is 0. Raises VendorError or VendorUnavailable where
    the CRM does not answer.
    """
    mapping = playbook.load(run.settings.playbook).crm
    landed = Counts()
    if mapping is not None and mapping.enabled and run.settings.connection("baton_crm"):
        landed = crm.pull(run, mapping, only_deals=True)
    return {
        "received": landed.received,
        "landed": landed.accepted,
        "quarantined": landed.quarantined,
    }


def _make_partitions(run: Run) -> None:
    with run.connect() as conn:
        # A month's partition is made long before it is needed, so waiting here can stop.
        conn.execute("set local lock_timeout = '10s'")
        conn.execute("select landing.ensure_partitions(ops.now())")
