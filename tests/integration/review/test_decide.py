"""Deciding: only what was read, only by who may, each signed, and an edit needs its own approval."""

import json
import threading

import pytest

from baton.review import decide, queue
from baton.review.decide import BreaksRules, Choice, NotAllowed
from baton.review.queue import NotThere
from baton.writing.drafts import StaleRevision
from tests.integration.drafting.funnel import OWEN
from tests.integration.review.desk import ANNA, CLARA_SIGNED_IN, OWEN_SIGNED_IN, VIEWER, Desk


def act(desk: Desk, function, *args, **kwargs):
    with desk.connection() as conn:
        return function(conn, *args, **kwargs)


def test_an_approval_is_signed(desk: Desk):
    choice = desk.drafted("Alder Cargo")[0]
    act(desk, decide.approve, ANNA, choice)
    row = desk.execute(
        "select verdict, decided_by, decided_role, content_hash from ops.decision "
        "where draft_id = %s",
        (choice.draft_id,),
    )
    assert row == [("approved", "anna", "reviewer", choice.content_hash)]
    assert desk.state(choice.draft_id) == "approved"


def test_a_hash_that_was_not_read_is_refused(desk: Desk):
    choice = desk.drafted("Hash Cargo")[0]
    wrong = Choice(choice.draft_id, choice.revision, "0" * 64)
    with pytest.raises(StaleRevision, match="edited this draft meanwhile"):
        act(desk, decide.approve, ANNA, wrong)
    assert desk.state(choice.draft_id) == "pending"


def test_a_draft_is_decided_once(desk: Desk):
    choice = desk.drafted("Once Cargo")[0]
    act(desk, decide.kill, ANNA, choice, "wrong_person")
    with pytest.raises(StaleRevision, match="killed already"):
        act(desk, decide.approve, ANNA, choice)


