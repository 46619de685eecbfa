"""Landed booking events become meetings with owners, in whatever order and however often they come."""

import itertools
from datetime import timedelta

import pytest

from baton.scheduling import steps
from baton.warehouse.connect import one, rows
from tests.integration.scheduling import world
from tests.integration.scheduling.world import START, T0

TABLES = ("ops.booking", "ops.meeting", "ops.hold", "ops.task", "landing.quarantine")


@pytest.fixture
def known(conn, make_run):
    """A rep with a routed lead at an account."""
    rep_id, rep_email = world.rep(conn)
    account_id, domain = world.account(conn)
    contact_id, guest = world.contact(conn, account_id, domain)
    scoring = make_run("scoring", "lead_scoring")
    lead_id = world.lead(conn, scoring, contact_id, rep_id)
    world.release(conn, scoring)
    return {"rep": rep_id, "host": rep_email, "account": account_id, "domain": domain,
            "contact": contact_id, "guest": guest, "lead": lead_id}  # fmt: skip


def book(make_run):
    return steps.book(make_run("scheduling", "meeting_scheduling"))


def meetings(conn, contact_id):
    found = rows(conn, "select * from ops.meeting where contact_id = %s", (contact_id,))
    conn.commit()
    return found


def test_a_booking_becomes_a_meeting_of_the_routed_rep_and_stops_the_sequence(
    conn, make_run, known
):
    _, other_host = world.rep(conn, "Somebody Else")
    world.booking(conn, "BOOKING_CREATED", "u1", known["guest"].upper(), other_host)

    counts = book(make_run)

    (meeting,) = meetings(conn, known["contact"])
    assert counts["meetings_made"] == 1
    assert meeting["owner_rep_id"] == known["rep"]
    assert meeting["lead_id"] == known["lead"]
    assert "Clara Voss" in meeting["owner_reason"]
    held = rows(conn, "select scope, subject_id, until from ops.hold where kind = 'booking'")
    scopes = {row["scope"]: row for row in held if row["subject_id"] in known.values()}
    assert scopes["contact"]["until"] is None
    assert scopes["account"]["until"] is not None


def test_without_a_lead_the_host_owns_it_then_the_account_owner(conn, make_run):
    host_id, host = world.rep(conn, "Hilda Host")
    owner_id, _ = world.rep(conn, "Olga Owner")
    account_id, domain = world.account(conn, owner_id)
    first, guest_a = world.contact(conn, account_id, domain)
    second, guest_b = world.contact(conn, account_id, domain)
    world.booking(conn, "BOOKING_CREATED", "h1", guest_a, host)
    world.booking(conn, "BOOKING_CREATED", "h2", guest_b, "pool@seller.example")

    book(make_run)

    assert meetings(conn, first)[0]["owner_rep_id"] == host_id
    assert meetings(conn, second)[0]["owner_rep_id"] == owner_id


def test_an_inactive_rep_gets_no_meeting(conn, make_run):
    _, host = world.rep(conn, "Gone", active=False)
    account_id, domain = world.account(conn)
    contact_id, guest = world.contact(conn, account_id, domain)
    world.booking(conn, "BOOKING_CREATED", "gone", guest, host)

    book(make_run)

    (meeting,) = meetings(conn, contact_id)
    assert meeting["owner_rep_id"] is None
    assert host in meeting["owner_reason"]
    task = one(conn, "select * from ops.task where subject_id = %s", (meeting["id"],))
    assert task["kind"] == "meeting_without_owner"
    assert task["is_exception"]


