"""`baton why`: one message, from the signal that started it to the revenue that came of it."""

import json
from typing import Any

import pytest
from click.testing import CliRunner

from baton.cli import cli
from baton.cli_output import plain
from baton.core.errors import InputError
from baton.reports.why import ORDER, story_of
from baton.reports.why_text import told
from baton.warehouse.connect import connect
from tests.integration.reports.conftest import Published


def story(published: Published, message: str) -> dict[str, Any]:
    with connect(published.settings.database_url) as conn:
        return story_of(conn, message)


def message_of(published: Published, number: int) -> dict[str, Any]:
    return published.rows(
        "select m.* from ops.message m join ops.contact c on c.id = m.contact_id "
        "where c.full_name = %s",
        f"Pat {number}",
    )[0]


def test_a_won_deal_is_traced_to_its_signal(published: Published) -> None:
    message = message_of(published, 16)
    found = story(published, message["id"])
    assert tuple(found) == ORDER
    assert [s["title"] for s in found["signals"]] == ["Buyer 16 raises money"]
    assert found["lead"]["icp_quartile"] == 1
    assert found["routing"]["owner"] == "Clara Voss"
    assert found["claims"][0]["evidence_id"] == found["signals"][0]["id"]
    assert (found["decision"]["verdict"], found["decision"]["decided_by"]) == ("approved", "ann")
    assert [a["outcome"] for a in found["attempts"]] == ["accepted"]
    assert [e["event_type"] for e in found["events"]] == ["delivered"]
    assert [r["intent"] for r in found["replies"]] == ["positive"]
    assert [b["state"] for b in found["bookings"]] == ["booked"]
    assert [(m["outcome"], m["has_complete_brief"]) for m in found["meetings"]] == [
        ("attended", True)
    ]
    assert [(o["id"], o["outcome"]) for o in found["opportunities"]] == [("crm:o16", "won")]
    credited = {c["credit_model"]: c["credit"] for c in found["credits"]}
    assert credited == {"first_touch": 16_000, "linear": 8_000}, "the meeting has the rest"
    json.dumps(found, default=plain)


def test_it_is_told_in_the_order_in_which_it_happened(published: Published) -> None:
    lines = told(story(published, message_of(published, 16)["id"])).splitlines()
    words = [line.split()[0] for line in lines[1:]]
    assert words == [
        "subject", "signal", "lead", "because", "owner", "claim", "decided", "queued", "attempt",
        "event", "reply", "booking", "meeting", "opportunity", "credit", "credit", "now",
    ]  # fmt: skip
    assert "Buyer 16 raises money (news, 10 points)" in lines[2]
    assert "employees 640: 20 of 20 points" in lines[4]


def test_a_signal_that_only_the_message_speaks_of_is_told_too(published: Published) -> None:
    message = message_of(published, 16)
    with connect(published.settings.database_url) as conn:
        conn.execute(
            "insert into landing.signal (source, natural_key, occurred_at, received_at, run_id, "
            "signal_type, title, payload) select 'jobs', 'later', occurred_at + interval '1 day', "
            "received_at, run_id, 'hiring', 'Buyer 16 hires', '{}' from landing.signal "
            "where natural_key = 's16'"
        )
        conn.execute(
            "insert into ops.claim (draft_id, revision, position, text, evidence_id, evidence_text, "
            "grounded) values (%s, %s, 9, 'You hire.', ops.signal_id('jobs', 'later'), 'x', true)",
            (message["draft_id"], message["revision"]),
        )
        found = story_of(conn, message["id"])
        conn.rollback()
    assert [s["title"] for s in found["signals"]] == ["Buyer 16 raises money", "Buyer 16 hires"]
    assert "Buyer 16 hires (jobs)" in told(found)


def test_a_send_key_names_the_message_too(published: Published) -> None:
    message = message_of(published, 1)
    assert story(published, message["send_key"])["message"]["id"] == message["id"]


def test_a_message_without_consequence_ends_where_it_ended(published: Published) -> None:
    found = story(published, message_of(published, 13)["id"])
    assert found["message"]["state"] == "bounced"
    assert not any(found[part] for part in ("replies", "bookings", "meetings", "opportunities"))
    assert told(found).endswith("now         bounced")


def test_an_unknown_message_is_a_sentence(published: Published) -> None:
    with pytest.raises(InputError, match="There is no message and no opportunity 'msg_nowhere'"):
        story(published, "msg_nowhere")


def test_the_command_answers_in_text_and_in_json(
    published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in published.settings.environ.items():
        monkeypatch.setenv(name, value)
    message = message_of(published, 16)["id"]
    said = CliRunner().invoke(cli, ["why", message])
    assert said.exit_code == 0, said.output
    assert "opportunity" in said.output
    answer = json.loads(CliRunner().invoke(cli, ["why", message, "--json"]).output)
    assert answer["message"]["id"] == message


@pytest.mark.parametrize("form", ["table", "html", "json", "csv"])
def test_the_report_command_prints_every_form(
    published: Published, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    for name, value in published.settings.environ.items():
        monkeypatch.setenv(name, value)
    said = CliRunner().invoke(cli, ["report", "--format", form])
    assert said.exit_code == 0, said.output
    assert "win_rate" in said.output or "Win rate" in said.output
