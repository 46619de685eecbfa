"""Reads one source: everything that it gives is landed, or nothing and the reason why."""

import logging
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import psycopg

from baton.clients.http import Http
from baton.core import clock
from baton.core.errors import VendorError, VendorUnavailable
from baton.core.settings import Settings
from baton.playbook.signals import BoardSource, FeedSource, HttpSource, Polled
from baton.playbook.thresholds import Signals as Limits
from baton.signals import health
from baton.signals.companies import Companies
from baton.signals.feed import Feed
from baton.signals.health import Problem
from baton.signals.jobs_board import JobsBoard
from baton.signals.landing import Counts, keep, keep_refused
from baton.signals.records import Reject, Source
from baton.signals.webhook import Webhook, mark_name
from baton.warehouse import watermark
from baton.warehouse.run import Run

log = logging.getLogger("baton.signals")


class _Refused(VendorError):
    """The batch as a whole cannot be trusted; its transaction is rolled back."""

    def __init__(self, message: str, rejects: list[Reject]) -> None:
        super().__init__(message)
        self.rejects = rejects


def poll(
    run: Run, spec: Polled, companies: Companies, limits: Limits
) -> tuple[Counts, Problem | None]:
    """Read a source and land what is new, in one transaction with its watermark.

    Returns what was landed, and what kept the reading from being whole. A problem is kept in
    `ops.source_problem` until the source is read whole again. Raises psycopg.OperationalError where
    the warehouse fails: that is no source's fault.
    """
    rejects: list[Reject] = []
    try:
        counts, said = _land(run, spec, companies, limits)
        if not said:
            return counts, None
        problem = Problem(spec.name, said, passing=False)
    except VendorUnavailable as error:
        counts, problem = Counts(), Problem(spec.name, str(error), passing=True)
    except VendorError as error:
        counts, problem = Counts(), Problem(spec.name, str(error), passing=False)
        rejects = error.rejects if isinstance(error, _Refused) else []
    except psycopg.OperationalError:
        raise
    except Exception as error:
        # What nobody foresaw in one source must not hold up the others; the trace stands in the log.
        log.exception("%s could not be read", spec.name)
        said = f"reading it broke with {type(error).__name__} ({error}); the log has the trace."
        counts, problem = Counts(), Problem(spec.name, said, passing=False)
    with run.connect() as conn:
        if rejects:
            keep_refused(conn, run.id, spec.name, rejects)
        health.note(conn, run.id, problem)
    return counts, problem


def _land(run: Run, spec: Polled, companies: Companies, limits: Limits) -> tuple[Counts, str]:
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
        counts, rejects = keep(conn, run.id, spec.name, source, batch.items)
        if wrong := health.refusal(conn, run.id, spec.name, counts, rejects, limits):
            raise _Refused(wrong, rejects)
        if batch.watermark is not None:
            watermark.put(conn, name, batch.watermark, run.id)
        if not batch.problem:
            health.mended(conn, spec.name)
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
    """Return a source's URL; for an example (`enabled: sandbox`) the sandbox takes its host's place."""
    if spec.enabled != "sandbox":
        return spec.url
    base = settings.environ["BATON_SIGNALS_URL"].rstrip("/")  # without it an example is not read
    return base + urlunsplit(("", "", *urlsplit(spec.url)[2:]))
