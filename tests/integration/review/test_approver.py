"""The sandbox's approver: labelled, only in a sandbox, and at least one of each verdict."""

import pytest

from baton.core.errors import BatonError
from sandbox.approver import decide_all
from tests.integration.review.desk import Desk


@pytest.fixture(autouse=True)
def in_a_sandbox(desk: Desk):
    if not desk.execute("select 1 from ops.run"):
        desk.execute("update ops.clock set sandbox = true")


def test_it_approves_edits_and_kills(desk: Desk):
    choices = desk.drafted(*(f"Approver {number}" for number in range(12)))
    done = decide_all(desk.url, desk.settings)
    assert (done.approved, done.edited, done.killed, done.refused) == (10, 1, 1, ())
    assert "12 drafts" in str(done)
    rows = desk.execute(
        "select s.verdict, s.revision, s.decided_by, s.decided_role, s.bulk_id is not null "
        "from ops.decision s"
    )
    assert len(rows) == len(choices)
    assert {row[2:4] for row in rows} == {("sandbox-approver", "reviewer")}
    assert sorted(row[:2] for row in rows if not row[4]) == [("approved", 2), ("killed", 1)]


def test_a_second_time_it_finds_nothing(desk: Desk):
    done = decide_all(desk.url, desk.settings)
    assert (done.approved, done.edited, done.killed) == (0, 0, 0)


@pytest.mark.parametrize(("drafts", "counts"), [(1, (1, 0, 0)), (2, (1, 1, 0)), (3, (1, 1, 1))])
def test_few_drafts(desk: Desk, drafts, counts):
    desk.drafted(*(f"Few {drafts} {number}" for number in range(drafts)))
    done = decide_all(desk.url, desk.settings)
    assert (done.approved, done.edited, done.killed) == counts


def test_what_it_does_not_get_round_to_waits(desk: Desk):
    desk.drafted(*(f"Left {number}" for number in range(5)))
    done = decide_all(desk.url, desk.settings, leave=2)
    assert (done.approved + done.edited + done.killed, done.left) == (3, 2)
    assert "did not get round to 2" in str(done)
    assert decide_all(desk.url, desk.settings).left == 0


def test_it_leaves_a_real_database_alone(new_database, settings):
    with pytest.raises(BatonError, match="people decide here"):
        decide_all(new_database(), settings)
