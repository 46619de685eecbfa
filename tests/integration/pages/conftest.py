"""Baton's pages over a real warehouse, with people signed in as Airflow's own login would have it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from airflow.api_fastapi.auth.managers.simple.user import SimpleAuthManagerUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi.testclient import TestClient

from baton.core.settings import Settings

HOST = "http://testserver"


@pytest.fixture(scope="session")
def app() -> Any:
    from pages.app import create_app

    return create_app()


@pytest.fixture
def sign_in(
    app: Any, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., TestClient]]:
    """Make a client in which a user is signed in; its writes come from our own page."""
    for name, value in settings.environ.items():
        monkeypatch.setenv(name, value)

    def make(name: str, role: str = "viewer") -> TestClient:
        user = SimpleAuthManagerUser(username=name, role=role)
        client = TestClient(app, base_url=HOST, headers={"origin": HOST})
        # One app serves all; who asks is decided per request.
        client.event_hooks["request"] = [
            lambda _request: app.dependency_overrides.update({get_user: lambda: user})
        ]
        return client

    yield make
    app.dependency_overrides.clear()
