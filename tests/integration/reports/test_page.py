"""The report's page inside Airflow: who sees it, what it can be cut by, what happens without one."""

from collections.abc import Callable
from typing import Any

import pytest
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from baton_airflow.hooks import settings as hooked
from tests.integration.reports.conftest import Published, make_settings


@pytest.fixture(scope="module")
def app() -> Any:
    from pages.app import create_app

    return create_app()


@pytest.fixture
def client(app: Any, published: Published, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Somebody who may only look."""
    for name, value in published.settings.environ.items():
        monkeypatch.setenv(name, value)
    user = SimpleAuthManagerUser(username="vera", role="viewer")
    app.dependency_overrides = {get_user: lambda: user, hooked: lambda: published.settings}
    return TestClient(app, base_url="http://testserver")


def test_a_viewer_sees_the_report(client: TestClient) -> None:
    answer = client.get("/report")
    assert answer.status_code == 200
    for said in ("Where do we lose people?", "From signal to revenue", "Win rate", 'href="#def-'):
        assert said in answer.text
    assert "style-src 'self';" in answer.headers["content-security-policy"]
    assert 'style="' not in answer.text


def test_it_is_compared_by_a_cut_and_narrowed_to_a_group(client: TestClient) -> None:
    compared = client.get("/report", params={"cut": "rep"}).text
    assert "Delivery by Rep" in compared
    assert "?cut=rep&amp;value=Owen%20Hughes" in compared
    one = client.get("/report", params={"cut": "rep", "value": "Owen Hughes"}).text
    assert "Rep Owen Hughes" in one
    assert "120" in one


@pytest.mark.parametrize(
    ("params", "status"),
    [
        pytest.param({"cut": "shoe_size"}, 404, id="no such cut"),
        pytest.param({"cut": "x" * 41}, 422, id="a cut too long"),
        pytest.param({"cut": "rep", "value": "Owen Huges"}, 404, id="a group that is not there"),
        pytest.param({"cut": "rep", "value": "<script>"}, 404, id="a group that is a script"),
        pytest.param({"value": "Owen Hughes"}, 404, id="a group of no cut"),
    ],
)
def test_odd_questions(client: TestClient, params: dict[str, str], status: int) -> None:
    answer = client.get("/report", params=params, headers={"accept": "text/html"})
    assert answer.status_code == status
    assert "<script>" not in answer.text.replace('<script src="', "")


def test_a_group_that_is_not_there_is_a_sentence(client: TestClient) -> None:
    answer = client.get("/report", params={"cut": "rep", "value": "Owen Huges"})
    assert (
        answer.json()["detail"]
        == "The report has no 'Owen Huges' under Rep; its page lists the groups."
    )


def test_the_style_is_served_by_itself(client: TestClient) -> None:
    answer = client.get("/report/style.css")
    assert answer.headers["content-type"].startswith("text/css")
    assert ".funnel" in answer.text


def test_without_a_report_the_page_says_how_to_get_one(
    app: Any, client: TestClient, new_database: Callable[[], str], tmp_path: Any
) -> None:
    empty = make_settings(new_database(), tmp_path)
    app.dependency_overrides[hooked] = lambda: empty
    answer = client.get("/report")
    assert answer.status_code == 200
    assert "baton run attribution" in answer.text


def test_without_a_warehouse_the_page_says_so(app: Any, client: TestClient, tmp_path: Any) -> None:
    app.dependency_overrides[hooked] = lambda: make_settings(
        "postgresql://nobody:x@127.0.0.1:9/none", tmp_path
    )
    assert client.get("/report").status_code == 503
