"""Upkeep: what nobody decided in time is never sent, and the gate looks at every live approval."""

import pytest

from baton.contactability import holds
from baton.core.errors import GateFailed
from baton.quality import gate
from baton.review import decide
from baton.review.steps import upkeep
from tests.integration.drafting.funnel import CLARA, OWEN
from tests.integration.review.desk import ANNA, Desk


@pytest.fixture
def waiting(desk: Desk):
    """Drafts and leads of earlier tests are out of the way."""
    desk.execute(
        "insert into ops.holdout (experiment, account_id, arm) "
        "select 'earlier tests', id, 'holdout' from ops.account on conflict do nothing"
    )
    desk.execute("update ops.draft set state = 'expired' where state in ('pending', 'approved')")
    return desk


def keep(desk: Desk) -> dict:
    return upkeep(desk.run("review", "review_upkeep"))


def reason(desk: Desk, draft_id: str) -> tuple | None:
    rows = desk.execute(
        "select verdict, reason, decided_by, decided_role from ops.decision where draft_id = %s",
        (draft_id,),
    )
    return rows[0] if rows else None


def test_what_is_fresh_stays(waiting: Desk):
    choice = waiting.drafted("Fresh Cargo")[0]
    counts = keep(waiting)
    assert (counts["drafts_expired"], counts["approvals_expired"]) == (0, 0)
    assert waiting.state(choice.draft_id) == "pending"


def age_out(desk, lead, choice):
    desk.execute("update ops.draft set expires_at = ops.now() where id = %s", (choice.draft_id,))


def reply(desk, lead, choice):
    run = desk.run("delivery", "reply_triage")
    desk.execute(
        "insert into ops.reply (source, natural_key, contact_id, received_at, body, is_automatic, "
        "intent, confidence, run_id) values ('t', %s, %s, ops.now() + interval '1 second', 'Yes', "
        "false, 'positive', 1, %s)",
        (choice.draft_id, lead[1], run.id),
    )


def hold(desk, lead, choice):
    with desk.connection() as conn:
        holds.place(conn, "contact", lead[1], "manual", "a test", "The rep asked for it.")


def other_owner(desk, lead, choice):
    run = desk.run("scoring", "lead_scoring")
    desk.execute(
        "insert into ops.routing_decision (lead_id, rep_id, rule, reason, policy_hash, run_id, "
        "decided_at) values (%s, %s, 't', 't', 'h', %s, ops.now() + interval '1 second')",
        (lead[0], desk.rep(OWEN), run.id),
    )


def other_address(desk, lead, choice):
    desk.execute("update ops.contact set email = 'new.' || email where id = %s", (lead[1],))


def old_evidence(desk, lead, choice):
    desk.execute(
        "update landing.signal set occurred_at = occurred_at - interval '46 days' where domain = %s",
        (lead[2],),
    )


CAUSES = [
    pytest.param(age_out, "nobody sent it in time", id="too old"),
    pytest.param(reply, "a reply arrived", id="a reply"),
    pytest.param(hold, "the contact or account is held", id="a hold"),
    pytest.param(other_owner, "the lead has another owner now", id="another owner"),
    pytest.param(other_address, "the contact has another address now", id="another address"),
    pytest.param(old_evidence, "the evidence is stale", id="stale evidence"),
]


@pytest.mark.parametrize("approved", [False, True], ids=["draft", "approval"])
@pytest.mark.parametrize(("cause", "why"), CAUSES)
def test_what_no_longer_holds_expires(waiting: Desk, cause, why, approved):
    choice = waiting.drafted("Stale Cargo")[0]
    other = waiting.drafted("Other Cargo")[0]
    lead = waiting.execute(
        "select l.id, l.contact_id, a.domain from ops.draft d join ops.lead l on l.id = d.lead_id "
        "join ops.account a on a.id = l.account_id where d.id = %s",
        (choice.draft_id,),
    )[0]
    if approved:
        with waiting.connection() as conn:
            decide.approve(conn, ANNA, choice)
    cause(waiting, lead, choice)

    counts = keep(waiting)

    assert reason(waiting, choice.draft_id) == ("expired", why, "baton", "system")
    assert waiting.state(choice.draft_id) == "expired"
    assert waiting.state(other.draft_id) == "pending"
    assert counts["approvals_expired" if approved else "drafts_expired"] == 1
    again = keep(waiting)
    assert (again["drafts_expired"], again["approvals_expired"]) == (0, 0)


