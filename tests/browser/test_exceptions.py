"""What the machine could not decide, on one page: item, owner, age; a rep sees what is theirs."""

import json
from pathlib import Path

import pytest

from baton.delivery import attempts
from baton.delivery.queue import enqueue_approved
from baton.review import decide
from tests.browser.conftest import Site
from tests.integration.drafting.funnel import CLARA, OWEN
from tests.integration.review.desk import ANNA

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tasks(site: Site) -> None:
    """Three open exceptions, one of them nobody's, and one that is done."""
    for key, owner, title, hours, done in (
        ("a", None, "No rule places this <b>lead</b>", 50, None),
        ("b", CLARA, "A reply nobody understands", 5, None),
        ("c", OWEN, "A field of the CRM is unsure", 2, None),
        ("d", CLARA, "Long settled", 90, "anna"),
    ):
        site.desk.execute(
            "insert into ops.task (kind, is_exception, subject_kind, subject_id, title, "
            "owner_rep_id, created_at, done_at, done_by) values ('unsure', true, 'reply', %s, %s, "
            "%s, ops.now() - make_interval(hours => %s), "
            "case when %s::text is not null then ops.now() end, %s)",
            (key, title, site.desk.rep(owner) if owner else None, hours, done, done),
        )


def rows(page, site: Site) -> list[str]:
    page.goto(f"{site.url}/baton/exceptions")
    page.wait_for_selector("h1")
    return page.locator("tbody tr").all_inner_texts()


def test_everything_open_is_listed_the_oldest_first(login, site, tasks):
    shown = rows(login("reviewer"), site)
    assert [text.split("\t")[0].strip() for text in shown] == [
        "No rule places this <b>lead</b>",
        "A reply nobody understands",
        "A field of the CRM is unsure",
    ]
    assert "nobody yet" in shown[0]
    assert "2 days" in shown[0]
    assert "Clara Voss" in shown[1]
    assert "5 h" in shown[1]


def test_a_rep_sees_their_own_and_what_is_nobodys(login, site, tasks):
    shown = "".join(rows(login("clara.voss@halden.example"), site))
    assert "A reply nobody understands" in shown
    assert "No rule places this" in shown
    assert "CRM" not in shown


@pytest.fixture(scope="module")
def unknown(site: Site) -> str:
    """An approved message whose sender was lost on the way."""
    desk = site.desk
    (choice,) = desk.drafted("Undecided Goods")
    run = desk.run("delivery", "message_delivery")
    with desk.connection() as conn:
        decide.approve(conn, ANNA, choice)
        enqueue_approved(conn, run, 0)
        message = conn.execute(
            "update ops.message set state = 'dispatching' where draft_id = %s returning id",
            (choice.draft_id,),
        ).fetchone()[0]
        conn.execute("insert into ops.attempt (message_id, number, worker, outcome, detail) "
                     "values (%s, 1, 'w', 'ambiguous', 'No answer came.')", (message,))  # fmt: skip
        conn.execute("update ops.message set state = 'unknown', state_reason = 'No answer came.' "
                     "where id = %s", (message,))  # fmt: skip
        attempts.ask_a_person(conn, message, "No answer came.", run.id)
        conn.execute("insert into ops.breaker (domain, is_open, reason, opened_at) values "
                     "('sick.example', true, '3 hard bounces of 40 sent; the limit is 2.0%.', "
                     "ops.now() - interval '3 hours')")  # fmt: skip
    return message


def test_an_unknown_message_is_settled_with_the_keyboard(login, site, tasks, unknown, tmp_path):
    page = login("admin")
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(f"{site.url}/baton/exceptions")
    row = page.locator("tr").filter(has_text="Undecided Goods")
    row.locator("button").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#decide[open]")
    page.keyboard.press("Control+Enter")
    assert page.inner_text("#problem") == "Choose whether it was sent."
    page.keyboard.press("ArrowDown")
    page.locator("input[value=no]").check()
    page.keyboard.press("Control+Enter")
    assert "Say why" in page.inner_text("#problem")
    page.fill("#reason", "The vendor's log has no such mail.")
    page.screenshot(path=str(tmp_path / "settle.png"))
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#said:has-text('It is not sent again')")
    assert row.locator(".badge:has-text('decided')").count() == 1
    page.screenshot(path=str(tmp_path / "settled.png"))
    assert site.desk.execute(
        "select m.state, m.settled_by, t.done_by, t.outcome from ops.message m join ops.task t "
        "on t.subject_id = m.id where m.id = %s", (unknown,)
    ) == [("failed", "person:admin", "admin",
           "It was not sent: The vendor's log has no such mail.")]  # fmt: skip
    assert site.desk.execute("select count(*) from ops.attempt where message_id = %s",
                             (unknown,)) == [(1,)]  # fmt: skip
    page.reload()
    assert row.count() == 0
    assert problems == []


def test_what_is_refused_is_said_in_the_dialog(login, site, tasks, unknown):
    page = login("admin")
    page.goto(f"{site.url}/baton/exceptions")
    page.locator("tr").filter(has_text="sick.example").locator("button").click()
    site.desk.execute("update ops.breaker set is_open = false")
    page.fill("#reason", "The list was cleaned.")
    page.click("#decide-save")
    page.wait_for_selector("#problem:has-text('The domain sick.example is not stopped.')")
    assert page.input_value("#reason") == "The list was cleaned."
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.act") == "resume"


def test_a_reader_has_no_buttons(login, site, tasks):
    page = login("reviewer")
    page.goto(f"{site.url}/baton/exceptions")
    page.wait_for_selector("h1")
    assert page.locator("button[data-act]").count() == 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_have_contrast(login, site, tasks, theme, tmp_path):
    site.desk.execute("update ops.breaker set is_open = true")
    page = login("admin", theme=theme)
    page.goto(f"{site.url}/baton/exceptions")
    page.wait_for_selector("h1")
    page.screenshot(path=str(tmp_path / f"{theme}.png"), full_page=True)
    ratios = page.evaluate(Path(__file__).with_name("contrast.js").read_text())
    page.locator("button[data-act=done]").first.click()
    page.click("#decide-save")
    page.screenshot(path=str(tmp_path / f"{theme}-dialog.png"))
    ratios |= page.evaluate(Path(__file__).with_name("contrast.js").read_text())
    assert ".problem" in ratios
    poor = {name: ratio for name, ratio in ratios.items() if ratio < 4.5}
    assert poor == {}, json.dumps(ratios)
