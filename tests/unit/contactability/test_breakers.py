"""When a rate is over: by its figures, never by one event in few messages."""

from pathlib import Path

import pytest

from baton.contactability.breakers import over
from baton.playbook import thresholds

PLAYBOOK = Path(__file__).resolve().parents[3] / "include" / "playbook"
LIMITS = thresholds.load(PLAYBOOK).delivery
P = pytest.param


@pytest.mark.parametrize(
    ("kind", "count", "base", "expected"),
    [
        P("bounces", 1, 40, False, id="1 bounce in 40"),
        P("bounces", 1, 1, False, id="1 bounce in 1"),
        P("bounces", 2, 10, False, id="2 bounces in 10"),
        P("bounces", 3, 59, True, id="3 bounces in 59"),
        P("bounces", 3, 60, False, id="3 bounces in 60 are 5.0 %"),
        P("bounces", 50, 1000, False, id="5.0 % of many"),
        P("bounces", 51, 1000, True, id="5.1 % of many"),
        P("blocks", 3, 20, True, id="3 blocks in 20"),
        P("complaints", 1, 10, False, id="1 complaint in 10"),
        P("complaints", 2, 100, True, id="2 complaints in 100"),
        P("complaints", 3, 1000, False, id="0.30 % of many"),
        P("complaints", 4, 1000, True, id="0.40 % of many"),
        P("complaints", 2, 0, True, id="complaints before any delivery is told"),
    ],
)
def test_over(kind: str, count: int, base: int, expected: bool) -> None:
    assert over(count, base, getattr(LIMITS, kind)) is expected
