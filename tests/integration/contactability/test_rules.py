"""Every rule by which a message is sent or not: each is a named case."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from baton.contactability import breakers, caps, holds, pause, protection, rules, suppressions
from baton.contactability.policy import Policy
from baton.core.ids import new_id
from baton.playbook import thresholds
from baton.warehouse.connect import connect
from tests.integration.delivery.world import MONDAY_NOON, Person, World

EXEMPT = {"protected": ["renewal"], "open_opportunity": ["renewal"]}


def policy(world: World, *, shadow: bool = False) -> Policy:
    figures = thresholds.load(world.settings.playbook).contactability
    return Policy(figures, shadow, EXEMPT)


def judge(world: World, message_id: str, *, shadow: bool = False) -> rules.Verdict:
    with connect(world.settings.database_url) as conn:
        caps.grant(conn, policy(world))
        return rules.judge(conn, policy(world, shadow=shadow), [message_id])[0]


def hold(world: World, scope: str, subject: str, kind: str, until: datetime | None = None) -> str:
    with connect(world.settings.database_url) as conn:
        holds.place(conn, scope, subject, kind, new_id("c"), "because", until)  # type: ignore[arg-type]
    return str(world.value("select id from ops.hold where subject_id = %s and kind = %s",
                           subject, kind))  # fmt: skip


def opportunity(world: World, account_id: str, outcome: str, kind: str = "new_business",
                key: str = "opp-1", version: int = 1) -> None:  # fmt: skip
    source = f"crm-{account_id}"
    world.do(
        "insert into ops.account_alias values (%s, 'a1', %s) on conflict do nothing", source,
        account_id,
    )  # fmt: skip
    world.do(
        "insert into landing.opportunity (source, natural_key, content_hash, account_key, stage, "
        "outcome, kind, source_updated_at) values (%s, %s, %s, 'a1', 'x', %s, %s, "
        "'2027-01-01'::timestamptz + make_interval(days => %s))",
        source, key, str(version), outcome, kind, version,
    )  # fmt: skip
    with connect(world.settings.database_url) as conn:
        protection.refresh_opportunity_holds(conn)


def earlier(state: str) -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, _message: str) -> None:
        first = world.sent(person, "accepted", step=1)
        if state != "accepted":
            world.do("update ops.message set state = %s where id = %s", state, first)

    return make


def inbound(sender: str) -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, _message: str) -> None:
        world.do(
            "insert into landing.inbound_message (source, natural_key, occurred_at, sender, payload)"
            " values ('sendgrid', %s, ops.now(), %s, '{}')",
            new_id("in"), sender.format(person.email),
        )  # fmt: skip

    return make


def booked_unread(world: World, person: Person, _message: str) -> None:
    world.do(
        "insert into landing.booking_event (source, natural_key, occurred_at, event_type, payload) "
        "values ('cal', %s, ops.now(), 'BOOKING_CREATED', jsonb_build_object('email', %s::text))",
        new_id("in"), person.email.title(),
    )  # fmt: skip


def event_unread(kind: str) -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, _message: str) -> None:
        world.do(
            "insert into landing.email_event (source, natural_key, occurred_at, event_type, email, "
            "payload) values ('sendgrid', %s, ops.now(), %s, %s, '{}')",
            new_id("in"), kind, person.email,
        )  # fmt: skip

    return make


def suppress(kind: str) -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, _message: str) -> None:
        with connect(world.settings.database_url) as conn:
            suppressions.suppress(conn, person.email, kind, "t", world.settings.secret)  # type: ignore[arg-type]

    return make


def opt_out(world: World, person: Person, _message: str) -> None:
    with connect(world.settings.database_url) as conn:
        suppressions.opt_out(conn, person.contact_id, "one_click", world.settings.secret)


def new_address(world: World, person: Person, _message: str) -> None:
    world.do(
        "update ops.contact set email = 'new-' || email, address_key = 'k' || address_key "
        "where id = %s", person.contact_id,
    )  # fmt: skip


def no_address(world: World, person: Person, _message: str) -> None:
    world.do(
        "update ops.contact set email = null, address_key = null where id = %s", person.contact_id
    )


def colleague(kind: str) -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, _message: str) -> None:
        other = world.person(person.account_id)
        with connect(world.settings.database_url) as conn:
            holds.stop_contact(conn, other.contact_id, kind, new_id("c"), "It happened.")  # type: ignore[arg-type]

    return make


def on_contact(kind: str) -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, _message: str) -> None:
        hold(world, "contact", person.contact_id, kind)

    return make


def on_account(kind: str) -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, _message: str) -> None:
        hold(world, "account", person.account_id, kind)

    return make


def sql(query: str, of: str) -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, message: str) -> None:
        values = {"contact": person.contact_id, "account": person.account_id, "message": message,
                  "domain": world.domain, "mailbox": world.mailbox}  # fmt: skip
        world.do(query, values[of])

    return make


def trip(world: World, _person: Person, _message: str) -> None:
    world.do(
        "insert into ops.breaker (domain, is_open, opened_at) values (%s, true, ops.now())",
        world.domain,
    )


def use_up(scope: str) -> Callable[[World, Person, str], None]:
    def make(world: World, _person: Person, _message: str) -> None:
        name = world.domain if scope == "domain" else world.mailbox
        world.do(
            "insert into ops.budget (scope, name, day, granted, used) "
            "values (%s, %s, (ops.now() at time zone 'UTC')::date, 3, 3)", scope, name,
        )  # fmt: skip

    return make


def at(moment: str, timezone: str | None = "UTC") -> Callable[[World, Person, str], None]:
    def make(world: World, person: Person, _message: str) -> None:
        world.do("update ops.contact set timezone = %s where id = %s", timezone, person.contact_id)
        world.set_clock(datetime.fromisoformat(f"{moment}+00:00"))

    return make


def nothing(_world: World, _person: Person, _message: str) -> None:
    pass


P = pytest.param
CASES = [
    P(nothing, 1, None, id="send: nothing forbids it"),
    P(suppress("bounce"), 1, "suppressed", id="do not send: hard bounce"),
    P(suppress("complaint"), 1, "suppressed", id="do not send: complaint"),
    P(suppress("erased"), 1, "suppressed", id="do not send: erased person"),
    P(suppress("manual"), 1, "suppressed", id="do not send: suppressed by hand"),
    P(opt_out, 1, "suppressed", id="do not send: opted out"),
    P(on_contact("opt_out"), 1, "opted_out", id="do not send: opted out under another address"),
    P(no_address, 1, "erased", id="do not send: contact without an address"),
    P(new_address, 1, "address_changed", id="do not send: approved for another address"),
    P(on_contact("reply"), 1, "replied", id="do not send: the contact replied"),
    P(on_contact("booking"), 1, "booked", id="do not send: the contact booked"),
    P(on_contact("out_of_office"), 1, "out_of_office", id="later: out of office"),
    P(on_contact("manual"), 1, "manual_hold", id="later: a person holds the contact"),
    P(on_account("manual"), 1, "manual_hold", id="later: a person holds the account"),
    P(colleague("reply"), 1, "account_paused", id="later: a colleague replied"),
    P(colleague("booking"), 1, "account_paused", id="later: a colleague booked"),
    P(colleague("opt_out"), 1, "account_paused", id="later: a colleague opted out"),
    P(sql("update ops.contact set protected_reason = 'sponsor' where id = %s", "contact"), 1,
      "protected", id="later: protected contact"),
    P(sql("update ops.account set protected_reason = 'key account' where id = %s", "account"), 1,
      "protected", id="later: protected account"),
    P(sql("update ops.message set not_before = ops.now() + interval '1 s' where id = %s", "message"),
      1, "not_due", id="wait: not due"),
    P(sql("insert into ops.message_event (message_id, event_key, event_type, occurred_at) "
          "values (%s, 'e', 'delivered', ops.now())", "message"), 1, "already_sent",
      id="later: events say that it was sent"),
    P(trip, 1, "breaker_open", id="later: the domain is stopped"),
    P(use_up("domain"), 1, "domain_cap", id="wait: domain cap used up"),
    P(use_up("mailbox"), 1, "mailbox_cap", id="wait: mailbox cap used up"),
    P(earlier("accepted"), 2, None, id="send: the step before was accepted"),
    P(earlier("delivered"), 2, None, id="send: the step before was delivered"),
    P(earlier("bounced"), 2, "sequence_ended", id="do not send: the step before bounced"),
    P(earlier("complained"), 2, "sequence_ended", id="do not send: the step before was complained of"),
    P(earlier("dropped"), 2, "sequence_ended", id="do not send: the step before was dropped"),
    P(inbound("Pat <{}>"), 1, "reply_unread", id="wait: a reply nobody has read yet"),
    P(inbound("someone@else.example"), 1, None, id="send: an unread reply of somebody else"),
    P(booked_unread, 1, "booking_unread", id="wait: a booking nobody has read yet"),
    P(event_unread("spamreport"), 1, "event_unread", id="wait: a complaint that is not settled"),
    P(event_unread("delivered"), 1, None, id="send: an event that says nothing bad"),
    P(at("2027-03-01T08:00", "UTC"), 1, None, id="send: Monday 08:00 there"),
    P(at("2027-03-01T07:59", "UTC"), 1, "quiet_hours", id="wait: Monday 07:59 there"),
    P(at("2027-03-01T17:59", "UTC"), 1, None, id="send: Monday 17:59 there"),
    P(at("2027-03-01T18:00", "UTC"), 1, "quiet_hours", id="wait: Monday 18:00 there"),
    P(at("2027-03-06T12:00", "UTC"), 1, "quiet_hours", id="wait: Saturday there"),
    P(at("2027-03-01T00:30", "Asia/Tokyo"), 1, None, id="send: our night, their morning"),
    P(at("2027-03-05T23:30", "Asia/Tokyo"), 1, "quiet_hours", id="wait: our Friday, their Saturday"),
    P(at("2027-03-01T12:00", "Nowhere/Land"), 1, None, id="send: unknown zone, sender's midday"),
    P(at("2027-03-01T08:30", None), 1, "quiet_hours", id="wait: no zone, 09:30 at the sender's"),
    P(at("2027-03-01T15:00", None), 1, "quiet_hours", id="wait: no zone, 16:00 at the sender's"),
]  # fmt: skip


@pytest.mark.parametrize(("given", "step", "reason"), CASES)
def test_rule(
    world: World, given: Callable[[World, Person, str], None], step: int, reason: str | None
) -> None:
    person = world.person()
    if step > 1:
        given(world, person, "")
        message = world.message(person, step)
    else:
        message = world.message(person)
        given(world, person, message)
    assert judge(world, message).reason == reason


def test_an_earlier_step_under_way_is_waited_for(world: World) -> None:
    person = world.person()
    world.message(person, 1)
    assert judge(world, world.message(person, 2)).reason == "earlier_step"


def test_an_approval_gets_too_old(world: World) -> None:
    message = world.message(draft={"expires_in": timedelta(hours=1)})
    world.set_clock(MONDAY_NOON + timedelta(hours=1, minutes=1))
    assert judge(world, message).reason == "expired"


def test_the_account_has_the_time_zone_that_the_contact_lacks(world: World) -> None:
    person = world.person(world.account(timezone="Asia/Tokyo"), timezone=None)
    assert judge(world, world.message(person)).reason == "quiet_hours"


def test_the_pause_switch_stops_everything_and_resumes(world: World) -> None:
    message = world.message()
    with connect(world.settings.database_url) as conn:
        pause.pause(conn, "ann", "a fire drill")
    assert judge(world, message).reason == "paused"
    with connect(world.settings.database_url) as conn:
        assert pause.is_paused(conn)
        pause.resume(conn, "ann")
    assert judge(world, message).reason is None


def test_shadow_mode_holds_everything(world: World) -> None:
    assert judge(world, world.message(), shadow=True).reason == "shadow_mode"


def test_an_absence_ends_by_itself(world: World) -> None:
    person = world.person()
    message = world.message(person)
    hold(world, "contact", person.contact_id, "out_of_office", MONDAY_NOON + timedelta(days=7))
    assert judge(world, message).reason == "out_of_office"
    world.set_clock(MONDAY_NOON + timedelta(days=7, minutes=1))
    assert judge(world, message).reason is None


def test_a_pause_of_the_account_ends_after_two_weeks(world: World) -> None:
    person = world.person()
    message = world.message(person)
    colleague("reply")(world, person, message)
    world.set_clock(MONDAY_NOON + timedelta(days=14, minutes=1))
    assert judge(world, message).reason is None


def test_a_hold_on_one_record_of_a_person_counts_for_the_others(world: World) -> None:
    person, old = world.person(), world.person()
    world.do("delete from ops.lead where id = %s", old.lead_id)
    world.do(
        "update ops.contact set person_id = %s where id = %s", person.person_id, old.contact_id
    )
    hold(world, "contact", old.contact_id, "reply")
    assert judge(world, world.message(person)).reason == "replied"


def test_an_open_opportunity_holds_until_it_is_closed(world: World) -> None:
    person = world.person()
    message = world.message(person)
    opportunity(world, person.account_id, "open")
    assert judge(world, message).reason == "open_opportunity"
    opportunity(world, person.account_id, "lost", version=2)
    assert judge(world, message).reason is None
    opportunity(world, person.account_id, "open", version=3)
    assert judge(world, message).reason == "open_opportunity"


@pytest.mark.parametrize("kind", ["expansion", "renewal"])
def test_other_opportunities_do_not_hold(world: World, kind: str) -> None:
    person = world.person()
    message = world.message(person)
    opportunity(world, person.account_id, "open", kind)
    assert judge(world, message).reason is None


def test_a_renewal_speaks_to_customers(world: World) -> None:
    person = world.person(world.account(protected_reason="key account"), sequence="renewal")
    message = world.message(person)
    opportunity(world, person.account_id, "open")
    assert judge(world, message).reason is None


def test_a_person_may_lift_an_opportunity_for_one_case(world: World) -> None:
    person = world.person()
    message = world.message(person)
    opportunity(world, person.account_id, "open")
    hold_id = world.value("select id from ops.hold where subject_id = %s", person.account_id)
    with connect(world.settings.database_url) as conn:
        holds.lift(conn, hold_id, "ann", "The owner asked for it.")
        protection.refresh_opportunity_holds(conn)
    assert judge(world, message).reason is None
    opportunity(world, person.account_id, "open", key="opp-2")
    assert judge(world, message).reason == "open_opportunity"


def test_a_person_may_lift_the_protection_there_is_now(world: World) -> None:
    person = world.person(world.account(protected_reason="key account"))
    message = world.message(person)
    with connect(world.settings.database_url) as conn:
        protection.lift_protection(conn, "account", person.account_id, "ann", "Agreed with Rita.")
    assert judge(world, message).reason is None
    world.do("update ops.account set protected_reason = 'lawsuit' where id = %s", person.account_id)
    assert judge(world, message).reason == "protected"


def test_no_more_messages_may_go_than_there_is_room(world: World) -> None:
    messages = [world.message() for _ in range(5)]
    world.grant(3)
    with connect(world.settings.database_url) as conn:
        verdicts = rules.judge(conn, policy(world), messages)
    assert [v.reason for v in verdicts] == [None, None, None, "mailbox_cap", "mailbox_cap"]


def test_each_reason_has_a_consequence_and_a_sentence() -> None:
    quoted = {word for word in rules.REASONS if f"'{word}'" in rules.STATEMENT}
    assert quoted == set(rules.REASONS)
    assert all(sentence.endswith(".") for _, sentence in rules.REASONS.values())


def test_a_breaker_opens_resumes_and_starts_afresh(world: World) -> None:
    limits = thresholds.load(world.settings.playbook).delivery
    for number in range(10):
        message = world.sent()
        if number < 3:
            world.event(message, "bounce")
            world.do(
                "insert into ops.message_event values (%s, 'b', 'bounced', ops.now())", message
            )
    with connect(world.settings.database_url) as conn:
        assert breakers.open_where_over(conn, limits) == [world.domain]
        assert breakers.open_where_over(conn, limits) == []
    reason = world.value("select reason from ops.breaker where domain = %s", world.domain)
    assert reason == "3 hard bounces of 10 sent; the limit is 5.0%."
    world.set_clock(MONDAY_NOON + timedelta(hours=1))
    with connect(world.settings.database_url) as conn:
        breakers.resume(conn, world.domain, "ann", "The list was cleaned.")
    world.set_clock(MONDAY_NOON + timedelta(hours=2))
    with connect(world.settings.database_url) as conn:
        assert breakers.open_where_over(conn, limits) == []
