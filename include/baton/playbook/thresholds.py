"""`thresholds.yml`: the figures at which the motion stops, waits or asks. One section per layer."""

from datetime import time
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator, model_validator

from baton.playbook.reader import Strict, nearest, read_yaml, time_zones

Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Signals(Strict):
    """Thresholds of the signals layer: silence, rejects, floods, and a watchlist that shrinks."""

    silent_hours: Positive
    max_quarantined: Share
    min_batch: Positive
    max_times_usual: Positive
    max_watchlist_drop: Share


class Scoring(Strict):
    """Thresholds of the scoring layer: leads without owner, uneven quartiles, drifting scores."""

    min_batch: Positive
    max_unrouted: Share
    max_quartile: Share
    max_drift: Annotated[float, Field(gt=0)]
    drift_days: Positive


class Drafting(Strict):
    """Thresholds of the drafting layer."""


class Review(Strict):
    """Thresholds of the review layer: for how long an approval holds, in hours."""

    approval_hours: Positive


class Rate(Strict):
    """A rate is over when at least `min_events` happened and events / base exceeds `max_rate`."""

    max_rate: Share
    min_events: Positive


class Replies(Strict):
    """When a reply's reading is trusted, and for how long an absence pauses a contact."""

    min_confidence: Share
    max_unclear: Share
    min_batch: Positive
    out_of_office_days: Positive
    answer_within_hours: Positive


class Delivery(Strict):
    """Thresholds of the delivery layer: undo, pace and the domains' health."""

    undo_seconds: Count
    shadow_mode: bool
    workers: Annotated[int, Field(ge=1, le=32)]
    give_up_after: Positive
    stuck_minutes: Positive
    window_days: Positive
    bounces: Rate
    blocks: Rate
    complaints: Rate
    replies: Replies


class Hours(Strict):
    """A window of local time, `from` included, `to` not. Written "HH:MM"."""

    start: time = Field(alias="from")
    end: time = Field(alias="to")

    @model_validator(mode="after")
    def _in_order(self) -> "Hours":
        if self.start >= self.end:
            raise ValueError(
                f"'from' ({self.start:%H:%M}) must be earlier than 'to' ({self.end:%H:%M})"
            )
        return self


class Contactability(Strict):
    """Quiet hours and caps."""

    hours: Hours
    unknown_timezone_hours: Hours
    sender_timezone: str
    mailbox_new_per_day: Count
    mailbox_warm_per_day: Count
    mailbox_warm_after_days: Count
    domain_warm_up: Annotated[list[Count], Field(min_length=1)]
    domain_max_per_day: Count
    idle_days: Positive

    @field_validator("sender_timezone")
    @classmethod
    def _known(cls, name: str) -> str:
        known = time_zones()
        if name not in known:
            meant = nearest(name, sorted(known))
            hint = f"; did you mean '{meant}'?" if meant else "; write it like 'Europe/Berlin'"
            raise ValueError(f"the time zone '{name}' is not known{hint}")
        return name


class Scheduling(Strict):
    """Thresholds of the scheduling layer."""


class Handoff(Strict):
    """Thresholds of the handoff layer."""

    horizon_hours: Positive
    opener_words: Annotated[int, Field(ge=20, le=300)]


class PostMeeting(Strict):
    """Thresholds of the post_meeting layer."""

    unknown_after_hours: Positive
    match_minutes: Positive
    quote_words: Positive
    lost_within_days: Positive


class Attribution(Strict):
    """Thresholds of the attribution layer."""


class Thresholds(Strict):
    """The whole file."""

    signals: Signals
    scoring: Scoring
    drafting: Drafting
    review: Review
    delivery: Delivery
    contactability: Contactability
    scheduling: Scheduling
    handoff: Handoff
    post_meeting: PostMeeting
    attribution: Attribution


def load(folder: Path) -> Thresholds:
    """Read `thresholds.yml` of a playbook folder; PlaybookError names file, line and remedy."""
    return read_yaml(folder / "thresholds.yml", Thresholds)
