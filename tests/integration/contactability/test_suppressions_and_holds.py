"""Opt-outs, suppressions, holds and enrolment."""

import pytest

from baton.contactability import enrolment, holds, protection, suppressions
from baton.core.errors import InputError
from baton.core.ids import address_key, new_id
from baton.warehouse.connect import connect
from tests.integration.delivery.world import World


def opt_out(world: World, contact_id: str) -> int:
    with connect(world.settings.database_url) as conn:
        return suppressions.opt_out(conn, contact_id, "one_click", world.settings.secret)


def refused(world: World, contact_id: str, *exempt: str) -> str | None:
    with connect(world.settings.database_url) as conn:
        return enrolment.refused(conn, [contact_id], exempt).get(contact_id)


def test_an_opt_out_covers_every_address_of_the_person_once(world: World) -> None:
    person, old = world.person(), world.person()
    world.do("delete from ops.lead where id = %s", old.lead_id)
    world.do(
        "update ops.contact set person_id = %s where id = %s", person.person_id, old.contact_id
    )
    assert opt_out(world, person.contact_id) == 2
    assert opt_out(world, person.contact_id) == 0
    with connect(world.settings.database_url) as conn:
        for email in (person.email, old.email.upper()):
            assert suppressions.is_suppressed(conn, email, world.settings.secret)
    kinds = world.rows("select scope, kind from ops.hold where subject_id = any(%s)",
                       [person.contact_id, old.contact_id])  # fmt: skip
    assert [row["kind"] for row in kinds] == ["opt_out", "opt_out"]


def test_nobody_is_opted_out_by_a_wrong_id(world: World) -> None:
    with pytest.raises(InputError, match="There is no contact"):
        opt_out(world, "con_nobody")


def test_a_suppression_outlives_the_address(world: World) -> None:
    person = world.person()
    opt_out(world, person.contact_id)
    with pytest.raises(Exception, match="never changed"):
        world.do("delete from ops.suppression where email = %s", person.email)
    world.do("update ops.suppression set email = null where email = %s", person.email)
    with connect(world.settings.database_url) as conn:
        assert suppressions.is_suppressed(conn, person.email, world.settings.secret)


def test_an_address_is_suppressed_under_both_keys_if_the_contact_has_an_older_one(
    world: World,
) -> None:
    person = world.person()
    world.do("update ops.contact set address_key = 'old' where id = %s", person.contact_id)
    with connect(world.settings.database_url) as conn:
        assert suppressions.suppress(conn, person.email, "bounce", "t", world.settings.secret)
    keys = {row["address_key"] for row in world.rows(
        "select address_key from ops.suppression where email = %s", person.email)}  # fmt: skip
    assert keys == {"old", address_key(person.email, world.settings.secret)}


def test_lifting_needs_a_reason_and_happens_once(world: World) -> None:
    person = world.person()
    with connect(world.settings.database_url) as conn:
        holds.stop_contact(conn, person.contact_id, "reply", "r1", "They replied.")
    hold = world.value("select id from ops.hold where subject_id = %s", person.contact_id)
    for by, reason, message in (
        ("ann", " ", "Say why"),
        ("ann", "They asked us to go on.", None),
        ("bob", "Again.", "already lifted by ann"),
    ):
        with connect(world.settings.database_url) as conn:
            if message is None:
                holds.lift(conn, hold, by, reason)
            else:
                with pytest.raises(InputError, match=message):
                    holds.lift(conn, hold, by, reason)
    # The same cause does not hold again; a new one does.
    with connect(world.settings.database_url) as conn:
        assert not holds.stop_contact(conn, person.contact_id, "reply", "r1", "They replied.")
        assert holds.stop_contact(conn, person.contact_id, "reply", "r2", "They replied again.")


def test_an_opt_out_cannot_be_lifted(world: World) -> None:
    person = world.person()
    opt_out(world, person.contact_id)
    hold = world.value("select id from ops.hold where subject_id = %s", person.contact_id)
    with (
        connect(world.settings.database_url) as conn,
        pytest.raises(InputError, match="An opt-out stands"),
    ):
        holds.lift(conn, hold, "ann", "We miss them.")


def test_only_what_is_protected_can_be_let_go(world: World) -> None:
    person = world.person()
    with (
        connect(world.settings.database_url) as conn,
        pytest.raises(InputError, match="is not protected"),
    ):
        protection.lift_protection(conn, "contact", person.contact_id, "ann", "Why not.")


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        pytest.param("select %s", None, id="nothing forbids it"),
        pytest.param("update ops.contact set email = null, address_key = null where id = %s",
                     "erased", id="no address"),
        pytest.param("insert into ops.suppression (address_key, kind, source) select address_key, "
                     "'manual', 't' from ops.contact where id = %s", "suppressed", id="suppressed"),
        pytest.param("update ops.contact set protected_reason = 'sponsor' where id = %s",
                     "protected", id="protected contact"),
        pytest.param("update ops.account set protected_reason = 'key account' where id = "
                     "(select account_id from ops.contact where id = %s)", "protected",
                     id="protected account"),
        pytest.param("insert into ops.hold (scope, subject_id, kind, reason, cause_id) "
                     "values ('contact', %s, 'reply', 'r', 'c')", "held", id="in conversation"),
    ],
)  # fmt: skip
def test_who_may_be_enrolled(world: World, query: str, reason: str | None) -> None:
    person = world.person()
    world.do(query, person.contact_id)
    assert refused(world, person.contact_id) == reason
    if reason == "protected":
        assert refused(world, person.contact_id, "protected") is None


def test_an_account_with_an_open_opportunity_is_enrolled_in_no_new_sequence(world: World) -> None:
    person, source = world.person(), new_id("crm")
    world.do("delete from ops.lead where id = %s", person.lead_id)
    world.do("insert into ops.account_alias values (%s, 'a', %s)", source, person.account_id)
    world.do(
        "insert into landing.opportunity (source, natural_key, content_hash, account_key, stage, "
        "outcome) values (%s, 'o', '1', 'a', 'x', 'open')", source,
    )  # fmt: skip
    assert refused(world, person.contact_id) == "open_opportunity"
    assert refused(world, person.contact_id, "open_opportunity") is None
