"""What the machine could not decide, on one page: item, owner, age; a rep sees what is theirs."""

import pytest

from tests.browser.conftest import Site
from tests.integration.drafting.funnel import CLARA, OWEN

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