def test_an_approval_that_was_not_used_expires(waiting: Desk):
    choice = waiting.drafted("Idle Cargo")[0]
    with waiting.connection() as conn:
        decide.approve(conn, ANNA, choice)
    waiting.execute("alter table ops.decision disable trigger user")
    waiting.execute("update ops.decision set decided_at = decided_at - interval '73 hours'")
    waiting.execute("alter table ops.decision enable trigger user")
    assert keep(waiting)["approvals_expired"] == 1
    log = waiting.execute(
        "select action, verdict, decided_by from ops.decision_log where draft_id = %s order by id",
        (choice.draft_id,),
    )
    assert log == [("decided", "approved", "anna"), ("changed", "expired", "baton")]


def test_each_rep_gets_one_digest_a_day(waiting: Desk):
    waiting.execute("delete from ops.task")
    waiting.drafted("Digest One", "Digest Two")
    waiting.drafted("Digest Three", rep=OWEN)
    assert keep(waiting)["digests"] == 2
    assert keep(waiting)["digests"] == 0
    rows = waiting.execute(
        "select r.email, t.title from ops.task t join ops.rep r on r.id = t.owner_rep_id "
        "where t.kind = 'review_digest' and t.done_at is null order by 1"
    )
    assert rows == [
        (CLARA[1], "2 drafts wait for a decision"), (OWEN[1], "1 draft waits for a decision"),
    ]  # fmt: skip


class TestGate:
    def check(self, desk: Desk) -> dict:
        run = desk.run("review", "review_upkeep")
        return gate.check(run, "review_upkeep")

    def approved(self, desk: Desk) -> str:
        choice = desk.drafted("Gate Cargo")[0]
        with desk.connection() as conn:
            decide.approve(conn, ANNA, choice)
        return choice.draft_id

    def test_sound_approvals_pass(self, waiting: Desk):
        self.approved(waiting)
        self.check(waiting)

    def test_a_changed_text_stops_it(self, waiting: Desk):
        draft_id = self.approved(waiting)
        waiting.execute("alter table ops.decision disable trigger all")
        waiting.execute(
            "update ops.decision set content_hash = repeat('0', 64) where draft_id = %s",
            (draft_id,),
        )
        waiting.execute("alter table ops.decision enable trigger all")
        with pytest.raises(GateFailed, match=draft_id):
            self.check(waiting)
        waiting.execute("alter table ops.decision disable trigger all")
        waiting.execute("delete from ops.decision where draft_id = %s", (draft_id,))
        waiting.execute("alter table ops.decision enable trigger all")

    def test_an_approval_that_is_too_old_stops_it(self, waiting: Desk):
        draft_id = self.approved(waiting)
        waiting.execute("alter table ops.decision disable trigger user")
        waiting.execute(
            "update ops.decision set decided_at = decided_at - interval '80 hours' "
            "where draft_id = %s",
            (draft_id,),
        )
        waiting.execute("alter table ops.decision enable trigger user")
        with pytest.raises(GateFailed, match="no approval is too old"):
            self.check(waiting)

    def test_a_decision_by_nobody_who_may_stops_it(self, waiting: Desk):
        choice = waiting.drafted("Forged Cargo")[0]
        waiting.execute(
            "insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, "
            "decided_by, decided_role) select id, 1, contact_id, %s, 'approved', 'a script', "
            "'viewer' from ops.draft where id = %s",
            (choice.content_hash, choice.draft_id),
        )
        with pytest.raises(GateFailed, match="signed by somebody who may decide"):
            self.check(waiting)