def test_an_owner_who_is_found_later_closes_the_task(conn, make_run):
    account_id, domain = world.account(conn)
    contact_id, guest = world.contact(conn, account_id, domain)
    world.booking(conn, "BOOKING_CREATED", "later", guest, "pool@seller.example")
    book(make_run)
    owner_id, _ = world.rep(conn)
    conn.execute("update ops.account set owner_rep_id = %s where id = %s", (owner_id, account_id))
    conn.commit()

    counts = book(make_run)

    (meeting,) = meetings(conn, contact_id)
    assert counts["owners_found"] >= 1
    assert meeting["owner_rep_id"] == owner_id
    task = one(conn, "select done_by from ops.task where subject_id = %s", (meeting["id"],))
    assert task["done_by"] == "baton"


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
@pytest.mark.parametrize("batches", ["one run", "a run each"])
def test_a_chain_of_reschedules_is_one_meeting_in_any_order(conn, make_run, known, order, batches):
    run_id = known["contact"][-8:] + "".join(map(str, order)) + batches[0]
    a, b, c = (f"{name}-{run_id}" for name in "abc")
    later = [START + timedelta(days=days) for days in range(3)]
    events = [
        ("BOOKING_CREATED", a, {}),
        ("BOOKING_RESCHEDULED", b, {"rescheduleUid": a}),
        ("BOOKING_RESCHEDULED", c, {"rescheduleUid": b}),
    ]
    for number in order:
        trigger, uid, more = events[number]
        at = T0 + timedelta(hours=number)
        world.booking(conn, trigger, uid, known["guest"], known["host"],
                      start=later[number], at=at, location=f"https://meet.example/{uid}", **more)  # fmt: skip
        if batches == "a run each":
            book(make_run)
    book(make_run)

    (meeting,) = meetings(conn, known["contact"])
    assert meeting["starts_at"] == later[2]
    assert meeting["location"] == f"https://meet.example/{c}"
    assert meeting["reschedules"] == 2
    assert meeting["state"] == "planned"
    states = rows(conn, "select uid, id, state from ops.booking where uid = any(%s)", ([a, b, c],))
    assert {r["uid"]: r["state"] for r in states} == {
        a: "rescheduled",
        b: "rescheduled",
        c: "booked",
    }
    assert meeting["booking_id"] == next(r["id"] for r in states if r["uid"] == a)


def test_a_reschedule_under_the_same_uid_moves_the_meeting(conn, make_run, known):
    uid = f"same-{known['contact']}"
    world.booking(conn, "BOOKING_CREATED", uid, known["guest"], known["host"], location="Room 4")
    world.booking(conn, "BOOKING_RESCHEDULED", uid, known["guest"], known["host"],
                  start=START + timedelta(days=7), at=T0 + timedelta(hours=1), location="Room 5")  # fmt: skip
    book(make_run)

    (meeting,) = meetings(conn, known["contact"])
    assert meeting["location"] == "Room 5"
    assert meeting["starts_at"] == START + timedelta(days=7)
    assert meeting["reschedules"] == 1


@pytest.mark.parametrize("first", ["cancelled", "created"])
def test_a_cancellation_is_final_whichever_comes_first(conn, make_run, known, first):
    uid = f"off-{known['contact']}"
    events = [("BOOKING_CREATED", T0), ("BOOKING_CANCELLED", T0 + timedelta(hours=1))]
    for trigger, at in events if first == "created" else reversed(events):
        world.booking(conn, trigger, uid, known["guest"], known["host"], at=at)
        book(make_run)

    (meeting,) = meetings(conn, known["contact"])
    assert meeting["state"] == "cancelled"


def test_the_old_bookings_cancellation_does_not_cancel_the_moved_meeting(conn, make_run, known):
    a, b = f"old-{known['contact']}", f"new-{known['contact']}"
    world.booking(conn, "BOOKING_CREATED", a, known["guest"], known["host"])
    world.booking(conn, "BOOKING_CANCELLED", a, known["guest"], known["host"],
                  at=T0 + timedelta(hours=1))  # fmt: skip
    world.booking(conn, "BOOKING_RESCHEDULED", b, known["guest"], known["host"],
                  start=START + timedelta(days=1), at=T0 + timedelta(hours=1), rescheduleUid=a)  # fmt: skip
    book(make_run)

    (meeting,) = meetings(conn, known["contact"])
    assert meeting["state"] == "planned"
    assert meeting["starts_at"] == START + timedelta(days=1)


def test_an_unknown_guest_of_a_known_company_gets_its_account(conn, make_run, known):
    guest = f"stranger@{known['domain']}"
    world.booking(conn, "BOOKING_CREATED", f"stranger-{known['domain']}", guest, known["host"])
    book(make_run)

    meeting = one(conn, "select m.*, b.id as bid from ops.meeting m join ops.booking b "
                  "on b.id = m.booking_id where b.guest_email = %s", (guest,))  # fmt: skip
    assert meeting["contact_id"] is None
    assert meeting["account_id"] == known["account"]
    task = one(conn, "select * from ops.task where subject_id = %s", (meeting["bid"],))
    assert (task["kind"], task["is_exception"]) == ("unknown_guest", False)
    # Nobody of the company is written to meanwhile.
    hold = one(conn, "select kind, until > ops.now() as on from ops.hold "
               "where scope = 'account' and subject_id = %s and cause_id = %s",
               (known["account"], meeting["id"]))  # fmt: skip
    assert (hold["kind"], hold["on"]) == ("booking", True)
    # WHEN the guest becomes a contact, the meeting is theirs and their sequence has ended
    with conn.transaction():
        contact = conn.execute(
            "with person as (insert into ops.person default values returning id) "
            "insert into ops.contact (person_id, account_id, email, address_key) "
            "select id, %s, %s, id from person returning id", (known["account"], guest),
        ).fetchone()[0]  # fmt: skip
    conn.commit()
    book(make_run)
    assert one(conn, "select contact_id from ops.meeting where id = %s", (meeting["id"],)) == {
        "contact_id": contact
    }
    assert one(conn, "select kind from ops.hold where scope = 'contact' and subject_id = %s",
               (contact,)) == {"kind": "booking"}  # fmt: skip


