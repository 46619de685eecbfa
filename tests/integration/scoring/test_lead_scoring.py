"""From released signals to owned leads: dbt, holdout, routing and the gate, on one small watchlist."""

import math
import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml

from baton import motion
from baton.core import settings as core_settings
from baton.core.errors import GateFailed
from baton.core.settings import PROJECT
from baton.playbook import icp
from baton.scoring import holdout
from baton.warehouse.connect import connect
from tests.conftest import SECRET
from tests.integration.scoring.funnel import Funnel

NOW = datetime(2026, 3, 18, 12, tzinfo=UTC)


@pytest.fixture(scope="module")
def playbook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The shipped playbook without a holdout, so that every test knows who is treated."""
    folder = tmp_path_factory.mktemp("playbook")
    shutil.copytree(PROJECT / "include" / "playbook", folder, dirs_exist_ok=True)
    text = (folder / "icp.yml").read_text()
    known = yaml.safe_load(text)
    assert known["holdout"]["share"] > 0
    (folder / "icp.yml").write_text(text.replace(f"share: {known['holdout']['share']}", "share: 0"))
    return folder


@pytest.fixture(scope="module")
def funnel(
    database_url: str, playbook: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Funnel]:
    """A funnel that was scored once, with one case of everything that decides about a lead."""
    settings = core_settings.load(
        {
            "BATON_DATABASE_URL": database_url,
            "BATON_HOME": str(tmp_path_factory.mktemp("home")),
            "BATON_PLAYBOOK": str(playbook),
            "BATON_PROFILE": "test",
            "BATON_SECRET": SECRET,
        }
    )
    with connect(database_url) as conn:
        made = Funnel(settings, conn, NOW)
        _fill(made)
        made.score()
        yield made


def _fill(f: Funnel) -> None:
    clara = f.rep("clara@seller.example")
    f.rep("owen@seller.example")
    best = f.account("Best Logistics", owner=clara)
    for local, title, seniority in (
        ("first", "VP Supply Chain", "vp"),
        ("second", "Director of Operations", "director"),
        ("third", "HR Business Partner", "individual"),
    ):
        f.contact(best, local, title, seniority)
    f.signal(
        "product_trial", domain="best-logistics.example", email="second@best-logistics.example"
    )
    f.signal("funding", domain="best-logistics.example", age_days=30)

    f.contact(f.account("Named GmbH", region="UK and Ireland"), "ana")
    f.signal("hiring", company="NAMED", source="jobs")
    f.contact(f.account("Hosted"), "hugo")
    f.signal("site_visit_pricing", email="somebody.else@hosted.example", source="site")

    f.contact(f.account("Unknown Size", employees=None, region=None), "uma")
    f.signal("product_trial", domain="unknown-size.example", source="product")
    f.contact(f.account("Poor Fit", industry="Hospitality", employees=20), "paul")
    f.signal("product_trial", domain="poor-fit.example", source="product")
    f.contact(f.account("Quiet"), "quinn")
    f.contact(f.account("Unreleased"), "una")
    f.signal("funding", domain="unreleased.example", released=False)
    f.contact(f.account("Old News"), "otto")
    f.signal("funding", domain="old-news.example", age_days=181)

    f.contact(f.account("Protected", protected="key account"), "pia")
    f.signal("funding", domain="protected.example")
    suppressed = f.contact(f.account("Suppressed"), "sam")
    f.signal("funding", domain="suppressed.example")
    f.conn.execute(
        "insert into ops.suppression (address_key, kind, source) "
        "select address_key, 'opt_out', 'test' from ops.contact where id = %s",
        (suppressed,),
    )
    customer = f.account("In Talks")
    f.contact(customer, "ida")
    f.signal("funding", domain="in-talks.example")
    f.conn.execute("insert into ops.account_alias values ('crm', 'c1', %s)", (customer,))
    f.conn.execute(
        "insert into landing.opportunity (source, natural_key, content_hash, account_key, stage, "
        "outcome, opened_at) values ('crm', 'o1', 'h', 'c1', 'qualified', 'open', %s)",
        (NOW,),
    )
    left_alone = f.account("Left Alone")
    f.contact(left_alone, "lea")
    f.signal("funding", domain="left-alone.example")
    f.conn.execute(
        "insert into ops.holdout (experiment, account_id, arm) values ('earlier', %s, 'holdout')",
        (left_alone,),
    )
    f.contact(f.account("No Region Rep", region="Antarctica", industry="Wholesale"), "noa")
    f.signal("product_trial", domain="no-region-rep.example", source="product")
    f.conn.commit()


LEADS = """
    select split_part(c.email, '@', 1) from ops.lead l join ops.contact c on c.id = l.contact_id
    order by 1
