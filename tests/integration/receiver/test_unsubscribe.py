"""The unsubscribe link: looking changes nothing, a post counts at once."""

import threading
from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from baton.core.ids import address_key, sign_token
from baton.core.settings import Settings
from baton.warehouse.connect import connect
from tests.integration.receiver.conftest import Senders

Ask = Callable[..., list[tuple[Any, ...]]]
ADDRESS = "lee@acme.example"


@pytest.fixture
def contact(settings: Settings, new_database: Callable[[], str]) -> str:
    with connect(settings.database_url) as conn:
        found = conn.execute("select id from ops.contact where email = %s", (ADDRESS,)).fetchone()
        if found:
            return str(found[0])
        account = conn.execute(
            "insert into ops.account (name, domain) values ('Acme', 'acme.example') returning id"
        ).fetchone()
        person = conn.execute("insert into ops.person default values returning id").fetchone()
        assert account
        assert person
        row = conn.execute(
            "insert into ops.contact (person_id, account_id, email, address_key) "
            "values (%s, %s, %s, %s) returning id",
            (person[0], account[0], ADDRESS, address_key(ADDRESS, settings.secret)),
        ).fetchone()
        assert row
        return str(row[0])


def link(settings: Settings, contact: str) -> str:
    return f"/u/{sign_token(contact, 'unsubscribe', settings.secret)}"


def suppressed(ask: Ask) -> bool:
    return bool(ask("select 1 from ops.suppression where email = %s", (ADDRESS,)))


def test_looking_changes_nothing(
    senders: Senders, settings: Settings, contact: str, ask: Ask
) -> None:
    page = senders.http.get(link(settings, contact))
    assert page.status_code == 200
    assert '<form method="post">' in page.text
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert not suppressed(ask)


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("/u/nonsense", id="no token"),
        pytest.param("/u/con_1.00000000000000000000000000000000", id="a forged one"),
        pytest.param("/u/é", id="not ASCII"),
    ],
)
def test_a_forged_link_changes_nothing(senders: Senders, path: str, ask: Ask) -> None:
    before = ask("select count(*) from ops.suppression")
    assert senders.http.get(path).status_code == 404
    assert senders.http.post(path).status_code == 404
    assert ask("select count(*) from ops.suppression") == before


def test_a_token_for_something_else_does_not_fit(
    senders: Senders, settings: Settings, contact: str
) -> None:
    token = sign_token(contact, "booking", settings.secret)
    assert senders.http.post(f"/u/{token}").status_code == 404


def test_a_claim_and_an_opt_out_wait_for_each_other(
    senders: Senders, settings: Settings, contact: str, ask: Ask
) -> None:
    answers: list[int] = []
    path = link(settings, contact)
    with connect(settings.database_url) as claim:
        claim.execute("select 1 from ops.contact where id = %s for update", (contact,))
        thread = threading.Thread(
            target=lambda: answers.append(senders.http.post(path).status_code)
        )
        thread.start()
        _await_lock(settings, claim)
        assert answers == []
    thread.join()
    assert answers == [200]
    assert suppressed(ask)


def _await_lock(settings: Settings, claim: psycopg.Connection[Any]) -> None:
    """Return once somebody waits for a lock that `claim` holds."""
    with connect(settings.database_url, autocommit=True) as conn:
        while not conn.execute(
            "select 1 from pg_stat_activity where %s = any(pg_blocking_pids(pid))",
            (claim.info.backend_pid,),
        ).fetchone():
            pass


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"List-Unsubscribe=One-Click", id="the mail program's post"),
        pytest.param(b"", id="the page's button"),
    ],
)
def test_a_post_counts_at_once_and_again_changes_nothing(
    senders: Senders, settings: Settings, contact: str, content: bytes, ask: Ask
) -> None:
    for _ in range(2):
        answer = senders.http.post(link(settings, contact), content=content)
        assert answer.status_code == 200
        assert "unsubscribed" in answer.text
    assert ask(
        "select kind, source from ops.suppression where address_key = %s",
        (address_key(ADDRESS, settings.secret),),
    ) == [("opt_out", "one_click")]


def test_who_was_erased_gets_the_same_answer(senders: Senders, settings: Settings) -> None:
    assert senders.http.post(link(settings, "con_gone")).status_code == 200
