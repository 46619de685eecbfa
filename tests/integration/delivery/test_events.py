"""What landed e-mail events do to messages and addresses, in whatever order they come."""

import itertools
from datetime import timedelta

import pytest

from baton.core.ids import address_key, new_id
from baton.delivery import steps
from tests.integration.delivery.world import MONDAY_NOON, World

P = pytest.param


def settle(world: World) -> dict[str, int | str]:
    return steps.enqueue(world.new_run("message_delivery"))


def suppressions(world: World, email: str) -> set[str]:
    key = address_key(email, world.settings.secret)
    found = world.rows("select kind from ops.suppression where address_key = %s", key)
    return {row["kind"] for row in found}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        P(["processed"], "accepted", id="processed"),
        P(["processed", "deferred"], "accepted", id="deferred"),
        P(["processed", "delivered"], "delivered", id="delivered"),
        P(["processed", "bounce"], "bounced", id="bounced"),
        P(["delivered", "bounce"], "bounced", id="bounced late"),
        P(["delivered", "spamreport"], "complained", id="complained"),
        P(["bounce", "spamreport"], "complained", id="complaint beats bounce"),
        P(["processed", "dropped"], "dropped", id="dropped"),
        P(["dropped", "delivered"], "delivered", id="delivered beats dropped"),
        P(["delivered", "open", "click"], "delivered", id="opens and clicks are not read"),
    ],
)
@pytest.mark.parametrize("together", [True, False], ids=["in one batch", "one by one"])
def test_the_state_does_not_depend_on_the_order(
    world: World, events: list[str], state: str, together: bool
) -> None:
    for order in itertools.permutations(events):
        message = world.sent()
        for number, event in enumerate(order):
            world.event(message, event, at=MONDAY_NOON + timedelta(minutes=events.index(event)))
            if not together or number == len(order) - 1:
                settle(world)
        assert world.state(message) == state, order
        if "delivered" in events:
            at = MONDAY_NOON + timedelta(minutes=events.index("delivered"))
            assert world.get(message)["delivered_at"] == at


def test_an_event_counts_once_however_often_it_is_told(world: World) -> None:
    message = world.sent()
    for _ in range(3):
        world.event(message, "delivered", key="same", at=MONDAY_NOON)
        settle(world)
    found = world.value("select count(*) from ops.message_event where message_id = %s", message)
    assert found == 1


def test_settling_again_changes_nothing(world: World) -> None:
    world.event(world.sent(), "delivered")
    assert settle(world)["events_landed"] == 1
    assert settle(world)["events_landed"] == 0


@pytest.mark.parametrize(
    ("event", "extra", "kinds"),
    [
        P("bounce", {"type": "bounce"}, {"bounce"}, id="hard bounce"),
        P("bounce", {"type": "blocked"}, set(), id="blocked is not the address's fault"),
        P("spamreport", {}, {"complaint"}, id="complaint"),
        P("unsubscribe", {}, {"opt_out"}, id="unsubscribed"),
        P("group_unsubscribe", {}, {"opt_out"}, id="unsubscribed from a group"),
        P("dropped", {"reason": "Bounced Address"}, {"bounce"}, id="dropped: bounced before"),
        P("dropped", {"reason": "Unsubscribed Address"}, {"opt_out"}, id="dropped: unsubscribed"),
        P("dropped", {"reason": "Something else"}, set(), id="dropped for another reason"),
        P("delivered", {}, set(), id="delivered"),
        P("deferred", {}, set(), id="deferred"),
    ],
)
def test_what_an_event_does_to_the_address(
    world: World, event: str, extra: dict[str, str], kinds: set[str]
) -> None:
    person = world.person()
    world.event(world.sent(person), event, email=person.email, **extra)
    settle(world)
    assert suppressions(world, person.email) == kinds


def test_a_complaint_stops_the_sequence_and_pauses_the_account(world: World) -> None:
    person = world.person()
    colleague = world.person(person.account_id)
    later, other = world.message(person, 2), world.message(colleague)
    world.event(world.sent(person), "spamreport", email=person.email)
    settle(world)
    assert (world.state(later), world.state(other)) == ("cancelled", "held")


def test_a_late_bounce_is_matched_by_address_and_time(world: World) -> None:
    person = world.person()
    message = world.sent(person)
    world.event(None, "bounce", email=person.email.upper(), at=MONDAY_NOON + timedelta(hours=5),
                type="bounce")  # fmt: skip
    settle(world)
    assert world.state(message) == "bounced"
    assert suppressions(world, person.email) == {"bounce"}


def test_a_bounce_long_after_matches_no_message_but_the_address(world: World) -> None:
    person = world.person()
    message = world.sent(person)
    world.event(None, "bounce", email=person.email, at=MONDAY_NOON + timedelta(days=8))
    assert settle(world)["events_unmatched"] == 1
    assert world.state(message) == "accepted"
    assert suppressions(world, person.email) == {"bounce"}


def test_an_address_that_we_do_not_know_is_suppressed_all_the_same(world: World) -> None:
    email = f"{new_id('x')}@stranger.example"
    world.event(None, "unsubscribe", email=email)
    settle(world)
    assert suppressions(world, email) == {"opt_out"}


def test_an_event_with_a_key_of_another_system_matches_nothing(world: World) -> None:
    person = world.person()
    message = world.sent(person)
    world.event(None, "bounce", email=None, type="bounce")
    world.do("update landing.email_event set send_key = 'theirs' where send_key is null "
             "and email is null")  # fmt: skip
    assert settle(world)["events_unmatched"] == 1
    assert world.state(message) == "accepted"


def test_an_event_settles_an_unknown_message_and_its_task(world: World) -> None:
    message = world.message()
    world.do("update ops.message set state = 'dispatching' where id = %s", message)
    world.do("insert into ops.attempt (message_id, number, worker) values (%s, 1, 'gone')", message)
    settle(world)
    assert world.state(message) == "unknown"
    assert world.value("select done_at is null from ops.task where subject_id = %s", message)
    world.event(message, "delivered")
    settle(world)
    row = world.get(message)
    assert (row["state"], row["settled_by"]) == ("delivered", "event")
    assert world.value("select done_by from ops.task where subject_id = %s", message) == "baton"


def test_a_domain_over_its_threshold_is_stopped_at_once(world: World) -> None:
    waiting = world.message()
    for number in range(8):
        message = world.sent()
        if number < 3:
            world.event(message, "bounce", type="bounce")
    assert settle(world)["domains_stopped"] == 1
    assert world.state(waiting) == "held"
    assert world.get(waiting)["state_reason"] == "breaker_open"
