"""Records of several sources become one account, one contact and one person; nobody is guessed at."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from baton.core.ids import address_key
from baton.core.settings import Settings
from baton.signals import resolve, versions
from baton.signals.landing import Counts
from baton.warehouse.connect import connect
from tests.integration.signals.conftest import Own


class Desk:
    """Lands records and resolves them, each in a transaction of its own, as the steps do."""

    def __init__(self, conn: psycopg.Connection[Any], settings: Settings, run_id: str) -> None:
        self.conn, self._settings, self._run_id = conn, settings, run_id

    def land(self, source: str, entity: Any, *records: dict[str, Any]) -> int:
        return self.land_all(source, entity, records).accepted

    def land_all(self, source: str, entity: Any, records: Sequence[dict[str, Any]]) -> Counts:
        with self.conn.transaction():
            return versions.land(self.conn, self._run_id, source, entity, records)

    def resolve(self) -> dict[str, int]:
        with self.conn.transaction():
            return resolve.resolve(self.conn, self._settings, self._run_id)

    def ask(self, query: str, params: Any = None) -> list[tuple[Any, ...]]:
        return self.conn.execute(query, params).fetchall()


@pytest.fixture
def desk(own_database: Own) -> Iterator[Desk]:
    run = own_database.run("list_refresh")
    with connect(own_database.settings.database_url, autocommit=True) as conn:
        yield Desk(conn, own_database.settings, run.id)


def account(key: str, name: str = "Acme", **more: Any) -> dict[str, Any]:
    return {"natural_key": key, "name": name, **more}


def contact(key: str, **more: Any) -> dict[str, Any]:
    return {"natural_key": key, **more}


def test_one_domain_is_one_account(desk: Desk) -> None:
    desk.land("hubspot", "account", account("1", domain="https://www.ACME.example/x", country="DE"))
    desk.land("legacy", "account", account("A", "ACME Inc.", domain="acme.example", employees=12))
    counts = desk.resolve()
    assert (counts["accounts"], counts["new_accounts"]) == (1, 1)
    assert desk.ask("select domain, country, employees from ops.account") == [
        ("acme.example", "DE", 12)
    ]
    assert desk.ask("select source, natural_key from ops.account_alias order by 1") == [
        ("hubspot", "1"), ("legacy", "A"),
    ]  # fmt: skip


def test_accounts_without_domain_are_known_by_their_key(desk: Desk) -> None:
    desk.land("shop", "account", account("1"), account("2"), account("3", domain="no domain"))
    assert desk.resolve()["new_accounts"] == 3
    assert desk.resolve()["new_accounts"] == 0


def test_people_with_private_mail_do_not_work_together(desk: Desk) -> None:
    desk.land("shop", "account", account("1", domain="gmail.com"), account("2", domain="gmail.com"))
    desk.resolve()
    assert desk.ask("select domain from ops.account") == [(None,), (None,)]


def test_what_is_newer_counts_and_what_is_missing_stays(desk: Desk) -> None:
    desk.land("shop", "account", account("1", industry="Retail", country="DE"))
    desk.resolve()
    desk.land("shop", "account", account("1", "Acme New", country="AT"))
    assert desk.resolve()["updated_accounts"] == 1
    assert desk.ask("select name, industry, country from ops.account") == [
        ("Acme New", "Retail", "AT")
    ]


def test_what_comes_back_counts_again(desk: Desk) -> None:
    conn = desk.conn
    for at, country in (("2026-01-01", "DE"), ("2026-01-02", "AT"), ("2026-01-03", "DE")):
        record = account("1", country=country, source_updated_at=at)
        assert desk.land("shop", "account", record) == 1
    desk.resolve()
    assert desk.ask("select country from ops.account") == [("DE",)]
    assert conn.execute("select count(*) from landing.account").fetchone() == (2,)
    assert desk.land("shop", "account", account("1", country="DE")) == 0


def test_a_record_that_finds_its_domain_later(desk: Desk) -> None:
    desk.land("shop", "account", account("1"))
    desk.resolve()
    desk.land("shop", "account", account("1", domain="acme.example"))
    counts = desk.resolve()
    assert (counts["new_accounts"], counts["conflicts"]) == (0, 0)
    assert desk.ask("select domain from ops.account") == [("acme.example",)]


def test_a_domain_that_is_taken_is_a_conflict_and_changes_nobody(desk: Desk) -> None:
    desk.land("shop", "account", account("1"), account("2", "Other", domain="acme.example"))
    desk.resolve()
    desk.land("shop", "account", account("1", domain="acme.example"))
    assert desk.resolve()["conflicts"] == 1
    assert desk.ask("select name, domain from ops.account order by name") == [
        ("Acme", None), ("Other", "acme.example"),
    ]  # fmt: skip


def test_the_owner_is_found_by_key_or_address(desk: Desk) -> None:
    desk.land("hubspot", "owner", {"natural_key": "7", "name": "Clara", "email": "Clara@x.example",
                                   "active": True})  # fmt: skip
    desk.land("hubspot", "account", account("1", domain="a.example", owner_key="7"))
    desk.land("watchlist", "account",
              account("b.example", domain="b.example", owner_key="clara@x.example"),
              account("c.example", domain="c.example", owner_key="nobody@x.example"))  # fmt: skip
    desk.resolve()
    assert desk.ask(
        "select a.domain, r.name from ops.account a left join ops.rep r on r.id = a.owner_rep_id "
        "order by 1"
    ) == [("a.example", "Clara"), ("b.example", "Clara"), ("c.example", None)]


def test_the_watchlist_names_the_account_and_the_crm_its_owner(desk: Desk) -> None:
    for key, name in (("7", "Clara"), ("8", "Owen")):
        desk.land("hubspot", "owner", {"natural_key": key, "name": name, "active": True,
                                       "email": f"{name.lower()}@x.example"})  # fmt: skip
    desk.land("watchlist", "account",
              account("a.example", "Acme", domain="a.example", owner_key="clara@x.example"))  # fmt: skip
    desk.land("hubspot", "account", account("1", "ACME Holding AG", domain="a.example",
                                            owner_key="8"))  # fmt: skip
    desk.resolve()
    assert desk.ask(
        "select a.name, r.name from ops.account a join ops.rep r on r.id = a.owner_rep_id"
    ) == [("Acme", "Owen")]


def test_a_rep_who_left_is_not_active(desk: Desk) -> None:
    record = {"natural_key": "7", "name": "Clara", "email": "clara@x.example"}
    desk.land("hubspot", "owner", {**record, "active": True})
    desk.resolve()
    desk.land("hubspot", "owner", {**record, "active": False})
    desk.resolve()
    assert desk.ask("select name, active from ops.rep") == [("Clara", False)]


def test_protection_comes_and_goes_with_its_reason(desk: Desk) -> None:
    reason = {"protected_reason": "key account"}
    desk.land("shop", "account", account("1", attributes=reason))
    desk.land("shop", "contact", contact("c", account_key="1", attributes=reason))
    desk.resolve()
    assert desk.ask(
        "select a.protected_reason, c.protected_reason from ops.account a "
        "join ops.contact c on c.account_id = a.id"
    ) == [("key account", "key account")]
    desk.land("shop", "account", account("1"))
    desk.resolve()
    assert desk.ask("select protected_reason from ops.account") == [(None,)]


def test_one_address_is_one_contact_and_one_person(desk: Desk) -> None:
    desk.land("hubspot", "account", account("1", domain="acme.example"))
    desk.land("hubspot", "contact", contact("c1", account_key="1", email="Lee@acme.example"))
    desk.land("legacy", "contact", contact("z", email="lee@ACME.example ", full_name="Lee Dahl"))
    counts = desk.resolve()
    assert (counts["contacts"], counts["new_contacts"]) == (1, 1)
    assert desk.ask("select email, full_name from ops.contact") == [
        ("lee@acme.example", "Lee Dahl")
    ]
    assert desk.ask("select count(*) from ops.person") == [(1,)]
    assert desk.ask("select count(*) from ops.contact_alias") == [(2,)]


def test_the_key_of_an_address_is_the_same_in_sql_and_python(
    desk: Desk, settings: Settings
) -> None:
    desk.land("shop", "contact", contact("c", email="lee@acme.example"))
    desk.resolve()
    assert desk.ask("select address_key from ops.contact") == [
        (address_key("lee@acme.example", settings.secret),)
    ]


@pytest.mark.parametrize(
    "email",
    [
        pytest.param("lee(at)acme.example", id="no at sign"),
        pytest.param("lee@acme", id="no domain"),
        pytest.param("a@b@acme.example", id="two at signs"),
        pytest.param("lee..x@acme.example", id="two full stops"),
        pytest.param("x" * 70 + "@acme.example", id="too long"),
        pytest.param("", id="empty"),
        pytest.param("' or 1=1 --@acme.example", id="a space"),
    ],
)
def test_a_contact_without_a_usable_address_stays_without_one(desk: Desk, email: str) -> None:
    desk.land("shop", "account", account("1"))
    desk.land("shop", "contact", contact("c", account_key="1", email=email))
    assert desk.resolve()["new_contacts"] == 1
    assert desk.ask("select email, address_key from ops.contact") == [(None, None)]
    assert desk.resolve()["new_contacts"] == 0


def test_a_contact_of_an_unknown_company_makes_its_account(desk: Desk) -> None:
    desk.land("shop", "contact", contact("c", account_key="lost", email="lee@acme.example"))
    desk.resolve()
    assert desk.ask("select name, domain from ops.account") == [("acme.example", "acme.example")]


def test_a_contact_of_nobody_is_counted_and_waits(desk: Desk) -> None:
    desk.land("shop", "contact", contact("c", email="lee@gmail.com"), contact("d"))
    counts = desk.resolve()
    assert (counts["contacts"], counts["unplaced_contacts"]) == (0, 2)
    desk.land("shop", "account", account("1"))
    desk.land("shop", "contact", contact("c", account_key="1", email="lee@gmail.com"))
    counts = desk.resolve()
    assert (counts["contacts"], counts["unplaced_contacts"]) == (1, 1)


def test_an_address_that_is_mended_moves_with_the_contact(desk: Desk) -> None:
    desk.land("shop", "account", account("1"))
    desk.land("shop", "contact", contact("c", account_key="1", email="le@acme.example"))
    desk.resolve()
    desk.land("shop", "contact", contact("c", account_key="1", email="lee@acme.example"))
    counts = desk.resolve()
    assert (counts["new_contacts"], counts["conflicts"]) == (0, 0)
    assert desk.ask("select email from ops.contact") == [("lee@acme.example",)]


def test_an_address_of_somebody_else_is_a_conflict(desk: Desk) -> None:
    desk.land("shop", "account", account("1"))
    desk.land("shop", "contact", contact("c", account_key="1", email="a@acme.example"),
              contact("d", account_key="1", email="b@acme.example"))  # fmt: skip
    desk.resolve()
    desk.land("shop", "contact", contact("c", account_key="1", email="b@acme.example"))
    assert desk.resolve()["conflicts"] == 1
    assert desk.ask("select email from ops.contact order by 1") == [
        ("a@acme.example",), ("b@acme.example",),
    ]  # fmt: skip


def test_a_contact_moves_to_another_account(desk: Desk) -> None:
    desk.land("shop", "account", account("1", "One"), account("2", "Two"))
    desk.land("shop", "contact", contact("c", account_key="1", email="lee@acme.example"))
    desk.resolve()
    desk.land("shop", "contact", contact("c", account_key="2", email="lee@acme.example"))
    desk.resolve()
    assert desk.ask(
        "select a.name from ops.contact c join ops.account a on a.id = c.account_id"
    ) == [("Two",)]


def test_who_was_erased_does_not_come_back(desk: Desk, settings: Settings) -> None:
    desk.conn.execute(
        "insert into ops.suppression (address_key, kind, source) values (%s, 'erased', 'test')",
        (address_key("lee@acme.example", settings.secret),),
    )
    desk.land("shop", "contact", contact("c", email="lee@acme.example"),
              contact("d", email="kim@acme.example"))  # fmt: skip
    desk.resolve()
    assert desk.ask("select email from ops.contact") == [("kim@acme.example",)]


def test_the_last_of_two_records_with_one_key_counts(desk: Desk) -> None:
    counts = desk.land_all("shop", "account", [account("1", "Old"), account("1", "New")])
    assert (counts.received, counts.accepted, counts.duplicates) == (2, 1, 1)
    desk.resolve()
    assert desk.ask("select name from ops.account") == [("New",)]


def test_a_column_that_does_not_exist_is_our_own_mistake(desk: Desk) -> None:
    with pytest.raises(ValueError, match=r"landing\.account has no column nmae"):
        desk.land("shop", "account", account("1", nmae="x"))
