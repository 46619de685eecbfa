"""Rules of routing.yml, one named case each; no database."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from baton.playbook.routing import Routing
from baton.routing.choose import UNROUTED, Board, Lead, Rep

TODAY = date(2026, 3, 18)
CLARA = Rep("rep_1", "clara@seller.example", "Clara", "DACH", active=True, load=3)
OWEN = Rep("rep_2", "owen@seller.example", "Owen", "UK", active=True, load=1)
GONE = Rep("rep_3", "gone@seller.example", "Gone", "DACH", active=False, load=0)
OWNER = {"name": "owner", "to": "account_owner"}
REGION = {"name": "region", "to": "round_robin", "reps_of": "region"}
ALL = {"name": "all", "to": "round_robin", "reps_of": "all"}


def policy(*rules: dict[str, Any], **more: Any) -> Routing:
    return Routing.model_validate(
        {
            "version": "1",
            "rules": list(rules),
            "capacity": {"open_leads_per_rep": 10, "counts_for_days": 30},
            "speed_to_lead_hours": {1: 24, 2: 48, 3: 72, 4: 120},
            **more,
        }
    )


def lead(**more: Any) -> Lead:
    known: dict[str, Any] = {
        "id": "led_1", "account": "Acme", "owner_rep_id": None, "region": "DACH",
        "country": "DE", "segment": "mid-market", "icp_quartile": 1,
    }  # fmt: skip
    return Lead(**{**known, **more})


def board(*rules: dict[str, Any], **more: Any) -> Board:
    return Board(policy(*rules, **more), TODAY, [CLARA, OWEN, GONE])


def leave(rep: str, first: date, last: date) -> dict[str, Any]:
    return {"leave": [{"rep": rep, "from": first, "to": last}]}


@pytest.mark.parametrize(
    ("rules", "wanted", "rep_id", "reason"),
    [
        pytest.param(
            [OWNER, REGION], lead(owner_rep_id="rep_2"), "rep_2", "Owen owns Acme.",
            id="the account's owner comes first",
        ),
        pytest.param(
            [OWNER, REGION], lead(owner_rep_id="rep_3"), "rep_1",
            "Clara is the only free rep of region DACH.", id="an owner who left gets nothing",
        ),
        pytest.param(
            [REGION], lead(region="dach"), "rep_1",
            "Clara is the only free rep of region dach.", id="regions match without case",
        ),
        pytest.param(
            [ALL], lead(), "rep_2", "Owen had the fewest leads of 2 free reps of the pool.",
            id="fewest leads",
        ),
        pytest.param(
            [{"name": "named", "to": "rep", "rep": "Clara@seller.example"}], lead(), "rep_1",
            "Leads like this go to Clara.", id="one rep by address",
        ),
        pytest.param(
            [{**ALL, "reps_of": None, "reps": ["clara@seller.example"]}], lead(), "rep_1",
            "Clara is the only free rep of the pool.", id="a pool by address",
        ),
        pytest.param(
            [{**ALL, "when": {"segments": ["enterprise"]}}, REGION], lead(), "rep_1",
            "Clara is the only free rep of region DACH.", id="a rule that does not apply is skipped",
        ),
        pytest.param(
            [{**ALL, "when": {"quartiles": [1], "countries": ["DE"], "regions": ["dach"]}}], lead(),
            "rep_2", "Owen had the fewest leads of 2 free reps of the pool.",
            id="all conditions of a rule must hold",
        ),
        pytest.param(
            [REGION], lead(region=None), None,
            "Nobody could be found: 'region': no such rep.", id="an account without region",
        ),
        pytest.param(
            [OWNER], lead(), None,
            "Nobody could be found: 'owner': the account has no owner.", id="no owner",
        ),
        pytest.param(
            [{**ALL, "when": {"quartiles": [4]}}], lead(), None,
            "Nobody could be found: no rule applies to it.", id="no rule applies",
        ),
    ],
)  # fmt: skip
def test_rule(rules: list[dict[str, Any]], wanted: Lead, rep_id: str | None, reason: str) -> None:
    choice = board(*rules).choose(wanted)
    assert (choice.rep_id, choice.reason) == (rep_id, reason)
    assert (choice.rule == UNROUTED) == (rep_id is None)


@pytest.mark.parametrize(
    ("first", "last", "gets"),
    [
        pytest.param(date(2026, 3, 18), date(2026, 3, 18), False, id="the day itself"),
        pytest.param(date(2026, 3, 10), date(2026, 3, 17), True, id="back since yesterday"),
        pytest.param(date(2026, 3, 19), date(2026, 3, 30), True, id="leaves tomorrow"),
    ],
)
def test_leave(first: date, last: date, gets: bool) -> None:
    choice = board(REGION, **leave("Clara@seller.example", first, last)).choose(lead())
    assert (choice.rep_id == "rep_1") == gets
    if not gets:
        assert "Clara on leave until 2026-03-18" in choice.reason


def test_a_full_rep_gets_no_more_and_the_reason_says_so() -> None:
    capacity = {"open_leads_per_rep": 4, "counts_for_days": 30}
    full = board(REGION, capacity=capacity)
    assert full.choose(lead()).rep_id == "rep_1"
    said = "Nobody could be found: 'region': Clara has 4 leads of 4, Gone no longer active."
    assert full.choose(lead()).reason == said


def test_an_exception_to_the_capacity() -> None:
    capacity = {
        "open_leads_per_rep": 0, "counts_for_days": 30, "exceptions": {"clara@seller.example": 4},
    }  # fmt: skip
    assert board(ALL, capacity=capacity).choose(lead()).rep_id == "rep_1"


@given(st.lists(st.sampled_from(["DACH", "UK"]), max_size=30))
def test_round_robin_stays_fair_and_is_deterministic(regions: list[str]) -> None:
    def deal() -> list[str | None]:
        one = Board(policy(ALL), TODAY, [Rep(f"rep_{n}", f"{n}@x.example", "R", "DACH", True, 0)
                                         for n in range(3)])  # fmt: skip
        return [one.choose(lead(id=str(n), region=r)).rep_id for n, r in enumerate(regions)]

    dealt = deal()
    assert dealt == deal()
    counts = [dealt.count(f"rep_{n}") for n in range(3)]
    assert max(counts) - min(counts) <= 1