"""


def lead(f: Funnel, local: str) -> dict[str, Any]:
    columns = "l.icp_fit, l.intent_score, l.lead_score, l.icp_quartile, l.reasons, l.cut_version"
    row = f.values(
        f"select {columns}, r.name, o.rule, o.reason from ops.lead l "
        "join ops.contact c on c.id = l.contact_id join ops.lead_owner o on o.lead_id = l.id "
        "left join ops.rep r on r.id = o.rep_id where c.email like %s",
        f"{local}@%",
    )[0]
    names = ("fit", "intent", "score", "quartile", "reasons", "cuts", "rep", "rule", "why")
    return dict(zip(names, row, strict=True))


def test_only_those_who_may_and_should_become_leads(funnel: Funnel) -> None:
    assert funnel.values(LEADS) == ["ana", "first", "hugo", "noa", "second", "uma"]


@pytest.mark.parametrize(
    "local",
    [
        pytest.param("third", id="the account has its two best already"),
        pytest.param("paul", id="fit below the minimum"),
        pytest.param("quinn", id="no signal"),
        pytest.param("una", id="the signal's run is not released"),
        pytest.param("otto", id="the signal is older than the lookback"),
        pytest.param("pia", id="protected account"),
        pytest.param("sam", id="suppressed address"),
        pytest.param("ida", id="open new-business opportunity"),
        pytest.param("lea", id="account of a holdout"),
    ],
)
def test_who_is_no_lead(funnel: Funnel, local: str) -> None:
    assert local not in funnel.values(LEADS)


def test_intent_decays_by_half_lives_and_an_own_signal_counts_more(funnel: Funnel) -> None:
    trial = 40 * 0.5 ** (1 / 10)
    funding = 25 * 0.5 ** (30 / 30)
    assert float(lead(funnel, "second")["intent"]) == pytest.approx(trial + funding, abs=0.02)
    assert float(lead(funnel, "first")["intent"]) == pytest.approx(trial / 2 + funding, abs=0.02)


def test_the_score_is_the_documented_prior(funnel: Funnel) -> None:
    found = lead(funnel, "second")
    policy = icp.load(funnel.settings.playbook).model
    person = 0.9 * 65 + 0.95 * 35
    logit = (
        math.log(policy.base_rate / (1 - policy.base_rate))
        + math.log(policy.odds_per_10_fit) * (float(found["fit"]) - 50) / 10
        + math.log(policy.odds_per_10_person) * (person - 50) / 10
        + math.log(policy.odds_per_10_intent) * float(found["intent"]) / 10
    )
    assert float(found["score"]) == pytest.approx(1 / (1 + math.exp(-logit)), abs=0.0002)
    assert found["reasons"]["model"] == {"version": policy.version, "basis": "prior, not measured"}


def test_missing_attributes_are_said_and_not_guessed(funnel: Funnel) -> None:
    found = lead(funnel, "uma")
    assert found["reasons"]["missing"] == ["employees", "region"]
    assert float(found["fit"]) == 45


def test_reasons_name_the_signals_as_evidence(funnel: Funnel) -> None:
    signals = lead(funnel, "second")["reasons"]["signals"]
    known = set(funnel.values("select ops.signal_id(source, natural_key) from landing.signal"))
    assert [signal["type"] for signal in signals] == ["product_trial", "funding"]
    assert {signal["signal_id"] for signal in signals} <= known
    assert [signal["own"] for signal in signals] == [True, False]


def test_too_few_accounts_draw_no_cut_points(funnel: Funnel) -> None:
    assert lead(funnel, "first")["cuts"] == "default:icp-2026.1"
    assert lead(funnel, "first")["quartile"] == 1
    assert funnel.value("select count(*) from marts.icp_cut") == 0


@pytest.mark.parametrize(
    ("local", "rep", "rule"),
    [
        pytest.param("first", "Clara Voss", "the account's owner", id="the account's owner"),
        pytest.param("ana", "Owen Hughes", "region", id="the region's only rep"),
        pytest.param("noa", "Owen Hughes", "everyone", id="nobody sells there, but a best lead"),
        pytest.param("uma", None, "no rule", id="no region and no best lead"),
    ],
)
def test_routing(funnel: Funnel, local: str, rep: str | None, rule: str) -> None:
    found = lead(funnel, local)
    assert (found["rep"], found["rule"]) == (rep, rule)
    assert found["why"].endswith(".")


def test_what_nobody_gets_is_an_exception_for_a_person(funnel: Funnel) -> None:
    tasks = funnel.values(
        "select is_exception, title, body, done_at from ops.task where kind = 'unrouted_lead'"
    )
    assert tasks == [
        (
            True,
            "Nobody gets the lead at Unknown Size",
            (
                "Nobody could be found: 'the account's owner': the account has no owner; "
                "'region': no such rep."
            ),
            None,
        )
    ]


def test_running_again_changes_nothing(funnel: Funnel) -> None:
    state = """
        select md5(string_agg(t::text, '|' order by t::text)) from (
            select to_jsonb(l) from ops.lead l union all select to_jsonb(r) from ops.routing_decision r
            union all select to_jsonb(h) from ops.holdout h union all select to_jsonb(k) from ops.task k
        ) as t (t)
    """
    before = funnel.value(state)
    funnel.score()
    assert funnel.value(state) == before


def test_holdout_is_drawn_from_the_domain_and_kept(funnel: Funnel) -> None:
    accounts = funnel.values("select id from ops.account order by id")
    half = icp.Holdout(experiment="half", share=0.5)
    with connect(funnel.settings.database_url) as conn:
        first = holdout.assign(conn, half, accounts)
        again = holdout.assign(conn, icp.Holdout(experiment="half", share=0), accounts)
        elsewhere = conn.execute(
            "select count(*) from ops.holdout where experiment = 'half' and (arm = 'holdout') <> "
            "(account_id = any(%s))",
            (list(first),),
        ).fetchone()
        conn.rollback()
    assert first == again
    assert 0 < len(first) < len(accounts)
    # One account is held out by an earlier experiment and counts as left alone in every other.
    assert elsewhere is not None
    assert elsewhere[0] <= 1


BAD_BATCHES = [
    pytest.param(
        "insert into ops.holdout (experiment, account_id, arm) "
        "select 'late', account_id, 'holdout' from ops.lead where run_id = %s limit 1",
        "no account of the holdout is in the motion", id="a held out account",
    ),
    pytest.param(
        "delete from ops.routing_decision where lead_id in (select id from ops.lead where run_id = %s)",
        "every lead has an active owner", id="leads without owner and without exception",
    ),
    pytest.param(
        "update ops.rep set active = false where %s <> ''",
        "every lead has an active owner", id="owners who left",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("harm", "sentence"), BAD_BATCHES)
def test_the_gate_stops_a_bad_batch_until_it_is_mended(
    funnel: Funnel, harm: str, sentence: str
) -> None:
    run_id = funnel.value("select run_id from ops.lead limit 1")
    undo = _remember(funnel)
    with connect(funnel.settings.database_url) as conn:
        conn.execute("update ops.run set released_at = null where id = %s", (run_id,))
        conn.execute(harm, (run_id,))
    run = funnel.run("scoring", "lead_scoring")
    with pytest.raises(GateFailed, match=sentence):
        motion.load("gate")(run)
    assert funnel.value("select released_at from ops.run where id = %s", run_id) is None
    _undo(funnel, undo)
    assert motion.load("gate")(run)["released_runs"] == 2


def _remember(f: Funnel) -> list[Any]:
    return f.values(
        "select lead_id, rep_id, rule, reason, policy_hash, run_id from ops.routing_decision"
    )


def _undo(f: Funnel, decisions: list[Any]) -> None:
    with connect(f.settings.database_url) as conn, conn.cursor() as cursor:
        cursor.execute("delete from ops.holdout where experiment = 'late'")
        cursor.execute("update ops.rep set active = true")
        cursor.execute("delete from ops.routing_decision")
        cursor.executemany(
            "insert into ops.routing_decision (lead_id, rep_id, rule, reason, policy_hash, run_id) "
            "values (%s, %s, %s, %s, %s, %s)",
            decisions,
        )
