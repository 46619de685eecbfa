"""The production client and sender against the sandbox's SendGrid, with its faults on."""

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest
import uvicorn

from baton.core.connections import Connection
from baton.core.errors import VendorUnavailable
from baton.core.ids import new_id
from baton.delivery import steps
from sandbox import keys as sandbox_keys
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.world import World as SandboxWorld
from tests.integration.delivery.world import World


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, SandboxWorld]]:
    app = create_app(SandboxConfig(keys=sandbox_keys.generate(), scale=0.1))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", ws="none"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        thread.join(0.01)
        assert thread.is_alive()
    port = server.servers[0].sockets[0].getsockname()[1]
    yield f"http://127.0.0.1:{port}/sendgrid", app.state.world
    server.should_exit = True
    thread.join(30)


@pytest.fixture
def sandbox(world: World, served: tuple[str, SandboxWorld]) -> SandboxWorld:
    url, sandbox = served
    key = sandbox.config.keys.sendgrid_key
    connection = Connection("baton_mail", "sendgrid", password=key, extra={"base_url": url})
    world.settings = world.settings.with_connections({"baton_mail": connection})
    sandbox.faults.clear()
    return sandbox


def send(world: World) -> None:
    steps.send(replace(world.run, settings=world.settings))


def test_the_sandbox_takes_what_we_send(world: World, sandbox: SandboxWorld) -> None:
    person = world.person()
    message = world.message(person)
    send(world)
    row = world.get(message)
    (mail,) = sandbox.mailbox.to(person.email)
    assert row["state"] == "accepted"
    assert row["provider_message_id"] == mail.message_id
    assert mail.custom_args == {"baton_send_key": row["send_key"]}
    assert mail.smtp_id == f"<{row['send_key']}@{world.domain}>"
    assert (mail.subject, mail.html) == (mail.subject, "<p>Grüße, Pat</p>")


@pytest.mark.parametrize(
    ("fault", "taken", "state"),
    [
        pytest.param("error_after", 1, "unknown", id="taken, and answered with 500"),
        pytest.param("error_before", 0, "unknown", id="not taken, and answered with 500"),
        pytest.param("reset_after", 1, "unknown", id="taken, then reset"),
        pytest.param("reset_before", 0, "unknown", id="reset after the body, not taken"),
        pytest.param("rate_limit", 0, "queued", id="429"),
        pytest.param("latency", 1, "accepted", id="slow"),
        pytest.param("silence", 1, "accepted", id="202 and then silence"),
    ],
)
def test_a_fault(world: World, sandbox: SandboxWorld, fault: str, taken: int, state: str) -> None:
    person = world.person()
    message = world.message(person)
    sandbox.faults.switch_on(vendor="sendgrid", kind=fault, count=1, ms=50, retry_after=60)
    send(world)
    assert len(sandbox.mailbox.to(person.email)) == taken
    assert world.state(message) == state
    send(world)  # at once again: nothing that may have been taken goes a second time
    assert len(sandbox.mailbox.to(person.email)) == taken
    # WHEN the vendor is asked, what it took is known to be sent
    steps.enqueue(replace(world.new_run("message_delivery"), settings=world.settings))
    expected = "accepted" if taken else state
    assert world.state(message) == expected


def test_under_many_faults_nobody_gets_a_mail_twice(world: World, sandbox: SandboxWorld) -> None:
    messages = [world.message() for _ in range(60)]
    world.grant()
    for number, kind in enumerate(("error_after", "reset_after", "rate_limit", "reset_before")):
        sandbox.faults.switch_on(vendor="sendgrid", kind=kind, probability=0.1, seed=number,
                                 retry_after=0)  # fmt: skip
    for _ in range(20):
        try:
            send(world)
        except VendorUnavailable:
            continue  # it gave up for now, as it should after failures in a row
        if "queued" not in {world.state(m) for m in messages}:
            break
    audit = sandbox.mailbox.audit()
    assert audit["duplicates_by_custom_args"] == 0
    states = {m: world.state(m) for m in messages}
    assert set(states.values()) == {"accepted", "unknown"}
    taken = {mail.custom_args["baton_send_key"] for mail in sandbox.mailbox.mails}
    assert all(world.get(m)["send_key"] in taken for m, s in states.items() if s == "accepted")


def test_where_the_rules_are_unsure_the_model_reads_the_reply(
    world: World, served: tuple[str, SandboxWorld]
) -> None:
    url, sandbox = served
    key = sandbox.config.keys.openai_key
    endpoint = {"base_url": url.replace("/sendgrid", "/openai/v1")}
    connection = Connection("baton_llm", "openai", password=key, extra=endpoint)
    settings = world.settings.with_connections({"baton_llm": connection})
    person = world.person()
    world.do(
        "insert into landing.inbound_message (source, natural_key, occurred_at, sender, body, "
        "payload) values ('s', %s, ops.now(), %s, 'Better speak with my colleague Ann.', '{}')",
        new_id("in"),
        person.email,
    )
    steps.triage(replace(world.new_run("reply_triage"), settings=settings))
    row = world.rows("select * from ops.reply where contact_id = %s", person.contact_id)[0]
    assert (row["intent"], row["quote"]) == ("referral", "Better speak with my colleague Ann.")
    kept = world.rows("select * from ops.generation where id = %s", row["generation_id"])[0]
    assert (kept["kind"], kept["error"]) == ("reply_intent", None)
