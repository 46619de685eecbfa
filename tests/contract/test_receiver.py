"""The market tells Baton's own receiver: everything is taken, nothing is quarantined, nothing lost."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest

from baton.receiver.app import create_app as create_receiver
from sandbox import keys as sandbox_keys
from tests.unit.sandbox.support import MONDAY, make_sandbox

TABLES = {
    "email_event": "mail_",
    "inbound_message": "reply_",
    "signal_event": "signal_",
    "transcript": "transcript",
    "booking_event": "booking_",
}


@pytest.fixture(scope="module")
def keys():
    return sandbox_keys.generate()


def test_everything_that_the_market_posts_is_landed(settings, conn, keys):
    receiver = create_receiver(
        replace(settings, environ={**settings.environ, **keys.environment()})
    )
    sandbox = make_sandbox(
        keys=keys,
        receiver_url="http://receiver.test",
        receiver_transport=httpx.ASGITransport(app=receiver),
    )
    conn.execute("update ops.clock set sandbox = true")
    moment = MONDAY
    for span in (timedelta(0), timedelta(hours=26), timedelta(days=9), timedelta(days=60)):
        moment += span
        # Baton's clock goes first: what lies in its future is not believed.
        conn.execute(
            "update ops.clock set shift = %s::timestamptz - transaction_timestamp()", (moment,)
        )
        conn.commit()
        told = sandbox.control("advance", to=moment.isoformat())
        assert told["undelivered"] == []
        if moment == MONDAY:
            for address in sandbox.targets(30):
                # The one-click link needs a token of Baton's own, so nobody finds one here.
                assert sandbox.send(address, headers=None).status_code == 202
    reasons = conn.execute("select source, reason from landing.quarantine").fetchall()
    assert reasons == []
    for table, prefix in TABLES.items():
        landed = conn.execute(f"select count(*) from landing.{table}").fetchone()[0]
        happened = sum(n for k, n in sandbox.world.counts.items() if k.startswith(prefix))
        assert landed == happened > 0, table
