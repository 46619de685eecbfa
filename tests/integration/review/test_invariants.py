"""Nothing is sent that a person did not approve: Postgres itself refuses every way around it."""

from typing import Any

import psycopg
import pytest
from psycopg import errors

from baton.review import decide
from tests.integration.review.desk import ANNA, Desk

MESSAGE = """
    insert into ops.message (draft_id, revision, contact_id, person_id, sequence, step, content_hash,
                             verdict, sending_domain, mailbox, run_id)
    values (%(draft_id)s, %(revision)s, %(contact_id)s, %(person_id)s, %(sequence)s, %(step)s,
            %(content_hash)s, %(verdict)s, 'halden.example', 'clara.voss@halden.example', %(run_id)s)
    returning id
"""


@pytest.fixture
def conn(desk: Desk) -> Any:
    with desk.connection() as connection:
        yield connection
        connection.rollback()


def approved(
    desk: Desk, conn: psycopg.Connection[Any], name: str = "Alder Cargo"
) -> dict[str, Any]:
    """An approved draft, as the columns of the message that may be made of it."""
    choice = desk.drafted(name)[0]
    with desk.connection() as other:
        decide.approve(other, ANNA, choice)
    row = desk.execute(
        "select contact_id, person_id, sequence, step from ops.draft where id = %s",
        (choice.draft_id,),
    )[0]
    return {
        "draft_id": choice.draft_id,
        "revision": choice.revision,
        "content_hash": choice.content_hash,
        "verdict": "approved",
        "run_id": desk.run("delivery", "message_delivery").id,
        **dict(zip(("contact_id", "person_id", "sequence", "step"), row, strict=True)),
    }


def test_an_approved_draft_becomes_a_message(desk: Desk, conn):
    assert conn.execute(MESSAGE, approved(desk, conn)).fetchone()


def test_a_draft_without_a_decision_does_not(desk: Desk, conn):
    choice = desk.drafted("Undecided Freight")[0]
    row = conn.execute(
        "select contact_id, person_id, sequence, step from ops.draft where id = %s",
        (choice.draft_id,),
    ).fetchone()
    columns = dict(zip(("contact_id", "person_id", "sequence", "step"), row, strict=True))
    values = {**columns, "draft_id": choice.draft_id, "revision": 1, "verdict": "approved",
              "content_hash": choice.content_hash, "run_id": desk.run("delivery", "m").id}  # fmt: skip
    with pytest.raises(errors.ForeignKeyViolation):
        conn.execute(MESSAGE, values)


@pytest.mark.parametrize(
    ("column", "value", "refusal"),
    [
        pytest.param("verdict", "killed", errors.CheckViolation, id="a killed verdict"),
        pytest.param("verdict", "expired", errors.CheckViolation, id="an expired verdict"),
        pytest.param("verdict", None, errors.NotNullViolation, id="no verdict"),
        pytest.param("content_hash", None, errors.NotNullViolation, id="no hash"),
        pytest.param("content_hash", "0" * 64, errors.ForeignKeyViolation, id="another hash"),
        pytest.param("revision", None, errors.NotNullViolation, id="no revision"),
        pytest.param("revision", 2, errors.ForeignKeyViolation, id="another revision"),
        pytest.param("contact_id", None, errors.NotNullViolation, id="no contact"),
        pytest.param("step", 2, errors.ForeignKeyViolation, id="another step"),
    ],
)
def test_a_message_that_differs_from_its_approval_is_refused(desk, conn, column, value, refusal):
    values = {**approved(desk, conn, "Differing Cargo"), column: value}
    with pytest.raises(refusal):
        conn.execute(MESSAGE, values)


def test_another_contact_is_refused(desk: Desk, conn):
    values = approved(desk, conn)
    other = desk.lead("Someone Else", full_name="Greta Novak")
    with pytest.raises(errors.ForeignKeyViolation):
        conn.execute(MESSAGE, {**values, "contact_id": other.contact_id})
    conn.rollback()
    with pytest.raises(errors.ForeignKeyViolation):
        conn.execute(MESSAGE, {**values, "person_id": other.person_id})


def test_a_killed_draft_is_refused_with_either_verdict(desk: Desk, conn):
    choice = desk.drafted("Killed Cargo")[0]
    with desk.connection() as other:
        decide.kill(other, ANNA, choice, "wrong_tone")
    row = conn.execute(
        "select contact_id, person_id, sequence, step from ops.draft where id = %s",
        (choice.draft_id,),
    ).fetchone()
    columns = dict(zip(("contact_id", "person_id", "sequence", "step"), row, strict=True))
    values = {**columns, "draft_id": choice.draft_id, "revision": 1,
              "content_hash": choice.content_hash, "run_id": desk.run("delivery", "m").id}  # fmt: skip
    with pytest.raises(errors.CheckViolation):
        conn.execute(MESSAGE, {**values, "verdict": "killed"})
    conn.rollback()
    with pytest.raises(errors.ForeignKeyViolation):
        conn.execute(MESSAGE, {**values, "verdict": "approved"})


