"""Each gate of the layer is fed a bad batch and stops; mended, it lets go."""

from datetime import timedelta

import pytest

from baton.contactability import breakers
from baton.core.errors import GateFailed
from baton.core.ids import new_id
from baton.delivery import steps
from baton.quality import gate
from baton.warehouse.connect import connect
from tests.integration.delivery.world import MONDAY_NOON, World


def bounced(world: World, sent: int, bounces: int) -> None:
    for number in range(sent):
        message = world.sent()
        if number < bounces:
            world.event(message, "bounce", type="bounce")


def test_bounces_stop_the_domain_and_the_gate_once(world: World) -> None:
    # GIVEN a domain whose mail bounces, and another that is healthy
    bounced(world, 10, 3)
    sick, other = world.domain, World(world.settings)
    waiting = other.draft(other.person())
    world.draft(world.person())
    # WHEN the chain runs
    first = world.new_run("message_delivery")
    steps.enqueue(first)
    with pytest.raises(GateFailed, match=f"hard bounces / sent.*{sick}"):
        gate.check(first, "message_delivery")
    # THEN the domain is stopped, nothing of the batch was released, and the result names the domain
    assert world.value("select is_open from ops.breaker where domain = %s", sick)
    assert world.value("select released_at is null from ops.run where id = %s", first.id)
    result = world.rows("select * from ops.gate_result where run_id = %s and not passed", first.id)
    assert result[0]["failures"][0]["rows"] == [{"domain": sick}]
    # AND the next run lets the healthy domain go on, while the other's mail is held
    second = world.new_run("message_delivery")
    steps.enqueue(second)
    gate.check(second, "message_delivery")
    steps.send(second)
    states = {row["sending_domain"]: row["state"] for row in world.rows(
        "select sending_domain, state from ops.message where run_id = any(%s)",
        [first.id, second.id])}  # fmt: skip
    assert states == {sick: "held", other.domain: "accepted"}
    assert waiting
    # AND resumed by a person, the domain starts afresh and what was held goes out
    world.set_clock(MONDAY_NOON + timedelta(minutes=30))
    with connect(world.settings.database_url) as conn:
        breakers.resume(conn, sick, "ann", "The list was cleaned.")
    third = world.new_run("message_delivery")
    steps.enqueue(third)
    gate.check(third, "message_delivery")
    assert steps.send(third)["accepted"] == 1


def test_one_bounce_in_forty_alarms_nobody(world: World) -> None:
    bounced(world, 40, 1)
    for _ in range(3):
        run = world.new_run("deliverability_watch")
        assert steps.watch(run)["domains_stopped"] == 0
        gate.check(run, "deliverability_watch")


@pytest.mark.parametrize(
    ("event", "extra", "times", "words"),
    [
        pytest.param("bounce", {"type": "blocked"}, 3, "blocks / sent", id="blocks"),
        pytest.param("spamreport", {}, 2, "complaints / delivered", id="complaints"),
    ],
)
def test_the_watch_stops_for(
    world: World, event: str, extra: dict[str, str], times: int, words: str
) -> None:
    for number in range(10):
        message = world.sent(state="delivered" if event == "spamreport" else "accepted")
        world.event(message, "delivered")
        if number < times:
            world.event(message, event, **extra)
    run = world.new_run("deliverability_watch")
    assert steps.watch(run)["domains_stopped"] == 1
    with pytest.raises(GateFailed, match=words):
        gate.check(run, "deliverability_watch")


def test_a_message_with_an_error_of_writing_is_not_handed_on(world: World) -> None:
    draft_id = world.draft(world.person())
    world.do("insert into ops.lint_finding values (%s, 1, 'placeholder', 'error', 'Hi {name}')",
             draft_id)  # fmt: skip
    run = world.new_run("message_delivery")
    steps.enqueue(run)
    message = world.value("select id from ops.message where draft_id = %s", draft_id)
    with pytest.raises(GateFailed, match=f"breaks a rule of writing.*{message}"):
        gate.check(run, "message_delivery")
    assert steps.send(run)["not_sent_gone"] == 1


def test_a_message_in_a_foreign_mailbox_or_without_a_way_out_is_not_handed_on(world: World) -> None:
    person = world.person()
    rendered = world.rendered(person.email).replace(b"https://baton.example/u/token", b"no link")
    world.draft(person, rendered=rendered)
    run = world.new_run("message_delivery")
    steps.enqueue(run)
    with pytest.raises(GateFailed, match="unsubscribed from with one click"):
        gate.check(run, "message_delivery")
    world.do("update ops.message set mailbox = 'x@elsewhere.example' where run_id = %s", run.id)
    with pytest.raises(GateFailed, match="belongs to the sending domain"):
        gate.check(run, "message_delivery")


BAD_REPLIES = {
    "the quote stands in the reply": "quote = 'made up'",
    "only a machine is out of office": "is_automatic = true",
    "what is unsure is called unclear": "confidence = 0.3",
    "is written to no more": "contact_id = (select min(id) from ops.contact)",
    "is somebody's task": "id = 'rep_other'",
}


@pytest.mark.parametrize("words", BAD_REPLIES)
def test_the_gate_of_replies_stops_for(world: World, words: str) -> None:
    person = world.person()
    world.do(
        "insert into landing.inbound_message (source, natural_key, occurred_at, sender, subject, "
        "body, payload) values ('s', %s, ops.now(), %s, 'Re', 'Happy to talk.', '{}')",
        new_id("in"), person.email,
    )  # fmt: skip
    run = world.new_run("reply_triage")
    steps.triage(run)
    assert world.do(f"update ops.reply set {BAD_REPLIES[words]} where run_id = %s", run.id) == 1
    with pytest.raises(GateFailed, match=words):
        gate.check(run, "reply_triage")
    world.do("update ops.run set released_at = ops.now() where id = %s", run.id)


def test_the_gate_of_replies_stops_when_hardly_anything_is_understood(world: World) -> None:
    for _ in range(20):
        world.do(
            "insert into landing.inbound_message (source, natural_key, occurred_at, sender, "
            "subject, body, payload) values ('s', %s, ops.now(), 'x@y.example', 'Re', 'Xyzzy.', '{}')",
            new_id("in"),
        )  # fmt: skip
    run = world.new_run("reply_triage")
    assert steps.triage(run)["unclear"] == 20
    with pytest.raises(GateFailed, match="at most 80% of the replies are unclear"):
        gate.check(run, "reply_triage")
