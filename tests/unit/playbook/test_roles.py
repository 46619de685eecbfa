"""Who a signed-in user is to Baton."""

from pathlib import Path

import pytest

from baton.core.errors import PlaybookError
from baton.core.settings import PROJECT
from baton.playbook import roles
from baton.playbook.roles import Entry, Person, Roles

KNOWN = Roles(
    airflow_roles={"viewer": "viewer", "User": "reviewer", "Rep": "rep", "Admin": "administrator"},
    users={
        "ada": Entry(role="rep", rep="Ada.L@example.com"),
        "bob@example.com": Entry(role="rep"),
        "cy": Entry(role="rep"),
        "dee": Entry(role="viewer"),
    },
)


@pytest.mark.parametrize(
    ("name", "airflow_roles", "email", "expected"),
    [
        pytest.param("x", ["viewer"], None, Person("x", "viewer"), id="one role"),
        pytest.param(
            "x", ["viewer", "User"], None, Person("x", "reviewer"), id="the highest counts"
        ),
        pytest.param("x", ["Public"], None, None, id="a role that means nothing here"),
        pytest.param("x", [], None, None, id="no role at all"),
        pytest.param(
            "ada", ["viewer"], None, Person("ada", "rep", "ada.l@example.com"), id="address given"
        ),
        pytest.param(
            "bob@example.com",
            ["viewer"],
            "other@example.com",
            Person("bob@example.com", "rep", "bob@example.com"),
            id="the name is the address",
        ),
        pytest.param(
            "eve",
            ["Rep"],
            "Eve@Example.com",
            Person("eve", "rep", "eve@example.com"),
            id="FAB's address",
        ),
        pytest.param("cy", ["Admin"], None, None, id="a rep without an address is nobody"),
        pytest.param(
            "dee", ["Admin"], None, Person("dee", "viewer"), id="an entry may lower a role"
        ),
    ],
)
def test_a_user_becomes_a_person(
    name: str, airflow_roles: list[str], email: str | None, expected: Person | None
) -> None:
    assert roles.person(KNOWN, name, airflow_roles, email) == expected


@pytest.mark.parametrize("lower", range(len(roles.LADDER)))
def test_each_role_may_what_those_below_it_may(lower: int) -> None:
    for index, role in enumerate(roles.LADDER):
        assert Person("x", role).may(roles.LADDER[lower]) is (index >= lower)


def test_only_a_rep_is_kept_to_their_own_leads() -> None:
    kept = [role for role in roles.LADDER if Person("x", role).only_own_leads]
    assert kept == ["rep"]


def test_the_playbook_knows_the_roles_of_both_auth_managers() -> None:
    known = roles.load(PROJECT / "include" / "playbook")
    assert set(known.airflow_roles) >= {"viewer", "user", "op", "admin"}
    assert set(known.airflow_roles) >= {"Viewer", "User", "Op", "Admin"}
    assert "Public" not in known.airflow_roles


def test_a_misspelt_role_names_file_line_and_remedy(tmp_path: Path) -> None:
    (tmp_path / "roles.yml").write_text("airflow_roles:\n  viewer: viewer\n  user: reviwer\n")
    with pytest.raises(PlaybookError, match=r"roles\.yml, line 3: .*did you mean 'reviewer'"):
        roles.load(tmp_path)
