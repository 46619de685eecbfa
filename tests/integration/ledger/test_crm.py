"""Writes to the CRM, against the HubSpot stand-in: once each, settled by look-up, undoable."""

from datetime import timedelta

import httpx
import psycopg
import pytest
from psycopg.types.json import Jsonb

from baton.clients.hubspot import HubSpot
from baton.core.connections import Connection
from baton.core.errors import VendorAmbiguous, VendorError
from baton.ledger import crm
from baton.ledger.crm_target import HubSpotCrm
from tests.integration.ledger.hubspot import Portal
from tests.integration.scheduling import world


@pytest.fixture
def portal():
    with Portal() as running:
        yield running


@pytest.fixture
def target(portal):
    own = HubSpotCrm(HubSpot(portal.connection))
    yield own
    own.close()


@pytest.fixture
def people(conn, portal):
    """A contact and an account that the CRM has too."""
    account_id, domain = world.account(conn)
    contact_id, email = world.contact(conn, account_id, domain)
    company = portal.create("companies", {"name": "Acme", "domain": domain})
    person = portal.create("contacts", {"email": email})
    return {"account": account_id, "contact": contact_id, "company": company, "person": person}


def note(people, key):
    return crm.Proposal("note", "contact", people["contact"], {"body": "Hello <b>\nthere"}, key)


def field(people, key, value="send the contract"):
    return crm.Proposal("field", "deal", people["account"], {"value": value}, key,
                        field="hs_next_step", quote="I will send the contract")  # fmt: skip


def propose(conn, run, *proposals):
    for proposal in proposals:
        assert crm.propose(conn, run, proposal)
    conn.commit()


def written(conn, key):
    row = conn.execute("select * from ops.crm_write where idempotency_key = %s", (key,))
    names = [c.name for c in row.description]
    found = dict(zip(names, row.fetchone(), strict=True))
    conn.commit()
    return found


def test_nothing_leaves_before_its_run_is_released(conn, make_run, portal, target, people):
    run = make_run("post_meeting", "post_meeting_sync")
    propose(conn, run, note(people, "held"))
    assert crm.carry_out(run, target)["written"] == 0
    assert written(conn, "held")["state"] == "proposed"
    assert portal.rows("notes") == []
    world.release(conn, run)
    crm.carry_out(run, target)
    assert written(conn, "held")["state"] == "written"


def test_a_note_is_written_once_and_its_text_is_no_markup(conn, make_run, portal, target, people):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, note(people, "once"))
    assert not crm.propose(conn, run, note(people, "once"))
    conn.commit()

    crm.carry_out(run, target)
    crm.carry_out(run, target)

    (made,) = portal.rows("notes")
    assert "Hello &lt;b&gt;<br>there" in made["properties"]["hs_note_body"]
    assert portal.linked("notes", made["id"], "contacts") == [people["person"]]
    assert written(conn, "once")["crm_id"] == made["id"]


def test_a_field_keeps_what_stood_there_before(conn, make_run, portal, target, people):
    deal = portal.create("deals", {"dealname": "D", "hs_next_step": "call"}, people["company"])
    portal.create("deals", {"dealname": "Old", "dealstage": "closedlost"}, people["company"])
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, field(people, "step"))

    crm.carry_out(run, target)

    row = written(conn, "step")
    assert (row["state"], row["crm_id"], row["before"]) == ("written", deal, {"value": "call"})
    assert portal.get("deals", deal)["hs_next_step"] == "send the contract"


def test_a_deal_that_is_not_there_yet_is_waited_for(conn, make_run, portal, target, people):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, field(people, "waits"))
    assert crm.carry_out(run, target)["waiting"] == 1
    assert "no open deal" in written(conn, "waits")["detail"]
    shown = [w for w in crm.waiting(conn) if w["id"] == written(conn, "waits")["id"]]
    assert [(w["what"], "no open deal" in w["detail"]) for w in shown] == [
        ("field hs_next_step", True)
    ]

    portal.create("deals", {"dealname": "D"}, people["company"])

    assert crm.carry_out(run, target)["written"] == 1
    assert written(conn, "waits")["id"] not in {w["id"] for w in crm.waiting(conn)}


def test_an_answer_that_is_lost_after_the_write_is_found_by_its_marker(
    conn, make_run, portal, target, people
):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, note(people, "lost"))
    portal.fault("reset_after", path="/hubspot/crm/v3/objects/notes")

    assert crm.carry_out(run, target)["unknown"] == 1
    assert crm.carry_out(run, target)["written"] == 1

    assert len(portal.rows("notes")) == 1
    assert written(conn, "lost")["attempts"] == 1


