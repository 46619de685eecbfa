"""The default market leads some of the people written to through every layer, with certainty."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from sandbox.market import truth
from tests.unit.sandbox.support import MONDAY, make_sandbox

DAY = 86_400


def run_motion(sandbox, sends):
    """Write to `sends` people, then let the demo's three spans of time pass."""
    sandbox.control("settle")
    for address in sandbox.targets(sends):
        assert sandbox.send(address).status_code == 202
    spans = [sandbox.control("advance", by_seconds=s) for s in (26 * 3600, 9 * DAY, 60 * DAY)]
    return [span["happened"] for span in spans]


@pytest.fixture(scope="module")
def sandbox():
    return make_sandbox()


@pytest.fixture(scope="module")
def spans(sandbox):
    return run_motion(sandbox, 30)


@pytest.mark.parametrize("answer", ["positive", "price", "opt_out", "out_of_office", "objection"])
def test_within_a_day_people_answer_in_every_way(spans, answer):
    assert spans[0][f"reply_{answer}"] >= 1


def test_within_a_day_there_are_bookings_one_moved_and_one_cancelled(spans):
    assert spans[0]["booking_created"] >= 5
    assert spans[0]["booking_rescheduled"] >= 1
    assert spans[0]["booking_cancelled"] >= 1


def test_one_address_bounces_and_everything_else_arrives(spans):
    assert spans[0]["mail_bounce"] == 1
    assert spans[0]["mail_delivered"] == 29
    assert "mail_spamreport" not in spans[0]


def test_within_nine_days_meetings_are_held_and_one_guest_does_not_come(spans):
    assert spans[1]["meeting_held"] >= 2
    assert spans[1]["transcript"] == spans[1]["meeting_held"]
    assert spans[1]["no_show"] >= 1


def test_after_sixty_days_deals_are_won_and_lost(spans):
    created = sum(span.get("deal_created", 0) for span in spans)
    assert created >= 2
    assert spans[2]["deal_won"] >= 1
    assert spans[2]["deal_lost"] >= 1


@pytest.mark.parametrize("sends", [12, 25, 40])
@pytest.mark.parametrize("seed", [7, 8])
def test_the_funnel_is_full_for_other_sizes_and_seeds_too(sends, seed):
    first, second, third = run_motion(make_sandbox(seed=seed), sends)
    total = {k: first.get(k, 0) + second.get(k, 0) + third.get(k, 0) for k in
             {*first, *second, *third}}  # fmt: skip
    assert {
        k
        for k in (
            "reply_positive",
            "reply_price",
            "reply_opt_out",
            "reply_out_of_office",
            "mail_bounce",
            "no_show",
            "deal_won",
        )
        if total.get(k, 0) < 1
    } == set()
    assert total["meeting_held"] >= 2
    assert total["deal_created"] >= 2


def test_the_same_sends_have_the_same_consequences():
    assert run_motion(make_sandbox(), 15) == run_motion(make_sandbox(), 15)


def test_everything_reached_the_receiver_and_everything_was_signed(sandbox, spans):
    receiver, total = sandbox.receiver, sandbox.world.counts
    assert receiver.unsigned == []
    assert len(receiver.transcripts) == total["transcript"]
    assert len(receiver.inbound) == sum(n for k, n in total.items() if k.startswith("reply_"))
    assert len(receiver.events) == sum(n for k, n in total.items() if k.startswith("mail_"))
    assert len(receiver.one_clicks) == total["one_click"]
    assert len(receiver.signals) == total["signal_site"] + total["signal_product"]


def test_a_booking_carries_guest_host_times_and_the_links_uid(sandbox, spans):
    booked = sandbox.receiver.bookings[0]
    payload = booked["payload"]
    assert booked["triggerEvent"] == "BOOKING_CREATED"
    guest = payload["attendees"][0]["email"]
    assert guest in sandbox.targets(30)
    assert payload["organizer"]["email"] == "clara.voss@halden.example"
    assert payload["metadata"]["uid"] == f"ref-{guest.split('@')[0]}"
    start, end = (datetime.fromisoformat(payload[k]) for k in ("startTime", "endTime"))
    assert end - start == timedelta(minutes=30)
    assert start.weekday() < 5
    assert start > datetime.fromisoformat(booked["createdAt"])


