"""What the demo does, in order, as data: DAG runs, the market's time, the approver's decisions."""

from dataclasses import dataclass
from datetime import timedelta

from baton.motion import chain_of


@dataclass(frozen=True)
class RunDag:
    """Run one DAG through Airflow's scheduler."""

    dag_id: str

    @property
    def layer(self) -> str:
        """The layer that the DAG belongs to."""
        return chain_of(self.dag_id).layer


@dataclass(frozen=True)
class SideBySide:
    """Run DAGs that do not read each other's rows at the same time, as their schedules do."""

    runs: tuple[RunDag, ...]


@dataclass(frozen=True)
class Decide:
    """Let the sandbox's approver, labelled as such, decide the pending drafts.

    It leaves some first touches, which expire and are written anew when there is news: so drafts wait
    for whoever opens the desk at the end.
    """

    leave: int = 12


@dataclass(frozen=True)
class Pass:
    """Let the market's time and Baton's clock pass together. `meanwhile` says what happens."""

    time: timedelta
    meanwhile: str


@dataclass(frozen=True)
class Book:
    """Let somebody who was written to book a meeting for tomorrow with each rep who can log in."""


Stage = RunDag | SideBySide | Decide | Pass | Book

# What came in is read by three DAGs: events of the mail, answers, and bookings.
INBOX = (RunDag("deliverability_watch"), RunDag("reply_triage"), RunDag("meeting_scheduling"))
# A day: what came in, then briefs for what was booked and the mail that today's allowance lets out.
DAY = (
    SideBySide(INBOX),
    SideBySide((RunDag("meeting_handoff"), RunDag("message_delivery"))),
)

PLAN: tuple[Stage, ...] = (
    # Tuesday: whom to write to, and the first messages. New mailboxes warm up, so that each day's
    # allowance is somewhat larger than that of the day before.
    RunDag("list_refresh"),
    RunDag("signal_ingestion"),
    RunDag("lead_scoring"),
    RunDag("draft_generation"),
    RunDag("review_upkeep"),
    Decide(),
    Pass(timedelta(minutes=2), "the undo minute is over"),
    RunDag("message_delivery"),
    Pass(timedelta(hours=26), "mail is delivered, people answer and book"),
    *DAY,
    Pass(timedelta(hours=22), "the second day's mail is answered"),
    *DAY,
    Pass(timedelta(hours=26), "the third day's mail is answered"),
    *DAY,
    # A week later: what the meetings brought, and a follow-up to those who have not answered.
    Pass(timedelta(days=4), "meetings are held, transcripts arrive"),
    SideBySide((RunDag("post_meeting_sync"), RunDag("draft_generation"))),
    Decide(),
    Pass(timedelta(minutes=2), "the undo minute is over"),
    RunDag("message_delivery"),
    Pass(timedelta(hours=26), "the follow-ups are answered"),
    *DAY,
    Pass(timedelta(days=8), "later meetings are held"),
    RunDag("post_meeting_sync"),
    # The quarter after: what all of it was worth, drafts to decide, and meetings with their briefs.
    Pass(timedelta(days=60), "deals are won and lost"),
    Book(),
    SideBySide((RunDag("signal_ingestion"), RunDag("review_upkeep"), *INBOX)),
    RunDag("lead_scoring"),
    SideBySide((RunDag("draft_generation"), RunDag("meeting_handoff"))),
    RunDag("revenue_attribution"),
)


def runs_of(stage: Stage) -> tuple[RunDag, ...]:
    """Return the DAG runs of one stage, which may be none."""
    if isinstance(stage, SideBySide):
        return stage.runs
    return (stage,) if isinstance(stage, RunDag) else ()


# Each layer must have made rows of these. One table per layer: the one that the next layer reads.
LAYER_TABLES = {
    "signals": "landing.signal",
    "scoring": "ops.lead",
    "drafting": "ops.draft",
    "review": "ops.decision",
    "delivery": "ops.message",
    "scheduling": "ops.booking",
    "handoff": "ops.brief",
    "post_meeting": "ops.note",
    "attribution": "marts.attribution_credit",
}
