"""Pictures as inline SVG: no script, no font, no colour of their own (they take the page's).

Text stays text, so that it can be read aloud, searched and enlarged.
"""

from collections.abc import Sequence
from html import escape

from baton.reports.headline import largest_loss
from baton.reports.model import Figure, Step

ROW, LABEL, BAR, WIDTH = 30, 116, 372, 760
# The stage that each step of the funnel is measured in.
STAGE_OF = {
    "watchlist": "signals", "signal": "signals", "lead": "scoring", "drafted": "drafting",
    "approved": "review", "sent": "delivery", "delivered": "delivery", "replied": "delivery",
    "positive": "delivery", "booked": "scheduling", "held": "handoff",
    "opportunity": "attribution", "won": "attribution", "opened": "attribution",
    "closed": "attribution",
}  # fmt: skip


def funnel(steps: Sequence[Step], name: str) -> str:
    """Return the funnel as a picture: a bar per step, each a link to its stage's figures.

    Bars of one unit share a scale. The step before which most are lost is marked.
    """
    widest = {
        unit: max(s.count for s in steps if s.unit == unit) for unit in {s.unit for s in steps}
    }
    worst = largest_loss([step for step in steps if step.unit not in ("accounts", "opportunities")])
    height = ROW * len(steps) + 8
    said = "; ".join(f"{step.name} {step.count:,} {step.unit}" for step in steps)
    parts = [
        (
            f'<svg class="funnel" viewBox="0 0 {WIDTH} {height}" role="group" '
            f'aria-label="{escape(f"{name}: {said}", quote=True)}">'
        )
    ]
    before: Step | None = None
    for at, step in enumerate(steps):
        same = before if before is not None and before.unit == step.unit else None
        is_worst = worst is not None and worst[1] is step
        parts.append(_bar(step, same, at * ROW + 4, widest[step.unit], is_worst=is_worst))
        before = step
    return "".join([*parts, "</svg>"])


def _bar(step: Step, before: Step | None, y: int, widest: int, *, is_worst: bool) -> str:
    length = BAR * step.count / widest if widest else 0
    kept = ""
    if before is not None and step.count <= before.count:
        kept = f"{100 * step.count / before.count:.1f} % of {before.name}" if before.count else ""
    said = f"{step.name}: {step.count:,} {step.unit}{', ' + kept if kept else ''}"
    middle = y + ROW / 2
    return (
        f'<a href="#stage-{STAGE_OF[step.name]}" aria-label="{escape(said, quote=True)}">'
        f"<title>{escape(said)}</title>"
        f'<rect class="hit" x="0" y="{y - 1}" width="{WIDTH}" height="{ROW - 2}" rx="6"/>'
        f'<text class="step" x="{LABEL - 10}" y="{middle}" text-anchor="end">{escape(step.name)}</text>'
        f'<rect class="track" x="{LABEL}" y="{y + 5}" width="{BAR}" height="{ROW - 14}" rx="4"/>'
        f'<rect class="bar {escape(step.unit)}" x="{LABEL}" y="{y + 5}" '
        f'width="{max(length, 2 if step.count else 0):.1f}" height="{ROW - 14}" rx="4"/>'
        f'<text class="count" x="{LABEL + BAR + 74}" y="{middle}" text-anchor="end">{step.count:,}</text>'
        f'<text class="kept{" worst" if is_worst else ""}" x="{LABEL + BAR + 86}" y="{middle}">'
        f"{escape(kept or step.unit)}</text></a>"
    )


def interval(figure: Figure) -> str:
    """Return a share and its interval on a line from 0 to 100 %, or "" for other figures."""
    if figure.unit != "share" or figure.value is None or not 0 <= figure.value <= 1:
        return ""
    low = float(figure.low if figure.low is not None else figure.value)
    high = float(figure.high if figure.high is not None else figure.value)
    low, high = max(low, 0.0), min(high, 1.0)
    at = float(figure.value)
    return (
        '<svg class="range" viewBox="0 0 104 12" aria-hidden="true">'
        '<rect class="track" x="2" y="5" width="100" height="2" rx="1"/>'
        f'<rect class="span" x="{2 + 100 * low:.1f}" y="3.5" '
        f'width="{max(100 * (high - low), 1):.1f}" height="5" rx="2.5"/>'
        f'<circle class="point" cx="{2 + 100 * at:.1f}" cy="6" r="3"/></svg>'
    )