def test_what_was_never_taken_stays_unknown_until_the_index_must_know(
    conn, make_run, portal, target, people
):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, note(people, "never"))
    portal.fault("reset_before", path="/hubspot/crm/v3/objects/notes")
    assert crm.carry_out(run, target)["unknown"] == 1
    assert crm.carry_out(run, target)["unknown"] == 1
    assert portal.rows("notes") == []

    conn.execute("update ops.crm_write set dispatched_at = dispatched_at - %s "
                 "where idempotency_key = 'never'", (timedelta(minutes=11),))  # fmt: skip
    conn.commit()

    assert crm.carry_out(run, target)["written"] == 1
    assert len(portal.rows("notes")) == 1
    assert written(conn, "never")["attempts"] == 2


@pytest.mark.parametrize("moment", ["before the request", "after the request"])
def test_a_kill_around_the_request_writes_once(conn, make_run, portal, target, people, moment):
    key = f"kill {moment}"
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, note(people, key))

    class Killed(HubSpotCrm):
        def write(self, row, place):
            if moment == "after the request":
                super().write(row, place)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        crm.carry_out(run, Killed(HubSpot(portal.connection)))
    assert written(conn, key)["state"] == "dispatching"
    conn.execute("update ops.crm_write set dispatched_at = dispatched_at - interval '1 hour' "
                 "where idempotency_key = %s", (key,))  # fmt: skip
    conn.commit()

    assert crm.carry_out(run, target)["written"] == 1
    assert len(portal.rows("notes")) == 1


def test_a_refusal_is_final_and_said(conn, make_run, portal, target, people):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    portal.create("deals", {"dealname": "D"}, people["company"])
    bad = crm.Proposal("field", "deal", people["account"], {"value": "x"}, "bad", field="no_such")
    propose(conn, run, bad)
    assert crm.carry_out(run, target)["failed"] == 1
    assert "no_such" in written(conn, "bad")["detail"]
    assert crm.carry_out(run, target) == {"written": 0, "failed": 0, "unknown": 0, "waiting": 0}


def test_slow_down_leaves_the_write_for_later(conn, make_run, portal, target, people):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, note(people, "slow"))
    portal.fault("rate_limit", path="/hubspot/crm/v3/objects/notes")
    assert crm.carry_out(run, target)["waiting"] == 1
    assert written(conn, "slow")["state"] == "proposed"
    assert crm.carry_out(run, target)["written"] == 1


def test_without_a_crm_everything_waits(conn, make_run, people):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, note(people, "alone"))
    assert crm.carry_out(run)["waiting"] == 1


def test_a_crm_that_is_down_is_not_asked_for_every_row(conn, make_run, people):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, *(note(people, f"down{n}") for n in range(6)))
    asked = []

    class Down:
        def check(self):
            pass

        def find(self, conn, row):
            asked.append(row["id"])
            raise VendorAmbiguous("no answer")

        def close(self):
            pass

    crm.carry_out(run, Down())
    assert len(asked) == crm.GIVE_UP_AFTER


def test_a_write_that_no_longer_holds_can_be_withdrawn(conn, make_run, portal, target, people):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, note(people, "back"))
    assert crm.withdraw(conn, written(conn, "back")["id"], "the meeting was somebody else's")
    conn.commit()
    crm.carry_out(run, target)
    assert written(conn, "back")["state"] == "withdrawn"
    assert portal.rows("notes") == []


def test_a_field_write_needs_its_field(conn, make_run, people):
    run = make_run("post_meeting", "post_meeting_sync")
    with pytest.raises(psycopg.errors.CheckViolation):
        conn.execute(
            "insert into ops.crm_write (layer, kind, object_type, object_key, after, "
            "idempotency_key, run_id) values ('post_meeting', 'field', 'deal', 'x', %s, 'nf', %s)",
            (Jsonb({"value": 1}), run.id),
        )


def test_a_token_that_is_wrong_says_what_to_check(conn, make_run, portal, people):
    run = make_run("post_meeting", "post_meeting_sync")
    world.release(conn, run)
    propose(conn, run, note(people, "token"))
    wrong = Connection("baton_crm", "hubspot", password="no", extra=portal.connection.extra)
    own = HubSpotCrm(HubSpot(wrong, transport=httpx.HTTPTransport()))
    with pytest.raises(VendorError, match="credentials"):
        crm.carry_out(run, own)
    own.close()
    assert written(conn, "token")["state"] == "proposed"