def test_a_moved_booking_has_a_new_uid_and_names_the_old_one(sandbox, spans):
    moved = [b for b in sandbox.receiver.bookings if b["triggerEvent"] == "BOOKING_RESCHEDULED"]
    created = {
        b["payload"]["uid"]
        for b in sandbox.receiver.bookings
        if b["triggerEvent"] == "BOOKING_CREATED"
    }
    assert moved[0]["payload"]["rescheduleUid"] in created
    assert moved[0]["payload"]["uid"] not in created


def test_no_rep_is_booked_twice_for_the_same_time(sandbox, spans):
    taken = [
        (b["rep"], b["start"]) for b in sandbox.world.bookings.values() if b["status"] == "ACCEPTED"
    ]
    assert len(set(taken)) == len(taken)


def test_a_transcript_has_facts_and_dated_next_steps(sandbox, spans):
    told = sandbox.receiver.transcripts[0]
    assert told["booking_uid"] in sandbox.world.bookings
    assert re.search(r"I will send you .+ by \d{1,2} \w+ \d{4}", told["text"])
    assert re.search(r"budget of EUR [\d,]+", told["text"])
    ends = [s["end"] for s in told["segments"]]
    assert ends == sorted(ends)


def test_people_answer_in_their_own_office_hours(sandbox, spans):
    for form in sandbox.receiver.inbound:
        if "Auto-Submitted" in form["headers"]:
            continue
        date = re.search(r"^Date: (.+)$", form["headers"], re.MULTILINE)[1]
        assert datetime.strptime(date, "%a, %d %b %Y %H:%M:%S %z").weekday() < 5


def test_an_answer_quotes_the_thread_and_names_the_mail_it_answers(sandbox, spans):
    sent = {m.smtp_id for m in sandbox.world.mailbox.mails}
    for form in sandbox.receiver.inbound:
        answered = re.search(r"^In-Reply-To: (.+)$", form["headers"], re.MULTILINE)[1]
        assert answered in sent
        automatic = "Auto-Submitted: auto-replied" in form["headers"]
        assert ("> Hello," in form["text"]) is not automatic


def test_a_later_mail_to_a_silent_person_may_still_be_answered():
    sandbox = make_sandbox(storyline=False)
    account = next(a for a in sandbox.world.market.targets if a.icp > 0.9)
    person = next(p for p in sandbox.world.market.people if p.account_id == account.id)
    for _ in range(40):
        sandbox.send(person.email)
        sandbox.control("advance", by_seconds=3 * DAY)
    answers = sum(n for k, n in sandbox.world.counts.items() if k.startswith("reply_"))
    assert answers >= 1
    assert sandbox.world.stories[person.email]["part"] in ("drawn", "silent", "out_of_office")


def test_without_the_storyline_answers_follow_the_true_probabilities():
    sandbox = make_sandbox(storyline=False, scale=6)
    market = sandbox.world.market
    people = [p for p in market.people if market.account_by_id[p.account_id].origin == "target"]
    expected = variance = 0.0
    for person in people:
        sandbox.send(person.email)
        account = market.account_by_id[person.account_id]
        chance = truth.reply_probability(market, account, person, MONDAY, 1)
        chance *= person.address_valid
        expected += chance
        variance += chance * (1 - chance)
    sandbox.control("advance", by_seconds=4 * DAY)
    answers = sum(
        n
        for k, n in sandbox.world.counts.items()
        if k.startswith("reply_") and k != "reply_out_of_office"
    )
    assert abs(answers - expected) < 4 * variance**0.5
    assert sandbox.world.clock.now == MONDAY.astimezone(UTC) + timedelta(days=4)
