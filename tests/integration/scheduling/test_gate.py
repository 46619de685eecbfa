"""The gate of meeting_scheduling stops bad batches and names their rows."""

import pytest

from baton.core.errors import GateFailed
from baton.quality import gate
from baton.scheduling import steps
from baton.warehouse.connect import one
from tests.integration.scheduling import world


@pytest.fixture
def batch(conn, make_run):
    """One booking of a known contact with a host, booked in a run that is not released yet."""
    _, host = world.rep(conn)
    account_id, domain = world.account(conn)
    contact_id, guest = world.contact(conn, account_id, domain)
    world.booking(conn, "BOOKING_CREATED", f"uid-{contact_id}", guest, host)
    run = make_run("scheduling", "meeting_scheduling")
    steps.book(run)
    meeting = one(conn, "select * from ops.meeting where contact_id = %s", (contact_id,))
    conn.commit()
    return run, meeting


def released(conn, run):
    row = one(conn, "select released_at from ops.run where id = %s", (run.id,))
    conn.commit()
    return row["released_at"] is not None


def event(conn, meeting):
    row = one(conn, "select * from ops.calendar_event where meeting_id = %s", (meeting["id"],))
    conn.commit()
    return row


def test_a_good_batch_passes(conn, batch):
    run, _ = batch
    gate.check(run, "meeting_scheduling")
    assert released(conn, run)


def test_a_meeting_without_an_owner_stops_the_batch_until_it_has_one(conn, make_run, batch):
    run, meeting = batch
    conn.execute("update ops.meeting set owner_rep_id = null where id = %s", (meeting["id"],))
    conn.commit()

    with pytest.raises(GateFailed, match=meeting["id"]):
        gate.check(run, "meeting_scheduling")
    assert not released(conn, run)
    steps.write_calendar(run)
    assert event(conn, meeting) is None

    again = make_run("scheduling", "meeting_scheduling")
    steps.book(again)  # finds the host as owner
    gate.check(again, "meeting_scheduling")
    assert released(conn, run)
    steps.write_calendar(again)
    assert event(conn, meeting)["state"] == "written"
    assert steps.write_calendar(again)["written"] == 0


def test_an_owner_who_left_stops_the_batch(conn, batch):
    run, meeting = batch
    conn.execute("update ops.rep set active = false where id = %s", (meeting["owner_rep_id"],))
    conn.commit()
    with pytest.raises(GateFailed, match="owner_is_active"):
        gate.check(run, "meeting_scheduling")
    conn.execute("update ops.rep set active = true where id = %s", (meeting["owner_rep_id"],))
    conn.commit()
    gate.check(run, "meeting_scheduling")


def test_a_chain_without_its_meeting_stops_the_batch(conn, batch):
    run, meeting = batch
    conn.execute("delete from ops.meeting where id = %s", (meeting["id"],))
    conn.commit()
    with pytest.raises(GateFailed, match=meeting["booking_id"]):
        gate.check(run, "meeting_scheduling")
    conn.execute(
        "update ops.booking set run_id = %s where id = %s", (run.id, meeting["booking_id"])
    )
    conn.execute("delete from ops.booking where id = %s", (meeting["booking_id"],))
    conn.commit()
    gate.check(run, "meeting_scheduling")


def test_a_guest_whose_sequence_goes_on_stops_the_batch(conn, batch):
    run, meeting = batch
    conn.execute("delete from ops.hold where subject_id = %s", (meeting["contact_id"],))
    conn.commit()
    with pytest.raises(GateFailed, match="is_held"):
        gate.check(run, "meeting_scheduling")
