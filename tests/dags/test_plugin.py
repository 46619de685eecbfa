"""The pages' door: who gets in, from where, and with what."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import pytest
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi import APIRouter, Depends
from fastapi.testclient import TestClient

from baton.playbook.roles import Person
from tests.dags.conftest import PROJECT

HOST = "http://testserver"
JSON = {"origin": HOST, "content-type": "application/json"}


@pytest.fixture(scope="module")
def app() -> Any:
    """The app with its pages, and a few routes to try the door with."""
    from baton.playbook import thresholds
    from baton_airflow.hooks import settings
    from pages.access import require
    from pages.app import create_app

    made = create_app()
    trial = APIRouter(prefix="/trial")
    for role in ("viewer", "rep", "reviewer", "revops", "administrator"):

        def write(user: Annotated[Person, Depends(require(role))]) -> dict[str, Any]:
            return {"name": user.name, "role": user.role, "rep": user.rep_email}

        trial.add_api_route(f"/{role}", write, methods=["GET", "POST"])

    @trial.get("/thresholds")
    def read() -> str:
        return repr(thresholds.load(settings().playbook))

    made.include_router(trial)
    return made


@pytest.fixture
def sign_in(app: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., TestClient]]:
    """Make a client; with a name it is signed in, as Airflow's own login would have it."""
    monkeypatch.setenv("BATON_DATABASE_URL", "postgresql://baton:pw@127.0.0.1:5/baton")
    monkeypatch.setenv("BATON_SECRET", "a secret that only tests use")

    def make(name: str | None = None, role: str = "viewer") -> TestClient:
        app.dependency_overrides.clear()
        if name is not None:
            user = SimpleAuthManagerUser(username=name, role=role)
            app.dependency_overrides[get_user] = lambda: user
        return TestClient(app, base_url=HOST, follow_redirects=False)

    yield make
    app.dependency_overrides.clear()


@pytest.mark.parametrize("path", ["/", "/review", "/report", "/trial/viewer"])
def test_a_stranger_sees_nothing(path: str, sign_in: Any) -> None:
    assert sign_in().get(path).status_code == 401


@pytest.mark.parametrize("path", ["/docs", "/redoc", "/openapi.json"])
def test_nothing_describes_the_routes(path: str, sign_in: Any) -> None:
    assert sign_in().get(path).status_code == 404
    assert sign_in("ann", "admin").get(path).status_code == 404


def test_a_browser_without_a_login_is_shown_it(sign_in: Any) -> None:
    from airflow.api_fastapi.app import create_auth_manager

    create_auth_manager()
    answer = sign_in().get("/review", headers={"accept": "text/html"})
    assert answer.status_code == 302
    assert answer.headers["location"].startswith("/auth/login?next=")


def test_a_browser_is_told_on_a_page_why_not(
    sign_in: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    answer = sign_in("ann", "public").get("/trial/viewer", headers={"accept": "text/html"})
    assert answer.status_code == 403
    assert answer.headers["content-type"].startswith("text/html")
    assert "<h1>Forbidden</h1>" in answer.text
    assert "ann has no role in Baton" in answer.text
    # WHEN somebody mistyped a threshold, the desk needs it, and nothing else is wrong
    playbook = tmp_path / "playbook"
    shutil.copytree(PROJECT / "include" / "playbook", playbook)
    path = playbook / "thresholds.yml"
    path.write_text(path.read_text().replace("undo_seconds: 60", "undo_seconds: sixty"))
    monkeypatch.setenv("BATON_PLAYBOOK", str(playbook))
    client = sign_in("root", "admin")
    assert client.get("/trial/thresholds").status_code == 503
    answer = client.get("/trial/thresholds", headers={"accept": "text/html"})
    assert answer.status_code == 503
    assert "undo_seconds" in answer.text


def test_a_user_without_a_role_learns_where_roles_are_given(sign_in: Any) -> None:
    answer = sign_in("ann", "public").get("/trial/viewer")
    assert answer.status_code == 403
    assert "roles.yml" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("name", "airflow_role", "route", "status"),
    [
        pytest.param("ann", "viewer", "viewer", 200, id="viewer reads"),
        pytest.param("ann", "viewer", "rep", 403, id="viewer decides nothing"),
        pytest.param("owen.hughes@halden.example", "viewer", "rep", 200, id="rep decides"),
        pytest.param("owen.hughes@halden.example", "viewer", "reviewer", 403, id="rep, not all"),
        pytest.param("reviewer", "viewer", "reviewer", 200, id="reviewer decides for all"),
        pytest.param("reviewer", "viewer", "revops", 403, id="reviewer pauses nothing"),
        pytest.param("revops", "user", "revops", 200, id="revops pauses"),
        pytest.param("revops", "user", "administrator", 403, id="revops administers nothing"),
        pytest.param("root", "admin", "administrator", 200, id="administrator"),
    ],
)
def test_one_check_for_every_role(
    name: str, airflow_role: str, route: str, status: int, sign_in: Any
) -> None:
    client = sign_in(name, airflow_role)
    assert client.post(f"/trial/{route}", json={}, headers=JSON).status_code == status
    assert client.get(f"/trial/{route}").status_code == status


