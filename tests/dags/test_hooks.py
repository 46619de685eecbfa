"""Airflow's connections become the library's settings, asked for only when needed."""

import pytest

from baton.core.connections import Connection
from baton.core.errors import SettingsError
from baton_airflow import hooks

SECRET = "a secret that only tests use"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give what every task has."""
    monkeypatch.setenv("BATON_SECRET", SECRET)
    monkeypatch.setenv("BATON_DATABASE_URL", "postgresql://baton:pw@127.0.0.1:5/baton")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The ids of the connections that Airflow was asked for, in order."""
    from airflow.sdk import BaseHook

    names: list[str] = []
    ask = BaseHook.get_connection

    def record(name: str) -> object:
        names.append(name)
        return ask(name)

    monkeypatch.setattr(BaseHook, "get_connection", record)
    return names


def test_a_connection_is_read_with_all_its_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(
        "AIRFLOW_CONN_BATON_MAIL",
        '{"conn_type": "sendgrid", "password": "SG.key", "host": "api.example", "port": 444,'
        ' "login": "apikey", "schema": "https", "extra": {"base_url": "http://127.0.0.1:1/v3"}}',
    )
    assert hooks.settings().connection("baton_mail") == Connection(
        id="baton_mail",
        conn_type="sendgrid",
        host="api.example",
        port=444,
        login="apikey",
        password="SG.key",
        schema="https",
        extra={"base_url": "http://127.0.0.1:1/v3"},
    )


def test_nothing_is_asked_for_ahead_and_nothing_twice(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BATON_CRM", "hubspot://:token@api.example")
    settings = hooks.settings()
    assert asked == []
    assert settings.connection("baton_crm") is settings.connection("baton_crm") is not None
    assert asked == ["baton_crm"]


def test_a_name_that_is_none_of_ours_is_never_asked_for(asked: list[str]) -> None:
    assert hooks.settings().connection("aws_default") is None
    assert asked == []


def test_the_environment_names_the_warehouse_before_the_connection(
    asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_BATON_WAREHOUSE", "postgres://u:p@db:5432/sales")
    assert hooks.settings().database_url == "postgresql://baton:pw@127.0.0.1:5/baton"
    assert asked == []


def test_the_connection_serves_where_the_environment_is_silent(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("BATON_DATABASE_URL")
    monkeypatch.setenv("AIRFLOW_CONN_BATON_WAREHOUSE", "postgres://u%40x:p%2Fw@db:6543/sales")
    assert hooks.settings().database_url == "postgresql://u%40x:p%2Fw@db:6543/sales"


def test_no_warehouse_at_all_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hooks, "read", lambda _name: None)
    monkeypatch.delenv("BATON_DATABASE_URL")
    with pytest.raises(SettingsError, match="BATON_DATABASE_URL"):
        hooks.settings()
