"""Decisions on exceptions: who may take them, what they change, and what never happens by itself."""

import json

import pytest

from baton import cli
from baton.core.ids import new_id
from baton.delivery import steps
from baton.quality import gate
from baton.scheduling import steps as scheduling
from baton.warehouse.connect import connect
from tests.integration.delivery.world import World
from tests.integration.scheduling import world as meetings

REASON = {"reason": "Looked it up at the vendor."}


@pytest.fixture
def world(settings):
    made = World(settings)
    # One module, many worlds: what an earlier test left open is none of this one's.
    made.do("update ops.task set done_at = ops.now(), done_by = 'test' where done_at is null")
    return made


@pytest.fixture
def rep(world):
    """A rep who has no lead yet."""
    with connect(world.settings.database_url) as conn:
        return meetings.rep(conn)


def unknown(world, rep=None):
    """A message whose sender was lost, and whose lead is this rep's."""
    person = world.person()
    message = world.message(person)
    world.do("update ops.message set state = 'dispatching' where id = %s", message)
    world.do("insert into ops.attempt (message_id, number, worker) values (%s, 1, 'gone')", message)
    steps.enqueue(world.new_run("message_delivery"))
    assert world.state(message) == "unknown"
    if rep:
        world.do("insert into ops.routing_decision (lead_id, rep_id, rule, reason, policy_hash, "
                 "run_id) values (%s, %s, 'r', 'r', 'h', %s)",
                 person.lead_id, rep[0], world.run.id)  # fmt: skip
    return message


def task(world, subject, kind="unknown_send"):
    rows = world.rows("select * from ops.task where subject_id = %s and kind = %s", subject, kind)
    return rows[0]


def settle(client, message, was_sent=True, **more):
    return client.post(
        f"/exceptions/messages/{message}/settle", json={**REASON, "was_sent": was_sent, **more}
    )


@pytest.mark.parametrize(
    ("was_sent", "state"), [pytest.param(True, "accepted"), pytest.param(False, "failed")]
)
def test_an_unknown_message_is_settled_and_never_sent_again(world, sign_in, was_sent, state):
    message = unknown(world)
    attempts = world.value("select count(*) from ops.attempt where message_id = %s", message)
    answer = settle(sign_in("revops", "op"), message, was_sent)
    assert answer.status_code == 200
    row = world.get(message)
    assert (row["state"], row["settled_by"]) == (state, "person:revops")
    assert row["state_reason"] == REASON["reason"]
    assert (row["accepted_at"] is not None) == was_sent
    done = task(world, message)
    assert done["done_by"] == "revops"
    assert REASON["reason"] in done["outcome"]
    run = world.new_run("message_delivery")
    steps.enqueue(run)
    world.release(run)
    steps.send(run)
    assert world.state(message) == state
    assert (
        world.value("select count(*) from ops.attempt where message_id = %s", message) == attempts
    )
    again = settle(sign_in("revops", "op"), message, not was_sent)
    assert again.status_code == 409
    assert again.json()["detail"] == (
        f"The message is {state} already; only an unknown one can be settled."
    )


def test_a_message_that_waits_cannot_be_settled(world, sign_in):
    message = world.message()
    assert settle(sign_in("revops", "op"), message).status_code == 409
    assert world.state(message) == "queued"


def test_an_event_after_the_decision_still_counts(world, sign_in):
    message = unknown(world)
    settle(sign_in("revops", "op"), message)
    world.event(message, "delivered")
    steps.enqueue(world.new_run("message_delivery"))
    assert world.state(message) == "delivered"


@pytest.mark.parametrize(
    ("who", "role", "status"),
    [
        pytest.param("ann", "viewer", 403, id="viewer"),
        pytest.param("reviewer", "viewer", 403, id="reviewer"),
        pytest.param("other@seller.example", "Rep", 404, id="another rep"),
        pytest.param(None, "Rep", 200, id="the owner"),
        pytest.param("revops", "op", 200, id="revops"),
        pytest.param("root", "admin", 200, id="administrator"),
    ],
)
def test_the_owner_or_revops_settles(world, rep, sign_in, who, role, status):
    message = unknown(world, rep)
    client = sign_in(who or rep[1], role)
    page = client.get("/exceptions").text
    assert ('data-act="settle"' in page) == (status == 200)
    answer = settle(client, message)
    assert answer.status_code == status
    assert world.state(message) == ("accepted" if status == 200 else "unknown")
    if status == 404:
        assert answer.json()["detail"] == "There is no such message, or it is another rep's."


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({"was_sent": True}, id="no reason"),
        pytest.param({"was_sent": True, "reason": "  "}, id="an empty reason"),
        pytest.param({"was_sent": True, "reason": "a\x00b"}, id="a zero byte"),
        pytest.param({"reason": "x"}, id="no answer"),
        pytest.param({**REASON, "was_sent": True, "state": "queued"}, id="something else"),
    ],
)
def test_what_is_not_said_properly_changes_nothing(world, sign_in, body):
    message = unknown(world)
    answer = sign_in("revops", "op").post(f"/exceptions/messages/{message}/settle", json=body)
    assert answer.status_code == 422
    assert world.state(message) == "unknown"


