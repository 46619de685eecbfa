"""A small report made by hand, for tests of how it is shown."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

from baton.reports.funnel import STEPS
from baton.reports.model import Alarm, Definition, Figure, Report, Step

AT = datetime(2026, 3, 2, 10, tzinfo=UTC)
COUNTS = (50, 20, 40, 38, 30, 30, 28, 7, 4, 3, 2, 1, 1)
EVIL = '<script>alert("x")</script>'


def definition(metric: str, stage: str, unit: str = "share", **changes: object) -> Definition:
    made = Definition(
        metric, stage, metric.replace("_", " ").capitalize(), f"What {metric} means.",
        "hits", "all_units", unit, "up", 0, "marts.unit",
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def rate(metric: str, stage: str, hits: int, total: int, **changes: object) -> Figure:
    made = Figure(
        metric, stage, "share", numerator=Decimal(hits), denominator=Decimal(total),
        value=Decimal(hits) / total, low=Decimal("0.1"), high=Decimal("0.9"), n=total,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


def money(metric: str, amount: int, currency: str = "EUR", **changes: object) -> Figure:
    made = Figure(metric, "attribution", "currency", currency=currency, value=Decimal(amount))
    return replace(made, **changes)  # type: ignore[arg-type]


def report(*figures: Figure, **changes: object) -> Report:
    standard = (
        rate("reply_rate", "delivery", 7, 30),
        rate("reply_rate", "delivery", 5, 10, cut="icp_quartile", cut_value="1"),
        rate("reply_rate", "delivery", 2, 20, cut="rep", cut_value=f"=cmd|{EVIL}"),
        Figure("complaint_rate", "delivery", "share", dash="no provider here reports complaints"),
        money("sourced_pipeline", 90_000),
        money("sourced_pipeline", 60_000, cut="icp_quartile", cut_value="1"),
        rate("win_rate", "attribution", 3, 4),
        rate("win_rate", "attribution", 1, 2, cut="week", cut_value="2026-02-23", mature=False),
        money("revenue", 50_000),
        Figure(
            "speed_to_lead_p90", "scoring", "hours", value=Decimal(2), low=Decimal(1),
            high=Decimal("Infinity"), n=40,
        ),
    )  # fmt: skip
    shown = (*standard, *figures)
    definitions = {f.metric: definition(f.metric, f.stage, f.unit) for f in shown}
    made = Report(
        id="rpt_1",
        as_of=AT,
        made_at=AT,
        seconds=Decimal(1),
        definitions=definitions,
        figures=shown,
        funnel={
            ("all", ""): tuple(
                Step(name, unit, count) for (name, unit), count in zip(STEPS, COUNTS, strict=True)
            )
        },
        alarms=(Alarm("gate", "message_delivery stopped at domains", (EVIL,), AT),),
    )
    return replace(made, **changes)  # type: ignore[arg-type]
