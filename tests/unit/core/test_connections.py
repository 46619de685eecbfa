"""Connections are read as Airflow writes them, and a mistake never repeats a secret."""

import pytest

from baton.core import connections, settings
from baton.core.errors import SettingsError


def test_json_and_uri_mean_the_same() -> None:
    as_json = (
        '{"conn_type": "smtp", "host": "mail.firm.example", "port": 587, "login": "rep@firm.example",'
        ' "password": "p/w", "extra": {"security": "tls"}}'
    )
    as_uri = "smtp://rep%40firm.example:p%2Fw@mail.firm.example:587?security=tls"
    assert connections.parse("baton_mail", as_json) == connections.parse("baton_mail", as_uri)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('{"conn_type": "smtp", "password": "s3cret"', id="broken JSON"),
        pytest.param("s3cret", id="no URI"),
        pytest.param("smtp://user:s3cret@host:port", id="a port that is none"),
        pytest.param('{"extra": "s3cret"}', id="extra that is no JSON"),
    ],
)
def test_a_mistake_names_the_variable_and_not_the_value(text: str) -> None:
    with pytest.raises(SettingsError, match="AIRFLOW_CONN_BATON_MAIL") as caught:
        connections.parse("baton_mail", text)
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("http://host:81", "https://host:81", id="schema defaults to https"),
        pytest.param(
            '{"conn_type": "x", "extra": {"base_url": "http://a.example/v1/"}}',
            "http://a.example/v1",
            id="base_url wins",
        ),
    ],
)
def test_base_url(text: str, expected: str) -> None:
    assert connections.parse("baton_llm", text).base_url == expected


def test_no_secret_is_shown_by_settings() -> None:
    loaded = settings.load(
        {
            "BATON_DATABASE_URL": "postgresql://baton:s3cret@host/baton",
            "BATON_SECRET": "s3cret-s3cret-s3cret",
            "AIRFLOW_CONN_BATON_LLM": '{"conn_type": "openai", "password": "s3cret"}',
        }
    )
    assert "s3cret" not in repr(loaded)
    assert loaded.connection("baton_llm") is not None
    assert loaded.connection("baton_mail") is None


@pytest.mark.parametrize(
    ("environ", "named"),
    [
        pytest.param({}, "BATON_DATABASE_URL", id="no database"),
        pytest.param({"BATON_DATABASE_URL": "x"}, "BATON_SECRET", id="no secret"),
        pytest.param(
            {"BATON_DATABASE_URL": "x", "BATON_SECRET": "short"}, "16 characters", id="short secret"
        ),
    ],
)
def test_what_is_missing_is_named(environ: dict[str, str], named: str) -> None:
    with pytest.raises(SettingsError, match=named):
        settings.load(environ)