def test_a_write_from_elsewhere_is_refused(world, sign_in):
    message = unknown(world)
    client = sign_in("revops", "op")
    path = f"/exceptions/messages/{message}/settle"
    assert client.post(path, json={**REASON, "was_sent": True},
                       headers={"origin": "https://evil.example"}).status_code == 403  # fmt: skip
    assert client.post(path, data={"was_sent": "true"}).status_code == 415
    assert world.state(message) == "unknown"


def test_a_task_is_done_with_what_was_decided(world, rep, sign_in):
    key = new_id("rep")
    world.do("insert into ops.task (kind, is_exception, subject_kind, subject_id, title, "
             "owner_rep_id) values ('reply_unclear', true, 'reply', %s, 'What do they mean?', %s)",
             key, rep[0])  # fmt: skip
    path = f"/exceptions/tasks/{task(world, key, 'reply_unclear')['id']}/done"
    assert sign_in("other@seller.example", "Rep").post(path, json=REASON).status_code == 404
    assert sign_in("reviewer").post(path, json=REASON).status_code == 403
    assert sign_in(rep[1], "Rep").post(path, json={"reason": "They want a call."}).json() == {
        "said": "Done."
    }
    done = task(world, key, "reply_unclear")
    assert (done["done_by"], done["outcome"]) == (rep[1], "They want a call.")
    again = sign_in("revops", "op").post(path, json=REASON)
    assert (again.status_code, "done already" in again.json()["detail"]) == (409, True)
    assert "What do they mean?" not in sign_in("revops", "op").get("/exceptions").text
    assert (
        sign_in("revops", "op").post("/exceptions/tasks/tsk_no/done", json=REASON).status_code
        == 404
    )


def test_words_do_not_settle_what_a_state_decides(world, sign_in):
    message = unknown(world)
    path = f"/exceptions/tasks/{task(world, message)['id']}/done"
    answer = sign_in("revops", "op").post(path, json=REASON)
    assert answer.status_code == 409
    assert "Say whether the message was sent" in answer.json()["detail"]
    assert task(world, message)["done_at"] is None


def test_a_stopped_domain_is_shown_and_resumed_by_revops(world, sign_in):
    waiting = world.message()
    for _ in range(3):
        world.event(world.sent(), "bounce", type="bounce")
    steps.enqueue(world.new_run("message_delivery"))
    assert world.state(waiting) == "held"
    page = sign_in("ann").get("/exceptions").text
    assert world.domain in page
    assert "3 hard bounces of 3 sent" in page
    assert 'data-act="resume"' not in page
    path = f"/exceptions/domains/{world.domain}/resume"
    assert sign_in("reviewer").post(path, json=REASON).status_code == 403
    assert sign_in("revops", "op").post(path, json={"reason": "List cleaned."}).status_code == 200
    (row,) = world.rows("select * from ops.breaker where domain = %s", world.domain)
    assert (row["is_open"], row["resumed_by"], row["resume_reason"]) == (
        False, "revops", "List cleaned.")  # fmt: skip
    again = sign_in("revops", "op").post(path, json=REASON)
    assert again.json()["detail"] == f"The domain {world.domain} is not stopped."
    steps.enqueue(world.new_run("message_delivery"))
    assert world.state(waiting) == "queued"


@pytest.mark.parametrize("kind", ["manual", "protected"])
def test_a_hold_is_lifted_for_one_case(world, sign_in, kind):
    person = world.person()
    message = world.message(person)
    if kind == "manual":
        world.do("insert into ops.hold (scope, subject_id, kind, reason, cause_id) "
                 "values ('contact', %s, 'manual', 'Wait for Rita', 'c')", person.contact_id)  # fmt: skip
    else:
        world.do("update ops.account set protected_reason = 'Key account' where id = %s",
                 person.account_id)  # fmt: skip
    steps.enqueue(world.new_run("message_delivery"))
    assert world.state(message) == "held"
    page = sign_in("revops", "op").get("/exceptions").text
    assert "Wait for Rita" in page or "Key account" in page
    body = {"scope": "account", "subject_id": person.account_id}
    if kind == "manual":
        body = {"hold_id": world.value("select id from ops.hold where subject_id = %s",
                                       person.contact_id)}  # fmt: skip
    assert sign_in("reviewer").post("/exceptions/holds/lift",
                                    json={**REASON, **body}).status_code == 403  # fmt: skip
    answer = sign_in("revops", "op").post("/exceptions/holds/lift", json={**REASON, **body})
    assert answer.status_code == 200
    assert world.state(message) == "held", "the next run looks again, not the page"
    steps.enqueue(world.new_run("message_delivery"))
    assert world.state(message) == "queued"
    assert world.value("select lifted_by from ops.hold where subject_id = any(%s) "
                       "and kind = %s", [person.contact_id, person.account_id], kind) == "revops"  # fmt: skip


