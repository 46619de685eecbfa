"""What the report knows about its metrics beyond their definition in dbt, and why a figure is missing.

The metrics themselves are in `dbt_project/models/metrics.yml`; a test holds these names against it.
"""

from collections.abc import Mapping
from decimal import Decimal

# Sums of money: never added up over currencies.
MONEY = frozenset({
    "won_revenue", "qualified_pipeline", "pipeline_sourced", "pipeline_influenced",
    "pipeline_untouched", "revenue_credit", "revenue_unattributed", "motion_cost", "signal_cost",
    "open_closing", "target_remaining",
})  # fmt: skip

# Shares of amounts or of words, not of things that are counted: no binomial interval holds for them.
AMOUNT_SHARES = frozenset({
    "sourced_pipeline_share", "influenced_pipeline_share", "untouched_pipeline_share",
    "unattributed_revenue_share", "edit_distance", "budget_use",
})  # fmt: skip

# Units of metrics that count events: where none was seen, a bound is known all the same.
COUNTS = frozenset({"per draft"})

# Their marts hold young units too, which may still change; the others count only mature ones.
RIPENING = frozenset({"reply_rate", "positive_reply_rate"})

# The rows of these marts are a state, not units that entered in some week.
WITHOUT_WEEKS = frozenset({
    "watchlist_accounts", "score_bands", "costs", "targets", "experiment_accounts", "intakes",
})  # fmt: skip

# The rows of these marts are sums over units already; they say nothing of how units differ.
ROWS_ARE_SUMS = frozenset({"score_bands", "costs", "targets", "intakes"})

# What each sum of money is the sum of, where the number of units says how much it rests on.
COUNTED = {
    "revenue": "wins",
    "sourced_pipeline": "opportunities_sourced",
    "unattributed_revenue_share": "wins",
    "sourced_pipeline_share": "opportunities",
    "influenced_pipeline_share": "opportunities",
    "untouched_pipeline_share": "opportunities",
    "cost_per_held_meeting": "meetings_held",
    "incremental_pipeline_per_signal_spend": "accounts_treated",
    "incremental_pipeline_per_account": "accounts_treated",
}

# Beside these, the sourced pipeline always stands: replies alone are no result.
BESIDE = frozenset({"reply_rate", "positive_reply_rate"})

# Why there is nothing to divide by, by denominator (or, without one, by what is counted).
NOTHING: Mapping[str, str] = {
    "watchlist_accounts": "no account is on the watchlist",
    "signals_received": "no signal was received in the last 90 days",
    "freshness_p50": "no signal was received in the last 90 days",
    "freshness_p95": "no signal was received in the last 90 days",
    "rows_received": "nothing came in yet",
    "signal_cost": "costs.yml names no cost of signals for this time",
    "opportunities_best_closed": "no opportunity of quartile 1 is closed yet",
    "opportunities_closed": "no opportunity is closed yet",
    "leads_mature": "not mature yet: no lead is 90 days old",
    "banded_leads": "not mature yet: no lead is 90 days old",
    "hours_to_action_p50": "no lead yet",
    "hours_to_action_p90": "no lead yet",
    "leads_due": "no lead of quartile 1 is due yet",
    "draft_claims": "no draft makes a claim yet",
    "drafts_written": "no draft was written yet",
    "drafts_due": "no touch was due yet",
    "drafts_decided": "no draft was decided yet",
    "drafts_timed": "no decision was timed yet",
    "drafts_edited": "no draft was edited",
    "queue_hours_p90": "no draft was queued yet",
    "messages_sent": "nothing was sent yet",
    "messages_delivered": "nothing was delivered yet",
    "delivered_at_reporting": "no provider here reports complaints",
    "contacts_enrolled": "nobody was contacted yet",
    "sends_permitted": "no sending was permitted yet",
    "positive_contacts_mature": "not mature yet: no positive reply is 14 days old",
    "hours_to_booking_p50": "no positive reply yet",
    "meetings_known": "of no meeting is it known how it ended",
    "meetings_started": "no meeting has started yet",
    "meetings_attended": "no meeting was held yet",
    "minutes_ready_p50": "no meeting with a brief has started yet",
    "tasks_handed": "no task was handed to a person yet",
    "meetings_held": "no meeting was held yet",
    "steps_agreed": "no next step was agreed yet",
    "first_meetings_mature": "not mature yet: no first meeting is 30 days old",
    "opportunities": "no opportunity yet",
    "wins": "no opportunity yet",
    "won_revenue": "no opportunity yet",
    "opportunities_without_account": "no opportunity yet",
    "qualified_pipeline": "no opportunity has an amount yet",
    "pipeline_sourced": "the motion has sourced no pipeline yet",
    "stages_entered_mature": "needs open stages whose entry is known and 30 days old",
    "stage_age_p50": "needs open stages whose entry is known; imports do not tell",
    "revenue_credit": "nothing was won yet",
    "target_remaining": "targets.csv has no target left to win this quarter",
}
# Without these above the line there is no figure, where others without any are 0.
NEEDED = {
    "open_closing": "its opportunities of this quarter are in another currency than the target"
}
HELD_OUT = (
    "needs accounts left alone (holdout) and treated ones, drawn 90 days ago, in one currency"
)
YOUNG = "not mature yet: nobody was contacted {days} days ago"
UNFINISHED = "too many are unfinished to know it yet"
TWO_CURRENCIES = "{numerator} is in {one}, {denominator} is in {other}"


def nothing(counted: str) -> str:
    """Return why there is nothing to divide by, for a measure that nobody has a sentence for too."""
    return NOTHING.get(counted, f"no {counted.replace('_', ' ')} yet")


def unit_of(currency: str | None, unit: str) -> str:
    """Return a unit with the currency that it stands for: "EUR", "EUR per EUR"."""
    return unit.replace("currency", currency) if currency else unit


def is_proportion(metric: str, unit: str) -> bool:
    """Tell whether a metric counts some of the units that its denominator counts."""
    return unit == "share" and metric not in AMOUNT_SHARES


def is_whole(number: Decimal) -> bool:
    """Tell whether a number counts things."""
    return number.is_finite() and number == number.to_integral_value()
