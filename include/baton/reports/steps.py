"""The report's step: compute every metric, keep the result, write the files."""

import logging
import time
from pathlib import Path

from baton.core.errors import InputError
from baton.core.settings import Settings
from baton.reports import compute, engine, extras, store
from baton.reports.funnel import funnel
from baton.reports.output import FORMS, written
from baton.reports.spread import spreads
from baton.warehouse.connect import scalar
from baton.warehouse.dbt import BUILD_LOCK
from baton.warehouse.run import Run

log = logging.getLogger("baton.reports")


def publish(run: Run) -> dict[str, int | str]:
    """Compute the stage report as of the end of the run's interval and publish it.

    A second time replaces what this run had published. Returns how many metrics and figures there
    are, how many of them are dashes, and the milliseconds it took.
    """
    began = time.monotonic()
    _refuse_without_marts(run)
    metrics, manifest = engine.definitions()
    shown = metrics.shown
    with run.connect() as conn:
        # dbt must not swap the tables meanwhile; two reports at once do no harm.
        conn.execute("select pg_advisory_xact_lock_shared(%s)", (BUILD_LOCK,))
        conn.execute("select set_config('baton.as_of', %s, true)", (run.interval_end.isoformat(),))
        answers = engine.compute(conn, metrics, manifest, compute.wanted(shown))
        spread = spreads(conn, shown, manifest)
        figures = [
            figure
            for metric in shown
            for figure in compute.figures(metric, answers, spread, run.interval_end)
        ]
        figures += extras.extras(conn)
        steps = funnel(conn)
        definitions = [*(compute.definition(m, manifest) for m in shown), *extras.DEFINITIONS]
        seconds = time.monotonic() - began
        store.keep(conn, run, manifest.hash, seconds, definitions, figures, steps)
    write_files(run.settings)
    dashes = sum(figure.dash is not None for figure in figures)
    log.info("%d figures of %d metrics in %.1f s", len(figures), len(definitions), seconds)
    return {
        "metrics": len(definitions),
        "figures": len(figures),
        "dashes": dashes,
        "milliseconds": round(seconds * 1000),
    }


def _refuse_without_marts(run: Run) -> None:
    with run.connect() as conn:
        if scalar(conn, "select to_regclass('marts.opportunity')") is None:
            raise InputError(
                "There are no marts to report on; `baton run attribution` builds them."
            )


def prepare() -> None:
    """Parse the project and plan the report's queries, which need no data, ahead of the first run."""
    metrics, manifest = engine.definitions()
    engine.planned(metrics, manifest, compute.wanted(metrics.shown))


def write_files(settings: Settings) -> list[Path]:
    """Write the newest report into BATON_HOME/reports in every form, each file at once or not at all."""
    folder = settings.home / "reports"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = []
    for form, text in written(settings, FORMS).items():
        path = folder / f"stage-report.{FORMS[form]}"
        partial = path.with_name(path.name + ".partial")
        partial.write_text(text, encoding="utf-8")
        partial.replace(path)
        made.append(path)
    return made