def test_two_reviewers_at_the_same_moment_make_one_decision(desk: Desk):
    choice = desk.drafted("Race Cargo")[0]
    together = threading.Barrier(2)
    outcomes = []

    def decide_as(person, verdict):
        with desk.connection() as conn:
            together.wait(timeout=10)
            try:
                if verdict == "approve":
                    decide.approve(conn, person, choice)
                else:
                    decide.kill(conn, person, choice, "wrong_time")
                conn.commit()
                outcomes.append("done")
            except StaleRevision:
                outcomes.append("stale")

    threads = [
        threading.Thread(target=decide_as, args=(ANNA, "approve")),
        threading.Thread(target=decide_as, args=(CLARA_SIGNED_IN, "kill")),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["done", "stale"]
    assert (
        len(desk.execute("select 1 from ops.decision where draft_id = %s", (choice.draft_id,))) == 1
    )


@pytest.mark.parametrize(
    ("person", "refusal"),
    [
        pytest.param(VIEWER, NotAllowed, id="a viewer"),
        pytest.param(OWEN_SIGNED_IN, NotThere, id="another rep"),
    ],
)
def test_who_may_not_decide(desk: Desk, person, refusal):
    choice = desk.drafted("Clara Cargo")[0]
    for work in (
        lambda conn: decide.approve(conn, person, choice),
        lambda conn: decide.kill(conn, person, choice, "other"),
        lambda conn: decide.edit(conn, person, choice, "a", "b", desk.settings),
    ):
        with pytest.raises(refusal), desk.connection() as conn:
            work(conn)
    assert desk.state(choice.draft_id) == "pending"


def test_a_rep_decides_their_own(desk: Desk):
    choice = desk.drafted("Own Cargo")[0]
    act(desk, decide.approve, CLARA_SIGNED_IN, choice)
    assert desk.state(choice.draft_id) == "approved"


def test_a_draft_behind_a_closed_gate_is_nobodys(desk: Desk):
    lead = desk.lead("Gate Cargo")
    from baton.drafting.steps import draft

    run = desk.run("drafting", "draft_generation")
    draft(run)
    choice = desk.choice(lead.id)
    with pytest.raises(NotThere):
        act(desk, decide.approve, ANNA, choice)
    with pytest.raises(NotThere):
        act(desk, queue.open_draft, ANNA, choice.draft_id)
    desk.release(run)
    act(desk, decide.approve, ANNA, choice)


def test_an_edit_is_a_new_revision_with_an_approval_of_its_own(desk: Desk):
    choice = desk.drafted("Edit Cargo")[0]
    before = desk.seen(choice.draft_id)
    body = before["body"] + "\n\nIf another week suits you better, tell me which one."
    assert act(desk, decide.edit, ANNA, choice, before["subject"], body, desk.settings) == 2

    with pytest.raises(StaleRevision):
        act(desk, decide.approve, ANNA, choice)
    after = desk.seen(choice.draft_id)
    assert after["revision"] == 2
    assert after["author"] == "person:anna"
    assert after["message"]["text"].startswith(body)
    assert [claim["grounded"] for claim in after["claims"]] == [True]
    assert [r["revision"] for r in after["revisions"]] == [1, 2]
    act(desk, decide.approve, ANNA, Choice(choice.draft_id, 2, after["content_hash"]))
    assert desk.state(choice.draft_id) == "approved"


def test_an_edit_keeps_recipient_sender_and_links(desk: Desk):
    choice = desk.drafted("Keep Cargo")[0]
    before = desk.seen(choice.draft_id)
    act(desk, decide.edit, ANNA, choice, "Another subject", "Hello Jonas,\n\nyes?", desk.settings)
    after = desk.seen(choice.draft_id)
    for name in ("from", "to", "reply_to", "list_unsubscribe"):
        assert after["message"][name] == before["message"][name]
    assert after["message"]["subject"] == "Another subject"
    assert after["claims"] == []


@pytest.mark.parametrize(
    ("subject", "body", "rule"),
    [
        pytest.param("Hello", "Hi {first_name},\n\nyes?", "placeholder", id="a placeholder"),
        pytest.param("Hello", "Hi Jonas,\n\nact now!", "banned-phrase", id="a banned phrase"),
        pytest.param("Re: Hello", "Hi Jonas,\n\nyes?", "deceptive-subject", id="a false answer"),
        pytest.param("Hello", "See https://evil.example/x", "link", id="a link of its own"),
        pytest.param("Hello", "Write to me@evil.example", "address", id="an address"),
        pytest.param("Hello\nBcc: all@evil.example", "Hi Jonas", "incomplete", id="a header more"),
        pytest.param("Hello", "  \n ", "incomplete", id="nothing"),
        pytest.param("", "Hi Jonas", "incomplete", id="no subject"),
        pytest.param("Hello", "Hi Jonas,\u202e yes", "hidden-character", id="a hidden character"),
        pytest.param("Hello", "Hi Jonas,\x00 yes", "hidden-character", id="a NUL byte"),
        pytest.param("Hello", "Hi Jonas \ud800", "incomplete", id="half a character"),
        pytest.param("Hello", "word " * 500, "too-long", id="a novel"),
    ],
)
def test_an_edit_that_breaks_a_rule_is_not_kept(desk: Desk, subject, body, rule):
    choice = desk.drafted("Rule Cargo")[0]
    with pytest.raises(BreaksRules) as caught:
        act(desk, decide.edit, ANNA, choice, subject, body, desk.settings)
    assert rule in [finding.rule for finding in caught.value.findings]
    assert desk.seen(choice.draft_id)["revision"] == 1


def test_an_edit_without_a_change_is_refused(desk: Desk):
    choice = desk.drafted("Same Cargo")[0]
    before = desk.seen(choice.draft_id)
    with pytest.raises(NotAllowed, match="Nothing was changed"):
        act(desk, decide.edit, ANNA, choice, before["subject"], before["body"], desk.settings)


def test_a_bulk_approves_each_on_its_own(desk: Desk):
    first, second, third = desk.drafted("Bulk One", "Bulk Two", "Bulk Three")
    act(desk, decide.kill, ANNA, second, "wrong_tone")
    bulk_id, outcomes = act(desk, decide.bulk_approve, ANNA, [first, second, third])
    said = {outcome.draft_id: outcome.error for outcome in outcomes}
    assert said[first.draft_id] is None
    assert said[third.draft_id] is None
    assert "killed already" in said[second.draft_id]
    rows = desk.execute(
        "select draft_id from ops.decision where bulk_id = %s order by 1", (bulk_id,)
    )
    assert [row[0] for row in rows] == sorted([first.draft_id, third.draft_id])


def test_a_kill_says_why(desk: Desk):
    choice = desk.drafted("Why Cargo")[0]
    with pytest.raises(NotAllowed, match="Say why"):
        act(desk, decide.kill, ANNA, choice, "  ")
    act(desk, decide.kill, ANNA, choice, "wrong_facts: they closed that site")
    assert desk.seen(choice.draft_id)["decision"]["reason"].startswith("wrong_facts")


class TestUndo:
    def test_within_a_minute(self, desk: Desk):
        choice = desk.drafted("Undo Cargo")[0]
        act(desk, decide.approve, ANNA, choice)
        act(desk, decide.undo, ANNA, choice.draft_id, desk.settings)
        assert desk.state(choice.draft_id) == "pending"
        act(desk, decide.approve, ANNA, choice)

    def test_by_somebody_else_is_refused(self, desk: Desk):
        choice = desk.drafted("Theirs Cargo")[0]
        act(desk, decide.approve, ANNA, choice)
        with pytest.raises(NotAllowed, match="only they"):
            act(desk, decide.undo, CLARA_SIGNED_IN, choice.draft_id, desk.settings)

    def test_after_a_minute_is_refused(self, desk: Desk):
        choice = desk.drafted("Late Cargo")[0]
        act(desk, decide.approve, ANNA, choice)
        desk.execute(
            "update ops.decision set decided_at = decided_at - interval '61 seconds', "
            "verdict = 'expired' where draft_id = %s",
            (choice.draft_id,),
        )
        with pytest.raises(NotAllowed, match="60 seconds"):
            act(desk, decide.undo, ANNA, choice.draft_id, desk.settings)

    def test_with_a_message_is_refused(self, desk: Desk):
        lead = desk.lead("Message Cargo")
        from baton.drafting.steps import draft

        run = desk.run("drafting", "draft_generation")
        draft(run)
        desk.release(run)
        desk.sent(lead, 1, days_ago=0)
        desk.execute("alter table ops.decision disable trigger user")
        desk.execute("update ops.decision set decided_by = 'anna'")
        desk.execute("alter table ops.decision enable trigger user")
        with pytest.raises(NotAllowed, match="on its way"):
            act(desk, decide.undo, ANNA, desk.choice(lead.id).draft_id, desk.settings)


class TestQueue:
    def test_pages_by_cursor_meet_each_draft_once(self, desk: Desk):
        made = {choice.draft_id for choice in desk.drafted(*(f"Page {n}" for n in range(7)))}
        seen, after = [], None
        while True:
            with desk.connection() as conn:
                page, after = queue.waiting(conn, ANNA, after, limit=3)
            seen += [draft["id"] for draft in page]
            if after is None:
                break
        assert len(seen) == len(set(seen))
        assert made <= set(seen)

    def test_a_rep_sees_their_own_only(self, desk: Desk):
        mine = desk.drafted("Mine Cargo")[0]
        theirs = desk.drafted("Theirs Cargo", rep=OWEN)[0]
        with desk.connection() as conn:
            seen = {draft["id"] for draft in queue.waiting(conn, CLARA_SIGNED_IN)[0]}
        assert mine.draft_id in seen
        assert theirs.draft_id not in seen

    @pytest.mark.parametrize(
        "cursor",
        ["", "x", "bm90IGpzb24", "WzEsICJub3cnIG9yIDE9MSIsICJkcmFfMSJd", "W10", "e30", "\ud800"],
    )
    def test_a_cursor_from_elsewhere_is_refused(self, desk: Desk, cursor):
        from baton.core.errors import InputError

        with pytest.raises(InputError, match="page marker"), desk.connection() as conn:
            queue.waiting(conn, ANNA, cursor)

    def test_a_draft_comes_with_everything_beside_it(self, desk: Desk):
        choice = desk.drafted("Whole Cargo")[0]
        seen = desk.seen(choice.draft_id)
        json.dumps(seen, default=str)
        assert seen["claims"][0]["evidence_url"].startswith("https://newswire.example/")
        assert seen["signals"][0]["kind"] == "funding"
        assert seen["thread"] == []
        assert seen["decision"] is None
