"""The control API, the clock, and a sandbox that is stopped and started again."""

import stat

import pytest

from sandbox import keys as sandbox_keys
from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxError
from tests.unit.sandbox.support import MONDAY, make_sandbox


@pytest.mark.parametrize(
    ("path", "body", "word"),
    [
        pytest.param("advance", {}, "either", id="no target"),
        pytest.param("advance", {"to": "2026-03-01T00:00:00Z"}, "one way", id="backwards"),
        pytest.param("advance", {"to": "soon"}, "ISO time", id="no time"),
        pytest.param("advance", {"by_seconds": -1}, "0 or more", id="negative"),
        pytest.param("happen", {"kind": "rain"}, "kind is one of", id="unknown happening"),
        pytest.param("happen", {"kind": "meet", "uid": "x"}, "no booking", id="unknown booking"),
        pytest.param(
            "happen", {"kind": "reply", "email": "a@b.example"}, "No mail", id="reply to nothing"
        ),
        pytest.param(
            "happen", {"kind": "book", "email": "a@b.example"}, "Nobody", id="unknown person"
        ),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(path, body, word):
    answer = make_sandbox().http.post(f"/_control/{path}", json=body)
    assert answer.status_code == 400
    assert word in answer.json()["error"]


def test_a_still_clock_moves_only_when_told():
    sandbox = make_sandbox()
    sandbox.control("advance", to="2026-03-02T12:00:00Z")
    assert sandbox.http.get("/_control/clock").json()["now"] == "2026-03-02T12:00:00+00:00"


def test_happenings_can_be_made_by_hand():
    sandbox = make_sandbox()
    person = sandbox.world.market.people[0]
    sandbox.send(person.email)
    told = sandbox.control("happen", kind="book", email=person.email)
    assert told["posted"]["booking"] == 1
    uid = sandbox.http.get("/_control/bookings").json()[0]["uid"]
    sandbox.control("happen", kind="cancelled", uid=uid)
    assert [b["triggerEvent"] for b in sandbox.receiver.bookings] == [
        "BOOKING_CREATED",
        "BOOKING_CANCELLED",
    ]


def test_the_truth_is_told_to_whoever_asks_for_it():
    told = make_sandbox().http.get("/_control/truth").json()
    assert len([a for a in told["accounts"] if a["origin"] == "target"]) == 60
    assert {e["type"]: e["lift"] for e in told["effects"]}["product_launch"] == 1.0
    assert all(0 <= p["reply_probability"] <= 1 for p in told["people"])


def test_reset_begins_again():
    sandbox = make_sandbox()
    before = sandbox.http.get("/_control/truth").json()
    sandbox.send(sandbox.targets(1)[0])
    sandbox.control("advance", by_seconds=864_000)
    sandbox.control("reset")
    assert sandbox.http.get("/_control/sent").json()["count"] == 0
    assert sandbox.http.get("/_control/counts").json() == {}
    assert sandbox.http.get("/_control/truth").json() == before


def test_a_sandbox_goes_on_where_it_was_stopped(tmp_path):
    keys = sandbox_keys.generate()
    first = make_sandbox(keys=keys, home=tmp_path)
    with first.http:
        first.control("settle")
        for address in first.targets(20):
            first.send(address)
        first.receiver.status = 503
        assert first.control("advance", by_seconds=3 * 3600)["undelivered"]
    second = make_sandbox(keys=keys, home=tmp_path, start=None)
    assert second.world.clock.now == first.world.clock.now
    assert second.http.get("/_control/sent").json() == first.http.get("/_control/sent").json()
    rest = second.control("advance", by_seconds=10 * 86_400)
    assert second.receiver.events
    assert rest["undelivered"] == []
    whole = make_sandbox()
    whole.control("settle")
    for address in whole.targets(20):
        whole.send(address)
    whole.control("advance", by_seconds=3 * 3600)
    whole.control("advance", by_seconds=10 * 86_400)
    assert second.world.counts == whole.world.counts


def test_a_home_of_another_market_is_refused(tmp_path):
    keys = sandbox_keys.generate()
    make_sandbox(keys=keys, home=tmp_path).control("settle")
    with pytest.raises(SandboxError, match="seed 7"):
        create_app(SandboxConfig(keys=keys, home=tmp_path, seed=8))


def test_a_damaged_state_is_named(tmp_path):
    (tmp_path / "state.json").write_text("{")
    with pytest.raises(SandboxError, match=r"state\.json"):
        create_app(SandboxConfig(keys=sandbox_keys.generate(), home=tmp_path, start=MONDAY))


def test_keys_are_made_once_kept_private_and_overruled_by_the_environment(tmp_path):
    made = sandbox_keys.load(tmp_path, {})
    assert sandbox_keys.load(tmp_path, {}) == made
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600
    assert sandbox_keys.load(tmp_path, {"BATON_CAL_SECRET": "mine"}).cal_secret == "mine"
    shared = made.environment()
    assert "PRIVATE" not in "".join(shared.values())
    assert set(shared) >= {"BATON_SENDGRID_WEBHOOK_KEY", "BATON_INBOUND_TOKEN"}


def test_keys_do_not_show_in_a_traceback():
    assert "sk-sandbox" not in repr(sandbox_keys.generate())
