"""The day's grants: warm-up, idling, and a policy that changes in the middle of the day."""

from datetime import timedelta

import pytest

from baton.contactability import caps
from baton.contactability.policy import Policy
from baton.playbook import thresholds
from baton.warehouse.connect import connect
from tests.integration.delivery.world import MONDAY_NOON, World

P = pytest.param


def granted(world: World, **figures: int) -> dict[str, int]:
    """Grant today's budget and return it by scope."""
    table = thresholds.load(world.settings.playbook).contactability
    with connect(world.settings.database_url) as conn:
        caps.grant(conn, Policy(table.model_copy(update=figures)))
    return {row["scope"]: row["granted"] for row in world.rows(
        "select * from ops.budget where name = any(%s) and day = (ops.now() at time zone 'UTC')::date",
        [world.domain, world.mailbox])}  # fmt: skip


def sent_on(world: World, *days_ago: int, used: int = 1) -> None:
    for days in days_ago:
        for scope, name in (("domain", world.domain), ("mailbox", world.mailbox)):
            world.do("insert into ops.budget values (%s, %s, %s, 50, %s)",
                     scope, name, (MONDAY_NOON - timedelta(days=days)).date(), used)  # fmt: skip


@pytest.mark.parametrize(
    ("days_ago", "domain", "mailbox"),
    [
        P([], 20, 20, id="the first day"),
        P([1], 28, 20, id="the second day"),
        P([4, 3, 1], 55, 20, id="days without mail do not warm up"),
        P(list(range(1, 11)), 579, 50, id="a mailbox is warm after ten days"),
        P(list(range(1, 15)), 2222, 50, id="the last day of the curve"),
        P(list(range(1, 16)), 4500, 50, id="warm"),
        P(list(range(30, 45)), 20, 20, id="thirty idle days: from the start"),
        P(list(range(29, 44)), 4500, 50, id="twenty-nine idle days: still warm"),
        P([*range(40, 55), 2, 1], 39, 20, id="only the days after the idle time count"),
    ],
)
def test_the_warm_up(world: World, days_ago: list[int], domain: int, mailbox: int) -> None:
    sent_on(world, *days_ago)
    world.message()
    assert granted(world) == {"domain": domain, "mailbox": mailbox}


def test_a_day_on_which_nothing_was_sent_is_no_day_of_warm_up(world: World) -> None:
    sent_on(world, 1, 2, 3, used=0)
    world.message()
    assert granted(world)["domain"] == 20


def test_a_grant_stays_when_the_policy_changes(world: World) -> None:
    world.message()
    assert granted(world)["mailbox"] == 20
    assert granted(world, mailbox_new_per_day=5)["mailbox"] == 20
    world.set_clock(MONDAY_NOON + timedelta(days=1))
    assert granted(world, mailbox_new_per_day=5)["mailbox"] == 5


def test_the_domain_stays_below_the_bulk_senders_status(world: World) -> None:
    sent_on(world, *range(1, 11))
    world.message()
    assert granted(world, domain_max_per_day=100)["domain"] == 100


def test_nothing_is_granted_to_who_has_nothing_to_send(world: World) -> None:
    assert granted(world) == {}
