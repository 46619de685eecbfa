"""Figures that stand in a mart already: lift per signal type, rules broken, reasons of kills.

They carry their own interval or divide by a total of their own, so that no metric expresses them.
"""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import psycopg

from baton.reports.intervals import wilson
from baton.reports.model import Definition, Figure
from baton.warehouse.connect import Row, rows

DEFINITIONS = (
    Definition(
        "signal_type_lift", "signals", "Lift by signal type",
        "Odds of a positive reply with a signal of this type against without, among contacted leads.",
        "positive_with", "leads_with", "times", "up", 0, "marts.signal_type_lift",
    ),
    Definition(
        "lint_rule_rate", "drafting", "Drafts that break a rule",
        "Drafts with a finding of this rule / drafts written.",
        "drafts_with_finding", "drafts_written", "share", "down", 0, "marts.lint_finding",
    ),
    Definition(
        "kill_reason_rate", "review", "Killed, by reason",
        "Drafts killed for this reason / drafts decided.",
        "drafts_killed", "drafts_decided", "share", "none", 0, "marts.reviewed_draft",
    ),
)  # fmt: skip
QUERIES = {
    "signal_type_lift": """
        select signal_type as cut_value, positive_with as numerator, leads_with as denominator,
            lift, lift_low, lift_high
        from marts.signal_type_lift order by 1""",
    "lint_rule_rate": """
        select rule as cut_value, count(distinct draft_id) as numerator,
            (select count(*) from marts.draft where is_written) as denominator
        from marts.lint_finding group by rule order by 2 desc, 1""",
    "kill_reason_rate": """
        select coalesce(kill_reason, 'no reason') as cut_value, count(*) as numerator,
            (select count(*) from marts.reviewed_draft where is_decided) as denominator
        from marts.reviewed_draft where is_killed group by 1 order by 2 desc, 1""",
}
CUT = {"signal_type_lift": "signal_type", "lint_rule_rate": "rule", "kill_reason_rate": "reason"}
NO_LIFT = "needs contacted leads with and without it"
DASH = {
    "signal_type_lift": "needs contacted leads; each type has its own line below",
    "lint_rule_rate": "no draft breaks a rule",
    "kill_reason_rate": "no draft was killed",
}


def extras(conn: psycopg.Connection[Any]) -> Iterator[Figure]:
    """Yield the figures of every definition here, or its dash where there are none."""
    for definition in DEFINITIONS:
        found = rows(conn, QUERIES[definition.metric])
        for row in found:
            yield _figure(definition, row)
        if not found:
            yield Figure(
                definition.metric, definition.stage, definition.unit, dash=DASH[definition.metric]
            )


def _figure(definition: Definition, row: Row) -> Figure:
    hits, total = int(row["numerator"]), int(row["denominator"])
    low: Decimal | None
    if "lift" in row:
        known = total > 0
        value = row["lift"] if known else None
        low, high = (row["lift_low"], row["lift_high"]) if known else (None, None)
    else:
        value = Decimal(hits) / total
        low, high = wilson(hits, total) or (None, None)
    return Figure(
        definition.metric, definition.stage, definition.unit, CUT[definition.metric],
        row["cut_value"], None, Decimal(hits), Decimal(total), value, low, high, total,
        dash=None if value is not None else NO_LIFT,
    )  # fmt: skip
