"""A reviewer's work in a real browser: approve, edit, approve in bulk, kill, undo, see the sends."""

import json
from pathlib import Path

import httpx
import pytest

from baton.delivery.queue import enqueue_approved
from tests.browser.conftest import Site

pytestmark = pytest.mark.browser


def open_desk(page, site: Site):
    page.goto(f"{site.url}/baton/review")
    page.wait_for_selector(".letter .text")
    return page


def current(page) -> str:
    return page.inner_text("#drafts .current .name")


def state_of(site: Site, name: str) -> list[tuple]:
    return site.desk.execute(
        "select d.state, s.decided_by, s.decided_role, s.revision, s.bulk_id is not null, s.reason "
        "from ops.draft d join ops.contact c on c.id = d.contact_id "
        "left join ops.decision s on s.draft_id = d.id where c.full_name = %s",
        (name,),
    )


def test_the_desk_shows_inside_airflow(login, site):
    page = login("admin")
    page.goto(f"{site.url}/plugin/baton-review")
    frame = page.frame_locator("iframe")
    frame.locator(".letter .text").wait_for()
    assert frame.locator("html").get_attribute("data-theme") == page.evaluate(
        "document.documentElement.classList.contains('dark') ? 'dark' : 'light'"
    )


def test_the_whole_round_of_a_reviewer(login, site):
    page = open_desk(login("reviewer"), site)
    assert page.inner_text("#count-waiting") == "6"
    assert current(page) == "Jonas Keller"
    assert "EUR 24 million" in page.inner_text(".proof")

    page.keyboard.press("a")
    page.wait_for_selector("#toast:has-text('Approved: Jonas Keller')")
    assert state_of(site, "Jonas Keller") == [("approved", "reviewer", "reviewer", 1, False, None)]
    page.keyboard.press("u")
    page.wait_for_selector("#toast:has-text('Taken back')")
    page.wait_for_selector("#drafts .current:has-text('Jonas Keller')")
    page.wait_for_selector("#reader h2:has-text('Jonas Keller')")
    assert state_of(site, "Jonas Keller")[0][0] == "pending"
    page.keyboard.press("a")
    page.wait_for_selector("#reader h2:has-text('Priya Lindgren')")

    page.keyboard.press("e")
    page.fill("#edit-body", "Hi Priya,\n\nI will call you, {first_name}.")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".findings:has-text('placeholder')")
    page.fill("#edit-body", "Hi Priya,\n\nmay I call you on Thursday about planning?")
    page.keyboard.press("Control+Enter")
    page.wait_for_selector(".badge:has-text('Revision 2')")
    assert state_of(site, "Priya Lindgren") == [("pending", None, None, None, False, None)]
    page.keyboard.press("a")
    page.wait_for_selector("#reader h2:has-text('Camille Moreau')")
    assert state_of(site, "Priya Lindgren")[0][:4] == ("approved", "reviewer", "reviewer", 2)

    page.keyboard.press(" ")
    page.keyboard.press("j")
    page.wait_for_selector("#drafts .current:has-text('Tom Whitfield')")
    page.keyboard.press(" ")
    assert page.inner_text("#bulk-count") == "2 selected"
    page.keyboard.press("A")
    page.wait_for_selector("#toast:has-text('Approved 2 drafts')")
    assert state_of(site, "Camille Moreau")[0][4]
    assert state_of(site, "Tom Whitfield")[0][4]

    page.wait_for_selector("#reader h2:has-text('Freya Dahl')")
    page.keyboard.press("x")
    page.wait_for_selector("#kill-dialog[open]")
    page.keyboard.press("1")
    page.keyboard.press("Enter")
    page.wait_for_selector("#toast:has-text('Killed: Freya Dahl')")
    assert state_of(site, "Freya Dahl")[0] == (
        "killed", "reviewer", "reviewer", 1, False, "wrong_person"
    )  # fmt: skip

    site.desk.execute("update ops.clock set shift = shift + interval '5 minutes'")
    run = site.desk.run("delivery", "message_delivery")
    with site.desk.connection() as conn:
        assert enqueue_approved(conn, run, 60)["messages_queued"] == 4
    page.keyboard.press("g")
    page.wait_for_selector("#tab-decided[aria-selected=true]")
    rows = page.locator("#drafts li")
    rows.filter(has_text="Freya Dahl").locator(".badge:has-text('killed')").wait_for()
    for name in ("Jonas Keller", "Priya Lindgren", "Camille Moreau", "Tom Whitfield"):
        rows.filter(has_text=name).locator(".badge:has-text('queued')").wait_for()


