"""A real Airflow api-server with Baton's pages, drafts to decide, and a real Chromium."""

import os
import shutil
import socket
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from baton.core import settings as core_settings
from baton.core.ids import new_id
from baton.core.settings import PROJECT
from baton.drafting.steps import draft
from baton.services import airflow_schema
from baton.services.airflow_config import airflow_env, passwords
from baton.services.profile import open_profile
from baton.services.supervisor import Program, Supervisor
from baton.warehouse.embedded import PostgresServer
from tests.integration.drafting.funnel import CLARA, OWEN
from tests.integration.review.desk import Desk

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
USERS = {
    "admin": "admin",
    "reviewer": "viewer",
    "viewer": "viewer",
    "clara.voss@halden.example": "viewer",
}
SECRET = "a secret that only tests use"
LEADS = (
    ("Nordwind Freight", "Jonas Keller", CLARA, 1),
    ("Alderbrook Supply", "Priya Lindgren", CLARA, 1),
    ("Ostermann Works", "Camille Moreau", OWEN, 2),
    ("Halcyon Foods", "Tom Whitfield", CLARA, 2),
    ("Merrow Logistics", "Freya Dahl", OWEN, 3),
    ("Quillon Direct", "Mateo Rossi", CLARA, 4),
)


@dataclass(frozen=True)
class Site:
    """Where Airflow runs, who may log in, and the drafts that wait there."""

    url: str
    passwords: dict[str, str]
    desk: Desk


def chromium() -> str | None:
    """The browser to use: BATON_CHROMIUM, the system's, or Playwright's own."""
    named = os.environ.get("BATON_CHROMIUM") or shutil.which("chromium")
    if named and Path(named).exists():
        return named
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        own = playwright.chromium.executable_path
    return own if Path(own).exists() else None


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; without one these tests are left out, and say so."""
    executable = chromium()
    if executable is None:
        pytest.skip("No Chromium: the pages were not tried in a browser (set BATON_CHROMIUM).")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        yield launched
        launched.close()


@pytest.fixture(scope="module")
def site(
    browser: Any,
    new_database: Callable[[], str],
    migrated: PostgresServer,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Site]:
    """An api-server with SimpleAuthManager over a warehouse with drafts (browser first: no skip
    after half a minute of starting)."""
    home = tmp_path_factory.mktemp("airflow")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    warehouse = new_database()
    metadata = migrated.create_database(new_id("airflow"))
    environ = {
        "PATH": f"{PROJECT / '.venv' / 'bin'}:{os.environ['PATH']}",
        "HOME": str(home),
        "TZ": "UTC",
        "BATON_DATABASE_URL": warehouse,
        "BATON_SECRET": SECRET,
        "BATON_PROFILE": "test",
        "BATON_HOME": str(home),
        **airflow_env(home, metadata, port=port, schedules=False, users=USERS),
    }
    airflow = str(PROJECT / ".venv" / "bin" / "airflow")
    if not airflow_schema.fill(metadata):
        subprocess.run([airflow, "db", "migrate"], env=environ, check=True, capture_output=True)
    desk = Desk(core_settings.load(environ))
    desk.execute("update ops.clock set sandbox = true")
    for name, person, rep, quartile in LEADS:
        desk.lead(name, full_name=person, rep=rep, quartile=quartile)
    run = desk.run("drafting", "draft_generation")
    draft(run)
    desk.release(run)
    url = f"http://127.0.0.1:{port}"

    def is_ready() -> bool:
        try:
            return httpx.get(f"{url}/api/v2/version", timeout=5, trust_env=False).is_success
        except httpx.HTTPError:
            return False

    with Supervisor(open_profile("test", home)) as services:
        services.start(Program("api-server", (airflow, "api-server"), environ, is_ready))
        services.wait_ready()
        yield Site(url, passwords(home, USERS), desk)


@pytest.fixture
def login(browser: Any, site: Site) -> Iterator[Callable[..., Any]]:
    """Log a user in through Airflow's own form; returns the page in its own browser context."""
    contexts = []

    def log_in(user: str, *, theme: str = "light") -> Any:
        context = browser.new_context(viewport={"width": 1360, "height": 820}, color_scheme=theme)
        contexts.append(context)
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.goto(f"{site.url}/auth/login/")
        page.fill("input[name=username]", user)
        page.fill("input[name=password]", site.passwords[user])
        with page.expect_navigation():
            page.click("button[type=submit]")
        page.wait_for_url(lambda url: "/auth/login" not in url)
        return page

    yield log_in
    for context in contexts:
        context.close()