def test_an_unknown_guest_of_an_unknown_company_is_an_exception(conn, make_run, known):
    guest = f"{known['contact']}@nowhere.example"
    world.booking(conn, "BOOKING_CREATED", f"nowhere-{known['contact']}", guest, known["host"])
    book(make_run)

    task = one(conn, "select t.* from ops.task t join ops.booking b on b.id = t.subject_id "
               "where b.guest_email = %s", (guest,))  # fmt: skip
    assert (task["kind"], task["is_exception"]) == ("unknown_guest", True)


BAD = {
    "no object": (["a", "list"], "no object"),
    "no uid": ({"payload": {"startTime": "2031-01-01T10:00:00Z"}}, "no uid"),
    "a time without offset": (
        {"payload": {"uid": "x", "startTime": "2031-01-01T10:00:00", "endTime": "x"}},
        "startTime is '2031-01-01T10:00:00'",
    ),
    "it ends before it starts": (
        {"payload": {"uid": "x", "startTime": "2031-01-01T10:00:00Z",
                     "endTime": "2031-01-01T09:00:00Z", "attendees": []}},
        "must end after it starts",
    ),
    "nobody attends": (
        {"payload": {"uid": "x", "startTime": "2031-01-01T10:00:00Z",
                     "endTime": "2031-01-01T10:30:00Z", "attendees": "nobody"}},
        "No attendee",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("payload", "reason"), BAD.values(), ids=BAD)
def test_what_cannot_be_read_is_quarantined_with_its_reason(conn, make_run, payload, reason):
    world.land_booking(conn, "BOOKING_CREATED", payload)
    counts = book(make_run)

    assert counts["quarantined"] == 1
    kept = one(conn, "select reason from landing.quarantine order by id desc limit 1")
    assert reason in kept["reason"]
    intake = one(conn, "select * from landing.intake order by at desc, id desc limit 1")
    assert (intake["received"], intake["accepted"], intake["quarantined"]) == (1, 0, 1)


def test_an_unknown_event_type_is_quarantined_and_a_known_idle_one_is_not(conn, make_run):
    world.land_booking(conn, "SOMETHING_NEW", {"payload": {}})
    world.land_booking(conn, "MEETING_ENDED", {"payload": {}})
    counts = book(make_run)
    assert (counts["events"], counts["quarantined"]) == (2, 1)


def test_running_again_or_over_an_old_interval_changes_nothing(conn, make_run, known):
    uid = f"again-{known['contact']}"
    world.booking(conn, "BOOKING_CREATED", uid, known["guest"], known["host"])
    run = make_run("scheduling", "meeting_scheduling")
    steps.book(run)
    before = world.checksum(conn, *TABLES)

    steps.book(run)
    steps.book(make_run("scheduling", "meeting_scheduling", T0, T0 + timedelta(hours=1)))

    assert world.checksum(conn, *TABLES) == before


def test_the_same_event_delivered_twice_changes_nothing(conn, make_run, known):
    uid = f"twice-{known['contact']}"
    world.booking(conn, "BOOKING_CREATED", uid, known["guest"], known["host"])
    book(make_run)
    before = world.checksum(conn, *TABLES)
    world.booking(conn, "BOOKING_CREATED", uid, known["guest"], known["host"])
    book(make_run)
    assert world.checksum(conn, *TABLES) == before


def test_a_kill_before_the_commit_leaves_everything_to_the_next_run(
    conn, make_run, known, monkeypatch
):
    uid = f"killed-{known['contact']}"
    world.booking(conn, "BOOKING_CREATED", uid, known["guest"], known["host"])
    before = world.checksum(conn, *TABLES)

    def killed(*_args):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(steps.meetings, "find_owners", killed)
        with pytest.raises(KeyboardInterrupt):
            book(make_run)
    assert world.checksum(conn, *TABLES) == before

    assert book(make_run)["meetings_made"] == 1
    assert len(meetings(conn, known["contact"])) == 1