def test_a_viewer_reads_and_cannot_decide(login, site):
    page = open_desk(login("viewer"), site)
    assert page.locator("#approve").count() == 0
    page.keyboard.press("?")
    keys = page.inner_text("#help-dialog[open] .keys")
    assert "next, previous draft" in keys
    assert "approve" not in keys
    page.keyboard.press("Escape")
    page.keyboard.press("a")
    answer = page.evaluate(
        """async () => {
            const id = document.querySelector("#drafts .current").dataset.id;
            const draft = await (await fetch(`/baton/review/drafts/${id}`)).json();
            const answer = await fetch(`/baton/review/drafts/${id}/approve`, {
                method: "POST", headers: { "Content-Type": "application/json" },
                body: JSON.stringify({ revision: draft.revision, content_hash: draft.content_hash }),
            });
            return answer.status;
        }"""
    )
    assert answer == 403
    assert state_of(site, "Mateo Rossi")[0][0] == "pending"


def test_a_rep_sees_only_their_own_leads(login, site):
    page = open_desk(login("clara.voss@halden.example"), site)
    page.keyboard.press("g")
    page.wait_for_selector("#tab-decided[aria-selected=true]")
    names = page.locator("#drafts .name").all_inner_texts()
    assert "Jonas Keller" in names
    assert "Freya Dahl" not in names
    theirs = site.desk.execute(
        "select d.id from ops.draft d join ops.contact c on c.id = d.contact_id "
        "where c.full_name = 'Freya Dahl'"
    )[0][0]
    assert page.evaluate(f"fetch('/baton/review/drafts/{theirs}').then(a => a.status)") == 404


def test_writes_from_elsewhere_are_refused(login, site):
    page = login("admin")
    cookies = {c["name"]: c["value"] for c in page.context.cookies()}
    url = f"{site.url}/baton/review/bulk"
    with httpx.Client(cookies=cookies, trust_env=False) as client:
        foreign = client.post(url, json={"choices": []}, headers={"Origin": "https://evil.example"})
        assert foreign.status_code == 403
        form = client.post(url, data={"choices": "[]"}, headers={"Origin": site.url})
        assert form.status_code == 415
    assert httpx.get(f"{site.url}/baton/review/drafts", trust_env=False).status_code == 401


def test_text_from_outside_stays_text(login, site):
    title = "<img src=x onerror=window.stolen=1></script><script>window.stolen=1</script>"
    lead = site.desk.lead("Poison Cargo", full_name="Eve <b>Bold</b>", quartile=1)
    site.desk.signal(lead.domain, "hiring", title, title)
    from baton.drafting.steps import draft

    run = site.desk.run("drafting", "draft_generation")
    draft(run)
    site.desk.release(run)
    page = login("admin")
    problems = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    open_desk(page, site)
    page.locator("#drafts li").filter(has_text="Eve").locator(".open").click()
    page.wait_for_selector("#reader h2:has-text('Eve <b>Bold</b>')")
    assert page.evaluate("window.stolen") is None
    assert page.locator("#reader img").count() == 0
    assert "<img src=x" in page.inner_text(".side")
    assert problems == []
    policy = httpx.get(f"{site.url}/baton/static/base.css", trust_env=False).headers
    assert policy["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_both_themes_have_contrast(login, site, theme):
    page = open_desk(login("admin", theme=theme), site)
    assert page.evaluate("document.documentElement.dataset.theme") == theme
    ratios = page.evaluate(Path(__file__).with_name("contrast.js").read_text())
    poor = {name: ratio for name, ratio in ratios.items() if ratio < 4.5}
    assert ratios
    assert poor == {}, json.dumps(ratios)
