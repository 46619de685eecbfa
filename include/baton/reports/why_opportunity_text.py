"""The story of an opportunity as text: what it is, what it counts for, and how it came to be so."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from baton.reports.text import DASH, UNATTRIBUTED
from baton.warehouse.connect import Row


def told_opportunity(story: dict[str, Any]) -> str:
    """Return a story (`why_opportunity.opportunity_of`) as text."""
    deal = story["opportunity"]
    name = f" {deal['name']}" if deal["name"] else ""
    head = f"{deal['id']}{name}, opportunity (times in UTC)"
    lines = [
        f"  {word:<12}{said}"
        for part in (_now(deal), _counted(story), _history(story["versions"]))
        for word, said in part
    ]
    return "\n".join([head, *lines])


def _now(deal: Row) -> Iterator[tuple[str, str]]:
    unknown = "" if deal["is_account_known"] else " (no record of this account)"
    yield "account", f"{deal['account']}{unknown}" if deal["account"] else "none"
    yield "owner", deal["owner"] or "nobody"
    yield "stage", f"{deal['stage']} ({deal['outcome']})"
    yield "amount", _money(deal["amount"], deal["currency"])
    yield "opened", _value(deal["opened_at"])
    yield "closed", _value(deal["closed_at"])


def _counted(story: dict[str, Any]) -> Iterator[tuple[str, str]]:
    mart = story["attribution"]
    if mart is None:
        yield "origin", "not known yet: `baton run attribution` counts it"
        return
    yield "origin", f"{mart['origin']}: {mart['because']}"
    if mart["behind"]:
        said = ", ".join(f"{_said(name)} {_value(mart[name])}" for name in mart["behind"])
        yield "counted as", f"{said}; `baton run attribution` counts what it is now"
    for touch in story["touchpoints"]:
        about = ", ".join(
            filter(
                None, (touch["touch_source"], touch["touch_type"], touch["sequence"], touch["rep"])
            )
        )
        yield (
            "touch",
            f"{_value(touch['occurred_at'])} {touch['channel']} {touch['touch_id']} ({about})",
        )
    if mart["outcome"] != "won":
        yield "credit", f"none: only what is won earns any, and it is {mart['outcome']}"
        return
    if mart["amount"] is None:
        yield "credit", "none: it has no amount"
    for credit in story["credits"]:
        yield (
            "credit",
            (
                f"{_said(credit['credit_model'])}: {_money(credit['credit'], credit['currency'])} to "
                f"{credit['touch_id'] or UNATTRIBUTED}"
            ),
        )


def _history(versions: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    for at, version in enumerate(versions):
        came = " ".join(filter(None, (version["intake_id"], version["file"])))
        said = version["source_updated_at"]
        known = f", changed there {_value(said)}" if said else ""
        intake = f" ({came})" if came else ""
        word = "changed" if at else "landed"
        yield word, f"{_value(version['received_at'])} from {version['source']}{intake}{known}"
        for change in version["changes"]:
            before = "" if at == 0 else f"{_value(change['before'])} -> "
            yield "", f"  {_said(change['field'])}: {before}{_value(change['after'])}"


def _money(value: Decimal | None, currency: str | None) -> str:
    return "none" if value is None else f"{_exact(value)} {currency or ''}".rstrip()


def _exact(value: Decimal) -> str:
    """Return a number with every digit that it has: a correction of a cent is one."""
    return f"{value.normalize():,f}" if value % 1 else f"{value:,.0f}"


def _value(value: Any) -> str:
    """Return a value in words: a moment to the minute, an amount with its digits, a dash for none."""
    if value is None:
        return DASH
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    return _exact(value) if isinstance(value, Decimal) else str(value)


def _said(word: str) -> str:
    return word.replace("_", " ")