@pytest.mark.parametrize("column", ["body", "subject", "rendered"])
def test_a_changed_revision_is_refused(desk: Desk, conn, column):
    values = approved(desk, conn, "Changed Cargo")
    with pytest.raises(errors.RestrictViolation, match="never changed"):
        conn.execute(
            f"update ops.revision set {column} = 'something else' where draft_id = %s",
            (values["draft_id"],),
        )


def test_a_hash_cannot_be_given_by_hand(desk: Desk, conn):
    choice = desk.drafted("Hashed Cargo")[0]
    with pytest.raises(errors.GeneratedAlways):
        conn.execute(
            "insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, "
            "content_hash, author) select draft_id, 2, contact_id, subject, 'x', 'x', "
            "content_hash, 'me' from ops.revision where draft_id = %s",
            (choice.draft_id,),
        )


def test_a_second_revision_after_the_first_was_sent_is_refused(desk: Desk, conn):
    values = approved(desk, conn, "Sent Cargo")
    conn.execute(MESSAGE, values)
    with pytest.raises(errors.CheckViolation, match="only a pending draft"):
        conn.execute(
            "insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, "
            "author) select draft_id, 2, contact_id, subject, 'x', 'x', 'me' from ops.revision "
            "where draft_id = %s",
            (values["draft_id"],),
        )


def test_two_messages_for_one_approval_are_refused(desk: Desk, conn):
    values = approved(desk, conn, "Twice Cargo")
    conn.execute(MESSAGE, values)
    with pytest.raises(errors.UniqueViolation):
        conn.execute(MESSAGE, values)


def test_what_a_message_says_and_to_whom_stays(desk: Desk, conn):
    values = approved(desk, conn, "Staying Cargo")
    made = conn.execute(MESSAGE, values).fetchone()[0]
    other = desk.drafted("Other Cargo")[0]
    for column, value in (("content_hash", other.content_hash), ("draft_id", other.draft_id)):
        with pytest.raises(errors.RestrictViolation), conn.transaction():
            conn.execute(f"update ops.message set {column} = %s where id = %s", (value, made))
    with pytest.raises(errors.RestrictViolation):
        conn.execute("delete from ops.message where id = %s", (made,))


def test_an_approval_with_a_message_cannot_be_taken_back_or_turned(desk: Desk, conn):
    values = approved(desk, conn, "Firm Cargo")
    conn.execute(MESSAGE, values)
    with pytest.raises(errors.ForeignKeyViolation), conn.transaction():
        conn.execute("delete from ops.decision where draft_id = %s", (values["draft_id"],))
    with pytest.raises(errors.ForeignKeyViolation), conn.transaction():
        conn.execute(
            "update ops.decision set verdict = 'killed', reason = 'late' where draft_id = %s",
            (values["draft_id"],),
        )


def test_a_kill_is_never_turned_into_an_approval(desk: Desk, conn):
    choice = desk.drafted("Turned Cargo")[0]
    with desk.connection() as other:
        decide.kill(other, ANNA, choice, "wrong_person")
    with pytest.raises(errors.CheckViolation, match="only turn from approved"):
        conn.execute(
            "update ops.decision set verdict = 'approved' where draft_id = %s", (choice.draft_id,)
        )


def test_an_approval_of_an_older_revision_is_refused(desk: Desk, conn):
    choice = desk.drafted("Older Cargo")[0]
    conn.execute(
        "insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, author) "
        "select draft_id, 2, contact_id, subject, 'x', 'x', 'me' from ops.revision "
        "where draft_id = %s",
        (choice.draft_id,),
    )
    with pytest.raises(errors.SerializationFailure, match="was edited"):
        conn.execute(
            "insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, "
            "decided_by, decided_role) select draft_id, 1, contact_id, content_hash, 'approved', "
            "'me', 'reviewer' from ops.revision where draft_id = %s and revision = 1",
            (choice.draft_id,),
        )


def test_the_log_of_decisions_keeps_what_was_undone(desk: Desk, conn, settings):
    choice = desk.drafted("Logged Cargo")[0]
    with desk.connection() as other:
        decide.approve(other, ANNA, choice)
    with desk.connection() as other:
        decide.undo(other, ANNA, choice.draft_id, settings)
    actions = conn.execute(
        "select action, decided_by from ops.decision_log where draft_id = %s order by id",
        (choice.draft_id,),
    ).fetchall()
    assert actions == [("decided", "anna"), ("undone", "anna")]
    with pytest.raises(errors.RestrictViolation):
        conn.execute("delete from ops.decision_log")
