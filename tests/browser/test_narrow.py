"""The pages on a narrow window: nothing is wider than it."""

import pytest

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("user", ["admin", "clara.voss@halden.example"])
def test_no_page_scrolls_sideways_at_500_pixels(login, site, user):
    page = login(user)
    page.set_viewport_size({"width": 500, "height": 800})
    wide = {}
    for name in ("review", "briefs", "exceptions", "report"):
        page.goto(f"{site.url}/baton/{name}")
        page.wait_for_load_state("networkidle")
        wide[name] = page.evaluate("document.documentElement.scrollWidth")
    assert {name: width for name, width in wide.items() if width > 500} == {}