def test_revops_sees_what_is_not_in_the_crm_yet(world, sign_in):
    person = world.person()
    world.do("insert into ops.crm_write (layer, kind, object_type, object_key, field, after, "
             "idempotency_key, detail, run_id) values ('post_meeting', 'field', 'deal', %s, 'amount', "
             "'{}', %s, 'The company has no open deal in the CRM.', %s)",
             person.account_id, new_id("k"), world.run.id)  # fmt: skip
    assert "no open deal" in sign_in("revops", "op").get("/exceptions").text
    assert "no open deal" not in sign_in("reviewer").get("/exceptions").text


def test_an_opt_out_cannot_be_lifted(world, sign_in):
    person = world.person()
    world.do("insert into ops.hold (scope, subject_id, kind, reason, cause_id) "
             "values ('contact', %s, 'opt_out', 'Asked us', 'c')", person.contact_id)  # fmt: skip
    hold = world.value("select id from ops.hold where subject_id = %s", person.contact_id)
    answer = sign_in("root", "admin").post(
        "/exceptions/holds/lift", json={**REASON, "hold_id": hold}
    )
    assert answer.status_code == 409
    assert "opt-out stands" in answer.json()["detail"]


def test_a_booking_without_owner_gets_one_and_its_batch_goes_on(
    world, rep, sign_in, conn, make_run
):
    account_id, domain = meetings.account(conn)
    contact_id, guest = meetings.contact(conn, account_id, domain)
    meetings.booking(conn, "BOOKING_CREATED", f"uid-{contact_id}", guest, "nobody@seller.example",
                     at=world.value("select ops.now()"))  # fmt: skip
    run = make_run("scheduling", "meeting_scheduling")
    scheduling.book(run)
    meeting = world.value("select id from ops.meeting where contact_id = %s", contact_id)
    page = sign_in("revops", "op").get("/exceptions").text
    assert 'data-act="owner"' in page
    assert rep[1] in page
    assert 'data-act="owner"' not in sign_in(rep[1], "Rep").get("/exceptions").text
    path = f"/exceptions/meetings/{meeting}/owner"
    client = sign_in("revops", "op")
    refused = client.post(path, json={**REASON, "rep": "x@y.example"})
    assert "no active rep" in refused.json()["detail"]
    words = client.post(f"/exceptions/tasks/{task(world, meeting, 'meeting_without_owner')['id']}/done",
                        json=REASON)  # fmt: skip
    assert "Give the meeting an owner" in words.json()["detail"]
    assert client.post(path, json={**REASON, "rep": rep[1]}).status_code == 200
    (row,) = world.rows("select * from ops.meeting where id = %s", meeting)
    assert (row["owner_rep_id"], row["owner_reason"]) == (
        rep[0], "revops decided: Looked it up at the vendor.")  # fmt: skip
    assert task(world, meeting, "meeting_without_owner")["done_by"] == "revops"
    assert "has the meeting already" in client.post(path, json={**REASON, "rep": rep[1]}).text
    later = make_run("scheduling", "meeting_scheduling")
    scheduling.book(later)
    gate.check(later, "meeting_scheduling")
    assert world.value("select released_at is not null from ops.run where id = %s", run.id)


@pytest.fixture
def baton(settings, monkeypatch, capsys):
    def run(*arguments):
        for name, value in settings.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["baton", *arguments])
        status = cli.main()
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_the_command_line_does_the_same(world, baton):
    message = unknown(world)
    key = world.get(message)["send_key"]
    status, said, _ = baton("settle", key, "not-sent", "--reason", "Not in the log.", "--json")
    assert (status, json.loads(said)["state"]) == (0, "failed")
    assert world.get(message)["settled_by"].endswith("(command line)")
    status, _, lament = baton("settle", message, "sent", "--reason", "x")
    assert (status, "failed already" in lament) == (1, True)
    world.do("insert into ops.breaker (domain, is_open, reason, opened_at) "
             "values (%s, true, 'r', ops.now())", world.domain)  # fmt: skip
    assert "Say what was done" in baton("resume", "--domain", world.domain)[2]
    assert baton("resume", "--domain", world.domain, "--reason", "Cleaned.")[0] == 0
    assert "is not stopped" in baton("resume", "--domain", world.domain, "--reason", "x")[2]
    assert "add --domain" in baton("resume", "--reason", "x")[2]
    assert baton("resume")[0] == 0
