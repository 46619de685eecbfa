"""The `baton` command: answers as text and as JSON; an error is one sentence, never a stack trace."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from baton import cli, cli_doctor, cli_output
from baton.core import settings as core_settings
from baton.core.settings import Settings
from baton.services import profile


@pytest.fixture
def baton(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Run `baton` with these arguments; return the exit status, what it said, what it lamented."""

    def run(*arguments: str, **environ: str) -> tuple[int, str, str]:
        for name, value in {**settings.environ, **environ}.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["baton", *arguments])
        status = cli.main()
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_help_lists_every_command(baton: Callable[..., tuple[int, str, str]]) -> None:
    status, said, _ = baton("--help")
    assert status == 0
    for command in (
        "run",
        "report",
        "import",
        "dbt",
        "why",
        "brief",
        "settle",
        "doctor",
        "pause",
        "resume",
    ):
        assert f"\n  {command} " in said


@pytest.mark.parametrize("command", sorted(cli.cli.commands))
def test_every_command_has_json_and_says_what_it_does(command: str) -> None:
    known = cli.cli.commands[command]
    assert known.help
    assert any("--json" in parameter.opts for parameter in known.params)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param(["run", "signal"], "There is no layer or DAG 'signal'", id="no such layer"),
        pytest.param(
            ["run", "scoring", "--interval", "yesterday"], "is no interval", id="no interval"
        ),
        pytest.param(
            ["run", "scoring", "--interval", "2026-02-01/2026-01-01"], "swap the two", id="backward"
        ),
        pytest.param(
            ["why", "msg_nothing"],
            "There is no message and no opportunity 'msg_nothing'",
            id="no message",
        ),
        pytest.param(["pause", "--reason", " "], "Say why sending is paused", id="no reason"),
    ],
)
def test_a_mistake_ends_in_one_sentence(
    baton: Callable[..., tuple[int, str, str]], arguments: list[str], sentence: str
) -> None:
    status, said, lament = baton(*arguments)
    assert (status, said) == (1, "")
    assert sentence in lament
    assert lament.startswith("baton: ")
    assert lament.count("\n") == 1


def test_an_unknown_option_ends_with_the_usage(
    baton: Callable[..., tuple[int, str, str]],
) -> None:
    status, _, lament = baton("run", "--everything")
    assert status == 2
    assert "No such option" in lament


def test_a_database_out_of_reach_says_what_to_start(
    baton: Callable[..., tuple[int, str, str]],
) -> None:
    status, _, lament = baton("why", "x", BATON_DATABASE_URL="postgresql://u:pw@127.0.0.1:1/none")
    assert status == 1
    assert "make up" in lament
    assert "pw" not in lament


def test_without_settings_it_says_how_to_get_them(
    baton: Callable[..., tuple[int, str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(profile, "PROJECT", tmp_path)
    status, _, lament = baton("why", "x", BATON_DATABASE_URL="")
    assert status == 1
    assert "make up" in lament


def test_debug_shows_the_error_itself(baton: Callable[..., tuple[int, str, str]]) -> None:
    with pytest.raises(core_settings.SettingsError):
        baton("why", "x", BATON_SECRET="short", BATON_DEBUG="1")


def test_pause_and_resume(baton: Callable[..., tuple[int, str, str]]) -> None:
    status, said, _ = baton("pause", "--reason", "a test", "--json")
    assert (status, json.loads(said)) == (0, {"paused": True, "reason": "a test"})
    status, said, _ = baton("doctor", "--json")
    assert status == 1  # a monitor must see that something is wrong
    sending = next(c for c in json.loads(said)["checks"] if c["name"] == "sending")
    assert not sending["ok"]
    assert "a test" in sending["detail"]
    assert "baton resume" in sending["detail"]
    assert baton("resume")[0] == 0


def test_the_services_that_run_here_are_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".baton" / "demo"
    folder.mkdir(parents=True)
    (folder / "environment.env").write_text("BATON_DATABASE_URL=demo\nBATON_SECRET=kept\n")
    monkeypatch.setattr(profile, "PROJECT", tmp_path)
    assert profile.found_environment({"A": "1"}) == {"A": "1"}
    asked = profile.found_environment({"BATON_PROFILE": "demo", "BATON_SECRET": "mine"})
    assert asked["BATON_DATABASE_URL"] == "demo"
    assert asked["BATON_SECRET"] == "mine"


@pytest.mark.parametrize(
    ("name", "connection", "sentence"),
    [
        pytest.param("baton_mail", None, "local mailbox", id="the default serves"),
        pytest.param(
            "baton_llm",
            {"conn_type": "openai", "extra": {"base_url": "http://127.0.0.1:1"}},
            "cannot be reached",
            id="nobody answers",
        ),
        pytest.param("baton_crm", {"conn_type": "sap"}, "Baton knows", id="unknown kind"),
    ],
)
def test_doctor_says_of_each_connection_how_it_is(
    settings: Settings, name: str, connection: dict[str, object] | None, sentence: str
) -> None:
    environ = dict(settings.environ)
    if connection is not None:
        environ[f"AIRFLOW_CONN_{name.upper()}"] = json.dumps(connection)
    found = {finding.name: finding for finding in cli_doctor.examine(environ)}
    assert found[name].ok == (connection is None)
    assert sentence in found[name].detail
    assert found["database"].ok


def test_what_json_cannot_say_is_an_error() -> None:
    with pytest.raises(TypeError):
        cli_output.plain(object())
