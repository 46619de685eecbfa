"""The briefs for reps: the next meetings, one brief, and that it was opened before the start."""

import json
import os

import pytest

from baton import cli
from baton.handoff import steps as handoff
from baton.warehouse import dbt
from baton.warehouse.connect import one, scalar
from tests.integration.handoff.test_handoff import meet
from tests.integration.scheduling import world


@pytest.fixture
def met(conn, make_run):
    """A briefed meeting."""
    found = meet(conn, make_run)
    run = make_run("handoff", "meeting_handoff")
    handoff.brief(run)
    world.release(conn, run)
    return found


def opened(conn, met):
    row = one(conn, "select opened_at, opened_by from ops.brief where meeting_id = %s "
              "order by version desc limit 1", (met["meeting"],))  # fmt: skip
    conn.commit()
    return row["opened_by"], row["opened_at"]


def test_a_rep_finds_their_next_meetings_and_nobody_elses(conn, make_run, met, sign_in):
    other = meet(conn, make_run)
    page = sign_in(met["rep_email"], "Rep").get("/briefs").text
    assert f"/briefs/{met['meeting']}" in page
    assert other["meeting"] not in page
    assert "Your meetings" in page
    everything = sign_in("revops", "op").get("/briefs").text
    assert met["meeting"] in everything
    assert other["meeting"] in everything
    assert "none yet" in everything
    assert "without a complete brief" in everything
    foreign = sign_in("other@seller.example", "Rep").get(f"/briefs/{met['meeting']}")
    assert foreign.status_code == 404
    assert foreign.json()["detail"] == "There is no such meeting, or it is another rep's."
    assert sign_in("revops", "op").get("/briefs/mtg_nothing").status_code == 404


@pytest.mark.parametrize(
    ("left", "said"),
    [
        pytest.param("-10 minutes", "now", id="under way"),
        pytest.param("1 minute 30 seconds", "in 1 minute", id="a minute"),
        pytest.param("1 hour 40 minutes 30 seconds", "in 100 minutes", id="minutes"),
        pytest.param("23 hours 5 minutes", "in 23 hours", id="hours"),
        pytest.param("49 hours", "in 2 days", id="days"),
    ],
)
def test_the_list_says_how_far_away_a_meeting_is_by_batons_clock(conn, met, sign_in, left, said):
    conn.execute("update ops.meeting set starts_at = ops.now() + %(left)s::interval, ends_at = ops.now() "
                 "+ %(left)s::interval + interval '30 minutes' where id = %(id)s",
                 {"left": left, "id": met["meeting"]})  # fmt: skip
    conn.commit()
    assert f">{said}<" in sign_in(met["rep_email"], "Rep").get("/briefs").text


def test_what_is_not_complete_says_what_is_missing(conn, met, sign_in):
    conn.execute("update ops.brief set is_complete = false, missing = '{opener}' "
                 "where meeting_id = %s", (met["meeting"],))  # fmt: skip
    conn.commit()
    client = sign_in(met["rep_email"], "Rep")
    assert "missing: opener" in client.get("/briefs").text
    assert "Not complete: opener" in client.get(f"/briefs/{met['meeting']}").text


@pytest.mark.parametrize(
    ("headers", "counts"),
    [
        pytest.param({}, True, id="opened"),
        pytest.param({"Sec-Fetch-Dest": "document", "Sec-Fetch-Site": "same-origin"}, True, id="page"),
        pytest.param({"Sec-Fetch-Dest": "iframe", "Sec-Fetch-Site": "same-origin"}, True, id="frame"),
        pytest.param({"Sec-Purpose": "prefetch"}, False, id="prefetch"),
        pytest.param({"Sec-Purpose": "prefetch;prerender"}, False, id="prerender"),
        pytest.param({"Purpose": "prefetch"}, False, id="older prefetch"),
        pytest.param({"Sec-Fetch-Dest": "image", "Sec-Fetch-Site": "cross-site"}, False, id="image"),
    ],
)  # fmt: skip
def test_the_reps_own_look_is_recorded_once(conn, met, sign_in, headers, counts):
    path = f"/briefs/{met['meeting']}"
    for person, role in (("revops", "op"), ("ann", "viewer"), ("root", "admin")):
        assert sign_in(person, role).get(path).status_code == 200
    assert opened(conn, met) == (None, None)
    answer = sign_in(met["rep_email"], "Rep").get(path, headers=headers)
    assert answer.status_code == 200
    assert "Say first" in answer.text
    by, at = opened(conn, met)
    assert (by == met["rep_email"]) == counts
    sign_in(met["rep_email"], "Rep").get(path)
    assert not counts or opened(conn, met) == (by, at)


def test_the_stage_report_sees_that_it_was_opened_before_the_start(
    conn, make_run, settings, met, sign_in
):
    late = meet(conn, make_run)
    run = make_run("handoff", "meeting_handoff")
    handoff.brief(run)
    world.release(conn, run)
    begin = ("update ops.meeting set starts_at = ops.now(), ends_at = ops.now() + interval '1 hour' "
             "where id = %s")  # fmt: skip
    conn.execute(begin, (late["meeting"],))
    conn.commit()
    for each in (met, late):
        path = f"/briefs/{each['meeting']}"
        assert sign_in(each["rep_email"], "Rep").get(path).status_code == 200
    conn.execute(begin, (met["meeting"],))
    conn.execute("insert into ops.meeting_outcome (meeting_id, outcome, source) "
                 "select id, 'attended', 'test' from ops.meeting")  # fmt: skip
    conn.commit()
    results = dbt.invoke(settings, ["run", "--select", "+meeting"])
    assert not [each for each in results if each.is_bad]
    seen = {
        each["meeting"]: scalar(conn, "select is_attended and is_brief_opened from marts.meeting "
                                "where meeting_id = %s", (each["meeting"],))
        for each in (met, late)
    }  # fmt: skip
    assert seen == {met["meeting"]: True, late["meeting"]: False}


@pytest.fixture
def baton(settings, monkeypatch, capsys):
    def run(*arguments):
        for name, value in settings.environ.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("sys.argv", ["baton", *arguments])
        status = cli.main()
        said = capsys.readouterr()
        return status, said.out, said.err

    return run


def test_the_command_line_shows_the_same(conn, met, baton):
    assert os.environ.get("BATON_DEBUG") is None
    status, said, _ = baton("brief", met["meeting"])
    assert (status, "SAY FIRST" in said) == (0, True)
    told = json.loads(baton("brief", met["meeting"], "--json")[1])
    assert (told["meeting_id"], told["is_complete"]) == (met["meeting"], True)
    listed = json.loads(baton("brief", "--rep", met["rep_email"].upper(), "--json")[1])
    assert [m["meeting"] for m in listed["meetings"]] == [met["meeting"]]
    assert "Ada Lopez" in baton("brief", "--rep", met["rep_email"])[1]
    other = world.rep(conn)[1]
    assert f"No meeting of {other} is planned." in baton("brief", "--rep", other)[1]
    lament = baton("brief", "--rep", met["rep_email"].replace("@", "@x"))[2]
    assert f"did you mean {met['rep_email']}?" in lament


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        pytest.param([], "Name a meeting", id="neither"),
        pytest.param(["mtg_1", "--rep", "a@b.example"], "Name a meeting", id="both"),
        pytest.param(["mtg_nothing"], "There is no meeting 'mtg_nothing'", id="unknown"),
    ],
)
def test_the_command_line_says_what_is_wrong(baton, arguments, sentence):
    status, said, lament = baton("brief", *arguments)
    assert (status, said) == (1, "")
    assert sentence in lament
