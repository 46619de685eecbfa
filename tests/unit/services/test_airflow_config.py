"""Airflow's settings for one machine: private, local, quiet."""

import stat
from pathlib import Path

import pytest

from baton.core.settings import PROJECT
from baton.playbook import roles
from baton.services.airflow_config import LOCAL_USERS, airflow_env, passwords

URL = "postgresql://baton:p%2Fw@127.0.0.1:5433/airflow"


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """The environment of a fresh profile."""
    return airflow_env(tmp_path, URL, port=18123)


def test_secrets_and_passwords_are_made_once_and_are_private(tmp_path: Path) -> None:
    first, second = airflow_env(tmp_path, URL), airflow_env(tmp_path, URL)
    assert first == second
    assert passwords(tmp_path) == passwords(tmp_path)
    assert set(passwords(tmp_path)) == set(LOCAL_USERS)
    folder = tmp_path / "airflow"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    for name in ("secrets.json", "passwords.json"):
        assert stat.S_IMODE((folder / name).stat().st_mode) == 0o600
    assert sorted(path.name for path in folder.iterdir()) == ["passwords.json", "secrets.json"]


def test_two_profiles_share_no_secret(tmp_path: Path) -> None:
    one, other = (airflow_env(tmp_path / name, URL) for name in ("one", "other"))
    for name in ("API__SECRET_KEY", "API_AUTH__JWT_SECRET", "CORE__FERNET_KEY"):
        assert one[f"AIRFLOW__{name}"] != other[f"AIRFLOW__{name}"]


def test_a_new_user_gets_a_password_and_the_others_keep_theirs(tmp_path: Path) -> None:
    before = passwords(tmp_path)
    after = passwords(tmp_path, {**LOCAL_USERS, "new": "viewer"})
    assert {name: after[name] for name in before} == before
    assert len(after["new"]) >= 16


def test_everything_stays_on_the_loopback_address(environment: dict[str, str]) -> None:
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__PORT"] == "18123"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == (
        "http://127.0.0.1:18123/execution/"
    )


def test_each_part_gets_the_driver_it_speaks(environment: dict[str, str]) -> None:
    rest = URL.partition("://")[2]
    assert environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"] == f"postgresql+psycopg2://{rest}"
    assert (
        environment["AIRFLOW__DATABASE__SQL_ALCHEMY_CONN_ASYNC"] == f"postgresql+asyncpg://{rest}"
    )


@pytest.mark.parametrize("schedules", [True, False])
def test_without_schedules_only_triggered_runs_happen_and_none_waits(
    schedules: bool, tmp_path: Path
) -> None:
    made = airflow_env(tmp_path, URL, schedules=schedules)
    assert made["AIRFLOW__SCHEDULER__USE_JOB_SCHEDULE"] == str(schedules)
    assert made["AIRFLOW__CORE__DAGS_ARE_PAUSED_AT_CREATION"] == str(schedules)


def test_every_setting_is_one_that_airflow_knows(environment: dict[str, str]) -> None:
    from airflow.configuration import conf

    for name in environment:
        if name.startswith("AIRFLOW__"):
            _, section, key = name.lower().split("__")
            assert conf.has_option(section, key) or key in known(section), name


def known(section: str) -> set[str]:
    """Return the options of a section that have no default."""
    from airflow.configuration import conf

    description = conf.configuration_description[section]
    return {key.lower() for key in description["options"]}


def test_every_local_user_has_a_role_in_baton() -> None:
    playbook = roles.load(PROJECT / "include" / "playbook")
    people = {name: roles.person(playbook, name, [role]) for name, role in LOCAL_USERS.items()}
    assert all(people.values())
    assert {person.role for person in people.values() if person} == set(roles.LADDER)
