"""The steps of `signal_ingestion` and `list_refresh`."""

import logging
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from baton.clients.http import Http
from baton.core import clock
from baton.core.errors import VendorError, VendorUnavailable
from baton.core.settings import Settings
from baton.playbook import signals as playbook
from baton.playbook import watchlist
from baton.playbook.signals import BoardSource, FeedSource, HttpSource, Polled
from baton.signals import crm, resolve, watch
from baton.signals.companies import Companies
from baton.signals.feed import Feed
from baton.signals.jobs_board import JobsBoard
from baton.signals.landing import Counts, keep
from baton.signals.records import Source
from baton.signals.webhook import Webhook, mark_name
from baton.warehouse import watermark
from baton.warehouse.run import Run

log = logging.getLogger("baton.signals")


def land(run: Run) -> dict[str, int | str]:
    """Read every source of the playbook and land what is new.

    Each source has a transaction of its own, so one that fails loses nothing of the others. One that
    cannot be reached is read again by the next run; the gate's freshness tells when that goes on
    for too long. Raises VendorError, once all others are landed, where a source definitely fails,
    and VendorUnavailable where none could be reached at all.
    """
    settings = run.settings
    known = playbook.load(settings.playbook)
    companies = Companies(watchlist.load(settings.playbook))
    total = Counts()
    wrong: list[str] = []
    away: list[str] = []
    _make_partitions(run)
    for spec in known.polled:
        try:
            counts, problem = _land_one(run, spec, companies)
        except VendorUnavailable as error:
            log.warning("%s gave nothing this time: %s", spec.name, error)
            away.append(str(error))
            continue
        except VendorError as error:
            # Most of these sentences begin with the name of the source already.
            wrong.append(f"{spec.name}: {str(error).removeprefix(f'{spec.name}: ')}")
            continue
        log.info("%s: %s", spec.name, counts)
        total += counts
        if problem:
            wrong.append(problem)
    if wrong:
        raise VendorError(f"{' '.join(wrong)} What the other sources gave was landed.")
    asked = [spec for spec in known.polled if isinstance(spec, HttpSource)]
    if away and len(away) == len(asked):
        raise VendorUnavailable(f"No source could be reached. {' '.join(away)}")
    return {
        "received": total.received,
        "landed": total.accepted,
        "duplicates": total.duplicates,
        "quarantined": total.quarantined,
        "unavailable": len(away),
    }


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


def _land_one(run: Run, spec: Polled, companies: Companies) -> tuple[Counts, str]:
    max_bytes = spec.max_bytes if isinstance(spec, HttpSource) else 0
    with (
        Http(spec.name, max_bytes=max_bytes, follow_redirects=True) as http,
        run.connect() as conn,
    ):
        name = mark_name(spec.name)
        mark = watermark.get(conn, name)
        source = open_source(spec, run.settings, http, conn, companies, clock.now(conn))
        if isinstance(spec, HttpSource):
            conn.commit()  # no lock is held while a page is read
        batch = source.fetch(mark)
        counts = keep(conn, run.id, spec.name, source, batch.items)
        if batch.watermark is not None:
            watermark.put(conn, name, batch.watermark, run.id)
    return counts, batch.problem


def open_source(
    spec: Polled,
    settings: Settings,
    http: Http,
    conn: psycopg.Connection[Any],
    companies: Companies,
    now: datetime,
) -> Source:
    """Return the source that a file of the playbook describes."""
    if isinstance(spec, FeedSource):
        return Feed(spec, address(spec, settings), http, companies, now)
    if isinstance(spec, BoardSource):
        return JobsBoard(spec, address(spec, settings), http, companies, now)
    return Webhook(spec, conn, companies, now)


def address(spec: HttpSource, settings: Settings) -> str:
    """Return a source's URL; BATON_SIGNALS_URL, where it is set, takes the place of its host."""
    base = settings.environ.get("BATON_SIGNALS_URL", "").rstrip("/")
    if not base:
        return spec.url
    return base + urlunsplit(("", "", *urlsplit(spec.url)[2:]))
