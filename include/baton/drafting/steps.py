"""The step of `draft_generation`."""

import logging
from collections.abc import Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from decimal import Decimal

from baton.clients.openai import OpenAIClient
from baton.core.errors import VendorError
from baton.drafting import due, recheck
from baton.drafting.compose import Composed, Composer
from baton.playbook import sequences as sequences_file
from baton.playbook import voices as voices_file
from baton.playbook.voices import Voices
from baton.warehouse.run import Run
from baton.writing import drafts, occasions
from baton.writing.generation import Ledger
from baton.writing.prices import price_list
from baton.writing.records import Occasion
from baton.writing.render import RenderError

log = logging.getLogger(__name__)


class Tally:
    """Counts of one run, as the step returns them."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self.cost = Decimal(0)
        self.rules: dict[str, int] = {}

    def add(self, what: str, number: int = 1) -> None:
        """Count one more of `what`."""
        self.counts[what] = self.counts.get(what, 0) + number


def draft(run: Run) -> dict[str, int | str]:
    """Write every touch that is due, each in a transaction of its own.

    Run again, it writes what is still missing. Raises VendorUnavailable or VendorError after the
    drafts that could be written are kept; PlaybookError where a lead's sequence has no file.
    """
    settings = run.settings
    sequences = sequences_file.load(settings.playbook)
    voices = voices_file.load(settings.playbook)
    tally = Tally()
    with run.connect() as conn:
        for name in due.unknown_sequences(conn, sequences):
            sequences.get(name)
        tally.add("let_go", drafts.retire_nothing(conn))
        tally.add("withdrawn", recheck.withdraw_what_fails(conn, sequences, voices, settings))
    with run.connect() as conn:
        found = due.find(conn, sequences, run.interval_end)
        limit = voices.house.budget.drafts_per_run
        tally.add("due", len(found))
        todo = occasions.load(conn, found[:limit], sequences, run.interval_end)
        tally.add("unreachable", len(found[:limit]) - len(todo))
    connection = settings.connection("baton_llm")
    llm = OpenAIClient(connection) if connection else None
    try:
        prices = price_list(voices.house)
        with run.pooled(voices.house.budget.parallel_requests + 1) as busy:
            composer = Composer(Ledger(busy, llm, prices), sequences, voices, settings)
            trouble = _write_all(busy, composer, todo, voices, tally, parallel=llm is not None)
    finally:
        if llm is not None:
            llm.close()
    if trouble is not None:
        raise trouble
    for rule, number in sorted(tally.rules.items()):
        tally.add(f"thrown_away_{rule.replace('-', '_')}", number)
    currency = voices.house.budget.currency
    return {**tally.counts, "cost": f"{tally.cost:.4f} {currency}"}


def _write_all(
    run: Run,
    composer: Composer,
    todo: list[Occasion],
    voices: Voices,
    tally: Tally,
    *,
    parallel: bool,
) -> VendorError | None:
    """Compose and keep everything; return the vendor's error that ended it early, if one did."""
    budget = voices.house.budget
    waiting: Iterator[Occasion] = iter(todo)
    trouble: VendorError | None = None
    with ThreadPoolExecutor(budget.parallel_requests if parallel else 1) as pool:
        running: dict[Future[Composed], Occasion] = {}
        while True:
            while trouble is None and tally.cost <= budget.cost_per_run:
                if len(running) >= budget.parallel_requests:
                    break
                occasion = next(waiting, None)
                if occasion is None:
                    break
                running[pool.submit(composer.compose, occasion)] = occasion
            if not running:
                break
            for done in wait(running, return_when=FIRST_COMPLETED).done:
                occasion = running.pop(done)
                try:
                    _keep(run, done.result(), tally)
                except RenderError as error:
                    tally.add("unreachable")
                    log.warning("Lead %s cannot be written to: %s", occasion.lead_id, error)
                except VendorError as error:
                    tally.add("failed")
                    trouble = trouble or error
    left = sum(1 for _ in waiting)
    if left:
        tally.add("left_for_later", left)
        if trouble is None:
            log.warning("The budget of this run is used up; %s touches wait for the next.", left)
    return trouble


def _keep(run: Run, made: Composed, tally: Tally) -> None:
    """Keep one text. One that failed its checks is not kept: its errors stand with its generation."""
    tally.cost += made.cost
    for finding in made.findings:
        tally.rules[finding.rule] = tally.rules.get(finding.rule, 0) + 1
    if not made.usable:
        assert made.checked is not None
        for finding in made.checked.errors:
            tally.rules[finding.rule] = tally.rules.get(finding.rule, 0) + 1
            log.warning(
                "No draft for lead %s: %s (%s)", made.occasion.lead_id, finding.detail, finding.rule
            )
        tally.add("unusable")
        return
    with run.connect() as conn:
        if made.checked is None:
            kept = drafts.keep_nothing(
                conn,
                made.occasion,
                generation_id=made.generation_id,
                expires_after=made.expires_after,
                run_id=run.id,
            )
            tally.add("nothing_worth_saying" if kept else "there_already")
        else:
            kept = drafts.keep(
                conn,
                made.occasion,
                made.checked,
                generation_id=made.generation_id,
                expires_after=made.expires_after,
                author=made.author,
                run_id=run.id,
            )
            tally.add("drafted" if kept else "there_already")
