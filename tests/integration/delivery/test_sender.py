"""What becomes of a message, by what the vendor does."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta

import pytest

from baton.contactability import suppressions
from baton.contactability.policy import Policy
from baton.core.connections import parse
from baton.core.errors import VendorError, VendorUnavailable
from baton.delivery import attempts, steps
from baton.playbook import thresholds
from baton.warehouse.connect import connect
from baton.warehouse.run import Run
from tests.integration.delivery.vendor import Vendor, vendor
from tests.integration.delivery.world import MONDAY_NOON, World

P = pytest.param


@pytest.fixture
def standin(world: World) -> Iterator[Vendor]:
    with vendor() as stand_in:
        connection = parse("baton_mail", stand_in.connection())
        world.settings = world.settings.with_connections({"baton_mail": connection})
        yield stand_in


def send(world: World) -> dict[str, int | str]:
    return steps.send(replace(world.run, settings=world.settings))


def enqueue(world: World) -> dict[str, int | str]:
    return steps.enqueue(world.new_run("message_delivery"))


def attempt_of(world: World, message: str) -> list[dict[str, object]]:
    return world.rows("select * from ops.attempt where message_id = %s order by number", message)


def used(world: World) -> set[int]:
    return {row["used"] for row in world.rows(
        "select used from ops.budget where name = any(%s)", [world.domain, world.mailbox])}  # fmt: skip


@pytest.mark.parametrize(
    ("reply", "outcome", "state", "claims"),
    [
        P((202, {"X-Message-Id": "abc"}, b""), "accepted", "accepted", 1, id="202"),
        P((200, {}, b""), "accepted", "accepted", 1, id="200 (sandbox mode)"),
        P((429, {"Retry-After": "30"}, b""), "throttled", "queued", 0, id="429"),
        P((400, {}, b'{"errors": [{"field": "to", "message": "bad"}]}'), "rejected", "failed", 1,
          id="400"),
        P((413, {}, b"no json"), "rejected", "failed", 1, id="413"),
        P((302, {"Location": "http://elsewhere.example"}, b""), "rejected", "failed", 1, id="302"),
        P((500, {}, b""), "ambiguous", "unknown", 1, id="500"),
        P((503, {}, b""), "ambiguous", "unknown", 1, id="503"),
        P(None, "ambiguous", "unknown", 1, id="closed after the body"),
    ],
)  # fmt: skip
def test_an_answer(
    world: World, standin: Vendor, reply: tuple[int, dict[str, str], bytes] | None, outcome: str,
    state: str, claims: int,
) -> None:  # fmt: skip
    message = world.message()
    standin.answer = lambda _key: reply
    send(world)
    assert [a["outcome"] for a in attempt_of(world, message)] == [outcome]
    assert world.state(message) == state
    assert used(world) == {claims}
    # WHEN it runs again with a vendor that works, only what was definitely not taken goes again
    standin.answer = lambda _key: (202, {}, b"")
    world.set_clock(MONDAY_NOON + timedelta(hours=1))
    send(world)
    assert len(standin.received) == (2 if state == "queued" else 1)


def test_an_unreachable_vendor_costs_nothing(world: World) -> None:
    connection = parse("baton_mail", '{"conn_type": "sendgrid", "password": "k", '
                                     '"extra": {"base_url": "http://127.0.0.1:9"}}')  # fmt: skip
    world.settings = world.settings.with_connections({"baton_mail": connection})
    messages = [world.message() for _ in range(12)]
    with pytest.raises(VendorUnavailable, match="in a row"):
        send(world)
    assert {world.state(m) for m in messages} == {"queued"}
    assert used(world) == {0}


def test_a_wrong_key_burns_no_message(world: World, standin: Vendor) -> None:
    messages = [world.message() for _ in range(12)]
    standin.answer = lambda _key: (401, {}, b'{"errors": [{"message": "revoked"}]}')
    with pytest.raises(VendorError, match="401: revoked"):
        send(world)
    assert {world.state(m) for m in messages} == {"queued"}


def test_a_vendor_that_is_down_burns_few_messages(world: World, standin: Vendor) -> None:
    limits = thresholds.load(world.settings.playbook).delivery
    messages = [world.message() for _ in range(12)]
    standin.answer = lambda _key: (500, {}, b"")
    with pytest.raises(VendorUnavailable):
        send(world)
    states = [world.state(m) for m in messages]
    assert states.count("unknown") < limits.give_up_after + limits.workers
    assert states.count("queued") == 12 - states.count("unknown")


def test_a_429_delays_the_whole_mailbox(world: World, standin: Vendor) -> None:
    messages = [world.message() for _ in range(10)]
    other = world.message(mailbox=f"other@{world.domain}")
    world.do("update ops.message set not_before = ops.now() + interval '1 minute' where id = %s",
             other)  # fmt: skip
    standin.answer = lambda _key: (429, {"Retry-After": "3600"}, b"")
    send(world)
    tried = len(standin.received)
    assert tried <= thresholds.load(world.settings.playbook).delivery.workers
    not_before = {m: world.get(m)["not_before"] for m in [*messages, other]}
    assert all(not_before[m] >= MONDAY_NOON + timedelta(minutes=59) for m in messages)
    assert not_before[other] < MONDAY_NOON + timedelta(minutes=2)
    world.set_clock(MONDAY_NOON + timedelta(minutes=55))
    send(world)
    assert len(standin.received) == tried + 1  # the other mailbox's


def test_the_request_says_exactly_what_was_approved(world: World, standin: Vendor) -> None:
    person = world.person()
    message = world.message(person)
    send(world)
    payload, key = standin.payloads[0], world.get(message)["send_key"]
    assert payload["content"] == [
        {"type": "text/plain", "value": "Hello Pat,\n\n.a line with a dot\n\nRita\n"},
        {"type": "text/html", "value": "<p>Grüße, Pat</p>"},
    ]
    assert payload["personalizations"] == [
        {"to": [{"email": person.email, "name": "Pat Doe"}], "custom_args": {"baton_send_key": key}}
    ]
    assert payload["headers"] == {
        "Message-ID": f"<{key}@{world.domain}>",
        "List-Unsubscribe": "<https://baton.example/u/token>",
        "List-Unsubscribe-Post": "List-Unsubscribe=One-Click",
    }


def test_a_look_up_settles_what_the_vendor_knows(world: World, standin: Vendor) -> None:
    message = world.message()
    standin.answer = lambda _key: None
    send(world)
    assert world.state(message) == "unknown"
    enqueue(world)
    assert world.state(message) == "unknown"
    standin.known.add(world.get(message)["send_key"])
    assert enqueue(world)["messages_looked_up"] == 1
    row = world.get(message)
    assert (row["state"], row["settled_by"]) == ("accepted", "look_up")


def test_an_answer_after_the_sweep_still_counts(world: World, standin: Vendor) -> None:
    message = world.message()
    world.grant()
    policy = Policy.of(thresholds.load(world.settings.playbook), {})
    with connect(world.settings.database_url, autocommit=True) as conn:
        claimed = attempts.claim(conn, policy, "a worker that is gone", world.run.id, message)
        assert isinstance(claimed, attempts.Attempt)
        enqueue(world)
        assert world.state(message) == "unknown"
        attempts.settle(conn, claimed, attempts.Accepted("late"), world.run.id)
    assert world.state(message) == "accepted"


def test_a_living_sender_is_not_swept(world: World, standin: Vendor) -> None:
    message = world.message()
    asked, may_answer = threading.Event(), threading.Event()

    def slow(_key: str) -> tuple[int, dict[str, str], bytes]:
        asked.set()
        assert may_answer.wait(30)
        return 202, {}, b""

    standin.answer = slow
    with ExitStack() as stack:
        stack.callback(may_answer.set)
        thread = threading.Thread(target=send, args=(world,))
        thread.start()
        assert asked.wait(30)
        assert enqueue(world)["messages_unknown"] == 0
        assert world.state(message) == "dispatching"
        may_answer.set()
        thread.join(30)
    assert world.state(message) == "accepted"


def claim_all(run: Run, ids: list[str], worker: str, taken: list[str]) -> None:
    policy = Policy.of(thresholds.load(run.settings.playbook), {})
    with connect(run.settings.database_url, autocommit=True) as conn:
        for message in ids:
            claimed = attempts.claim(conn, policy, worker, run.id, message)
            if isinstance(claimed, attempts.Attempt):
                taken.append(claimed.message_id)


def test_six_workers_never_claim_over_the_cap_nor_twice(world: World) -> None:
    domains = [(f"m{n}@{world.domain}", world.domain) for n in range(3)]
    ids = [world.message(mailbox=mailbox) for mailbox, _ in domains for _ in range(40)]
    world.grant(70)
    for mailbox, _ in domains:
        world.do(
            "insert into ops.budget (scope, name, day, granted) values "
            "('mailbox', %s, (ops.now() at time zone 'UTC')::date, 30)", mailbox,
        )  # fmt: skip
    taken: list[str] = []
    threads = [
        threading.Thread(target=claim_all, args=(world.run, ids[n:] + ids[:n], f"w{n}", taken))
        for n in range(6)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(taken) == len(set(taken)) == 70
    budgets = world.rows("select * from ops.budget where name like %s", f"%{world.domain}")
    assert all(row["used"] <= row["granted"] for row in budgets)
    assert world.value("select used from ops.budget where name = %s", world.domain) == 70


def test_an_opt_out_under_way_makes_the_claim_step_aside(world: World) -> None:
    person = world.person()
    message = world.message(person)
    world.grant()
    with connect(world.settings.database_url) as opting_out:
        suppressions.opt_out(opting_out, person.contact_id, "one_click", world.settings.secret)
        policy = Policy.of(thresholds.load(world.settings.playbook), {})
        with connect(world.settings.database_url, autocommit=True) as conn:
            assert attempts.claim(conn, policy, "w", world.run.id, message) == "busy"
    with connect(world.settings.database_url, autocommit=True) as conn:
        assert attempts.claim(conn, policy, "w", world.run.id, message) == "suppressed"
    assert world.state(message) == "cancelled"


def test_an_opt_out_races_a_claim_and_whoever_comes_first_is_honoured(world: World) -> None:
    """No attempt may begin after the opt-out was committed, over many close races."""
    world.grant(10_000)
    policy = Policy.of(thresholds.load(world.settings.playbook), {})
    for _ in range(40):
        person = world.person()
        message = world.message(person)
        gate, seen = threading.Barrier(2), {}

        def opt_out(person=person, message=message, gate=gate, seen=seen) -> None:
            with connect(world.settings.database_url) as conn:
                gate.wait(10)
                suppressions.opt_out(conn, person.contact_id, "race", world.settings.secret)
            with connect(world.settings.database_url) as conn:
                # Acknowledged now: what is not there yet must never come.
                seen["before"] = conn.execute(
                    "select count(*) from ops.attempt where message_id = %s", (message,)
                ).fetchone()[0]

        thread = threading.Thread(target=opt_out)
        thread.start()
        with connect(world.settings.database_url, autocommit=True) as conn:
            gate.wait(10)
            for _try in range(20):
                if attempts.claim(conn, policy, "w", world.run.id, message) != "busy":
                    break
        thread.join(10)
        assert len(attempt_of(world, message)) == seen["before"]
