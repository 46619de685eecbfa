"""The market: deterministic, of the right size, and true to its own effects."""

from datetime import timedelta

import pytest

from sandbox.market import build_market, truth
from tests.unit.sandbox.support import MONDAY


@pytest.fixture(scope="module")
def market():
    return build_market(7, MONDAY)


def test_the_same_seed_gives_the_same_market(market):
    assert build_market(7, MONDAY) == market
    assert build_market(8, MONDAY) != market


def test_the_default_size(market):
    target_ids = {a.id for a in market.targets}
    people = [p for p in market.people if p.account_id in target_ids]
    assert len(target_ids) == 60
    assert 140 <= len(people) <= 170
    assert len(market.reps) == 5
    assert len({r.region for r in market.reps}) == 5


def test_everything_lies_at_reserved_domains_and_nothing_twice(market):
    assert all(a.domain.endswith(".example") for a in market.accounts)
    assert all(p.email.endswith(".example") for p in market.people)
    assert len({a.domain for a in market.accounts}) == len(market.accounts)
    assert len({p.email for p in market.people}) == len(market.people)


def test_a_large_market_has_no_two_of_the_same_name(market):
    large = build_market(7, MONDAY, scale=10)
    assert len(large.targets) == 600
    assert len({a.domain for a in large.accounts}) == len(large.accounts)
    assert len({p.email for p in large.people}) == len(large.people)


def test_every_account_has_several_fresh_signals(market):
    for account in market.targets:
        fresh = [
            s
            for s in market.signals_by_account[account.id]
            if MONDAY - timedelta(days=21) <= s.at <= MONDAY
        ]
        assert len(fresh) >= 2, account.name


def test_every_signal_type_occurs_and_comes_from_its_own_source(market):
    sources = {(s.type, s.source) for s in market.signals}
    assert sources == {(e.type, e.source) for e in truth.EFFECTS}


def test_history_covers_two_years_with_won_lost_and_open_deals(market):
    stages = {d.stage for d in market.deals}
    assert {"closedwon", "closedlost"} < stages
    assert min(d.created_at for d in market.deals) < MONDAY - timedelta(days=600)
    assert min(d.created_at for d in market.deals) > MONDAY - timedelta(days=730)
    assert all(d.created_at < MONDAY and (d.closed_at or MONDAY) <= MONDAY for d in market.deals)
    assert all([at for at, _ in d.stages] == sorted(at for at, _ in d.stages) for d in market.deals)


def test_few_watched_accounts_have_an_open_opportunity(market):
    target_ids = {a.id for a in market.targets}
    busy = {d.account_id for d in market.deals if d.closed_at is None}
    assert busy <= target_ids
    assert 1 <= len(busy) <= 5


@pytest.mark.parametrize("effect", truth.EFFECTS, ids=lambda e: e.type)
def test_a_signal_multiplies_the_odds_by_its_lift_and_fades_by_its_half_life(market, effect):
    signal = next(s for s in market.signals if s.type == effect.type)
    account = market.account_by_id[signal.account_id]
    alone = type(market)(**{**_fields(market), "signals": (signal,)})
    at_once = truth.signal_log_lift(alone, account, signal.at)
    later = truth.signal_log_lift(alone, account, signal.at + timedelta(days=effect.half_life_days))
    before = truth.signal_log_lift(alone, account, signal.at - timedelta(seconds=1))
    assert 2.718281828459045**at_once == pytest.approx(effect.lift)
    assert later == pytest.approx(at_once / 2)
    assert before == 0


def _fields(market):
    return {name: getattr(market, name) for name in type(market).__dataclass_fields__}


def test_better_fits_and_better_personas_answer_more(market):
    person, account = market.people[0], market.accounts[0]

    def chance(icp, persona, step=1):
        a = type(account)(**{**vars(account), "icp": icp})
        p = type(person)(**{**vars(person), "persona_fit": persona})
        return truth.reply_probability(market, a, p, MONDAY, step)

    assert chance(1, 0.5) > chance(0, 0.5)
    assert chance(0.5, 1) > chance(0.5, 0)
    assert chance(0.5, 0.5, step=2) < chance(0.5, 0.5)


@pytest.mark.parametrize("icp", [0.0, 0.5, 1.0])
def test_what_people_answer_adds_up(icp):
    assert sum(truth.answer_weights(icp).values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("start", "scale", "word"),
    [
        pytest.param(MONDAY.replace(tzinfo=None), 1, "time zone", id="start without a zone"),
        pytest.param(MONDAY, 0, "above 0", id="no size"),
    ],
)
def test_impossible_markets_are_refused_in_a_sentence(start, scale, word):
    with pytest.raises(ValueError, match=word):
        build_market(7, start, scale)