def test_a_rep_is_known_by_their_address(sign_in: Any) -> None:
    seen = sign_in("owen.hughes@halden.example").get("/trial/rep").json()
    assert seen == {
        "name": "owen.hughes@halden.example",
        "role": "rep",
        "rep": "owen.hughes@halden.example",
    }


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param(JSON, 200, id="own page"),
        pytest.param(
            {**JSON, "content-type": "application/json; charset=utf-8"}, 200, id="charset"
        ),
        pytest.param({**JSON, "origin": "http://evil.example"}, 403, id="another site"),
        pytest.param({**JSON, "origin": "http://testserver.evil.example"}, 403, id="look-alike"),
        pytest.param({**JSON, "origin": "http://testserver:8081"}, 403, id="another port"),
        pytest.param({**JSON, "origin": "null"}, 403, id="a sandboxed frame"),
        pytest.param({"content-type": "application/json"}, 403, id="no origin"),
        pytest.param(
            {"content-type": "application/json", "authorization": "Bearer abc"}, 200, id="own token"
        ),
        pytest.param(
            {"origin": HOST, "content-type": "application/x-www-form-urlencoded"}, 415, id="a form"
        ),
        pytest.param({"origin": HOST, "content-type": "text/plain"}, 415, id="plain text"),
        pytest.param({"origin": HOST}, 415, id="nothing said"),
    ],
)
def test_a_write_comes_from_our_own_pages_as_json(
    headers: dict[str, str], status: int, sign_in: Any
) -> None:
    answer = sign_in("root", "admin").post("/trial/administrator", content=b"{}", headers=headers)
    assert answer.status_code == status


def test_markup_from_outside_could_not_run(sign_in: Any) -> None:
    headers = sign_in("ann").get("/").headers
    policy = headers["content-security-policy"]
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'self'" in policy
    assert headers["cache-control"] == "no-store"


def test_the_home_page_leads_to_every_page_and_escapes_names(sign_in: Any) -> None:
    from pages import PAGES

    text = sign_in("<b>ann</b>").get("/").text
    assert "<b>ann" not in text
    for page in PAGES:
        assert f'href="{page.path}"' in text


def test_every_page_has_its_place_in_the_navigation() -> None:
    from baton_plugin import BatonPlugin
    from pages import PAGES

    shown = {view["href"]: view["destination"] for view in BatonPlugin.external_views}
    assert shown == {page.path: "nav" for page in PAGES}
    for view in BatonPlugin.external_views:
        for icon in (view["icon"], view["icon_dark_mode"]):
            assert (PROJECT / "plugins" / "pages" / icon.removeprefix("/baton/")).is_file()


def test_loading_the_plugin_makes_no_app() -> None:
    """Every task loads the plugins; the pages would cost each of them half a second."""
    code = "import sys, baton_plugin; print('pages.app' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": f"{PROJECT / 'include'}:{PROJECT / 'plugins'}"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.splitlines()[-1] == "False"
