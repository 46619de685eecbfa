"""No item of a digest stands without words that were said."""

from datetime import date
from pathlib import Path

import pytest

from baton.playbook import crm_fields
from baton.post_meeting.evidence import check
from baton.post_meeting.records import DigestText, NoteText, StepText, UpdateText
from baton.post_meeting.transcript import read

PLAYBOOK = Path(__file__).parents[3] / "include" / "playbook"
FIELDS = crm_fields.load(PLAYBOOK)
DAY = date(2026, 11, 20)
SAID = read({"uid": "u", "segments": [
    {"speaker": "Ada", "text": "We have a budget of EUR 40,000 for this year."},
    {"speaker": "Ada", "text": "We want to be live by 6 March 2027. We look at StockPilot too."},
    {"speaker": "Clara", "text": "I will send you the contract by 25 November 2026."},
]})  # fmt: skip


def digest(notes=(), steps=(), updates=()):
    return check(
        DigestText(
            notes=[NoteText(text=t, quote=q, speaker="Ada") for t, q in notes],
            next_steps=[StepText(text=t, owner="Clara", due_on=d, quote=q) for t, d, q in steps],
            crm_updates=[UpdateText(field=f, value=v, quote=q) for f, v, q in updates],
        ),
        SAID, FIELDS, DAY, 3,
    )  # fmt: skip


BUDGET = "We have a budget of EUR 40,000 for this year."
LIVE = "We want to be live by 6 March 2027."


@pytest.mark.parametrize(
    ("field", "value", "quote", "written"),
    [
        pytest.param("budget", "EUR 40,000", BUDGET, "EUR 40,000", id="a sum"),
        pytest.param("baton_budget", "40000 EUR", BUDGET, "40000 EUR", id="by the CRM's own name"),
        pytest.param("go_live", "2027-03-06", LIVE, "2027-03-06", id="a day"),
        pytest.param("go_live", "6 March 2027", LIVE, "2027-03-06", id="a day in words"),
        pytest.param("competitor", "StockPilot", "We look at StockPilot too.", "StockPilot", id="a name"),
    ],
)  # fmt: skip
def test_a_value_that_was_said_is_written(field, value, quote, written):
    found = digest(updates=[(field, value, quote)])
    assert [u.value for u in found.updates] == [written]
    assert not found.doubts


@pytest.mark.parametrize(
    ("field", "value", "quote"),
    [
        pytest.param("budget", "EUR 60,000", BUDGET, id="another sum"),
        pytest.param("budget", "a lot", BUDGET, id="no sum"),
        pytest.param("go_live", "2027-04-06", LIVE, id="another day"),
        pytest.param("competitor", "Planora", "We look at StockPilot too.", id="another name"),
    ],
)
def test_a_value_that_the_quote_does_not_say_is_for_a_person(field, value, quote):
    found = digest(updates=[(field, value, quote)])
    assert not found.updates
    assert [d.name for d in found.doubts] == [field]


def test_an_invented_quote_never_becomes_a_crm_write():
    found = digest(
        updates=[("budget", "EUR 90,000", "We have a budget of EUR 90,000 for this year.")]
    )
    assert (found.updates, found.doubts) == ((), ())
    assert found.dropped == {"update_without_quote": 1}


@pytest.mark.parametrize("field", ["amount", "dealstage", "hubspot_owner_id", "email"])
def test_a_field_that_the_playbook_does_not_list_is_never_written(field):
    found = digest(updates=[(field, "40000", BUDGET)])
    assert not found.updates
    assert found.dropped == {"field_not_allowed": 1}


def test_a_note_with_an_invented_quote_is_marked_and_one_with_an_invented_figure_dropped():
    found = digest(notes=[("They love it", "we really love all of it"),
                          ("They have 12 sites", BUDGET), ("They have a budget", BUDGET)])  # fmt: skip
    assert [(n.text, n.segment is not None) for n in found.notes] == [
        ("They love it", False), ("They have a budget", True)]  # fmt: skip
    assert found.dropped == {"note_without_ground": 1}


def test_a_due_day_that_nobody_said_is_left_open():
    quote = "I will send you the contract by 25 November 2026."
    found = digest(steps=[("Send the contract", "2026-11-25", quote),
                          ("Send the contract again", "2026-12-01", quote)])  # fmt: skip
    assert [s.due_on for s in found.steps] == [date(2026, 11, 25), None]
