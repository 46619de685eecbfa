"""The chain of message_delivery, without its gate's process: enqueue, release, send, run again."""

from datetime import timedelta
from pathlib import Path

from baton.delivery import steps
from tests.integration.delivery.world import World


def run_chain(world: World) -> dict[str, int | str]:
    run = world.new_run("message_delivery")
    steps.enqueue(run)
    world.release(run)
    return steps.send(run)


def mails(world: World) -> list[Path]:
    return sorted((world.settings.home / "mailbox").glob("*.eml"))


def test_an_approved_draft_is_sent_once(world: World) -> None:
    # GIVEN an approval that is older than the undo minute
    person = world.person()
    world.draft(person)
    # WHEN the chain runs twice
    first = run_chain(world)
    second = run_chain(world)
    # THEN there is one mail, under the send key of the one message
    assert first["accepted"] == 1
    assert "accepted" not in second
    message = world.rows("select * from ops.message where person_id = %s", person.person_id)[0]
    assert [path.stem for path in mails(world)] == [message["send_key"]]
    assert message["state"] == "accepted"
    assert message["mailbox"] == world.mailbox
    assert message["sending_domain"] == world.domain


def test_the_mail_is_what_was_approved(world: World) -> None:
    import email
    import email.policy

    person = world.person()
    world.draft(person)
    run_chain(world)
    mail = email.message_from_bytes(mails(world)[0].read_bytes(), policy=email.policy.default)
    assert mail["To"] == f"Pat Doe <{person.email}>"
    assert mail["List-Unsubscribe"] == "<https://baton.example/u/token>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text = mail.get_body(("plain",)).get_content()
    assert text.replace("\r\n", "\n") == "Hello Pat,\n\n.a line with a dot\n\nRita\n"


def test_the_undo_minute_is_kept(world: World) -> None:
    draft_id = world.draft(world.person(), decided_ago=timedelta(seconds=59))
    run = world.new_run("message_delivery")
    assert steps.enqueue(run)["messages_queued"] == 0
    world.do("delete from ops.decision where draft_id = %s", draft_id)
    assert world.value("select state from ops.draft where id = %s", draft_id) == "pending"


def test_killed_expired_and_unreleased_drafts_are_not_queued(world: World) -> None:
    world.draft(world.person(), verdict="killed")
    world.draft(world.person(), verdict="expired")
    world.draft(world.person(), verdict=None)
    world.draft(world.person(), expires_in=timedelta(0))
    world.draft(world.person(), run=world.new_run("draft_generation", "drafting"))
    assert steps.enqueue(world.new_run("message_delivery"))["messages_queued"] == 0


def test_an_approved_draft_without_sense_becomes_a_task(world: World) -> None:
    draft_id = world.draft(world.person(), rendered=b'{"to": 1}')
    counts = steps.enqueue(world.new_run("message_delivery"))
    assert (counts["messages_queued"], counts["drafts_unsendable"]) == (0, 1)
    task = world.rows("select * from ops.task where subject_id = %s", draft_id)[0]
    assert task["is_exception"]
    assert "must have exactly" in task["body"]


def test_messages_of_an_unreleased_run_stay(world: World) -> None:
    world.draft(world.person())
    run = world.new_run("message_delivery")
    steps.enqueue(run)
    assert steps.send(run)["not_sent_gone"] == 1
    assert mails(world) == []
