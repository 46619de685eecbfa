"""Our calendar clients against a real CalDAV server (Radicale), and the folder by the same contract."""

from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from baton.clients.caldav import CalDavCalendar, EventChanged
from baton.clients.calendar_folder import FolderCalendar
from baton.core.connections import Connection
from baton.core.errors import SettingsError, VendorAmbiguous, VendorError, VendorUnavailable
from baton.ledger.vevent import MeetingEvent, render
from tests.integration.ledger.radicale import CalendarServer

REP = "clara.voss@seller.example"
OTHER = "owen.hughes@seller.example"
NOW = datetime(2026, 11, 20, 9, tzinfo=UTC)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with CalendarServer(tmp_path_factory.mktemp("radicale"), REP, OTHER) as running:
        yield running


@pytest.fixture(params=["radicale", "folder"])
def calendar(request, server, tmp_path):
    client = (
        CalDavCalendar(server.connection)
        if request.param == "radicale"
        else FolderCalendar(tmp_path)
    )
    yield client
    client.close()


def ics(uid, summary="Meeting: Ada Lopez"):
    start, end = datetime(2031, 3, 6, 14, tzinfo=UTC), datetime(2031, 3, 6, 14, 30, tzinfo=UTC)
    return render(MeetingEvent(uid, start, end, summary, "Say hello.", False), NOW)


def test_what_is_put_is_got(calendar):
    etag = calendar.put(REP, "got@baton", ics("got@baton"), None)
    held = calendar.get(REP, "got@baton")
    assert held.etag == etag
    assert "SUMMARY:Meeting: Ada Lopez" in held.ics
    assert calendar.get(OTHER, "got@baton") is None


def test_a_second_event_of_the_same_name_is_refused(calendar):
    calendar.put(REP, "twice@baton", ics("twice@baton"), None)
    with pytest.raises(EventChanged):
        calendar.put(REP, "twice@baton", ics("twice@baton", "Other"), None)
    assert "Meeting: Ada" in calendar.get(REP, "twice@baton").ics


def test_only_the_known_version_is_replaced(calendar):
    first = calendar.put(REP, "etag@baton", ics("etag@baton"), None)
    second = calendar.put(REP, "etag@baton", ics("etag@baton", "Second"), first)
    assert second != first
    with pytest.raises(EventChanged):
        calendar.put(REP, "etag@baton", ics("etag@baton", "Third"), first)
    assert "SUMMARY:Second" in calendar.get(REP, "etag@baton").ics


def test_a_replacement_of_nothing_is_refused(calendar):
    with pytest.raises(EventChanged):
        calendar.put(REP, "none@baton", ics("none@baton"), '"an-etag"')


def test_deleting_is_idempotent(calendar):
    calendar.put(REP, "gone@baton", ics("gone@baton"), None)
    calendar.delete(REP, "gone@baton")
    calendar.delete(REP, "gone@baton")
    assert calendar.get(REP, "gone@baton") is None


def test_a_wrong_password_says_what_to_check(server):
    wrong = Connection("baton_calendar", "caldav", login="baton", password="no",
                       extra=server.connection.extra)  # fmt: skip
    client = CalDavCalendar(wrong)
    with pytest.raises(VendorError, match="refused the login for clara"):
        client.put(REP, "x@baton", ics("x@baton"), None)
    client.close()


def test_a_rep_who_gave_their_own_credentials_uses_them(server):
    own = Connection("baton_calendar", "caldav", login="nobody", password="no",
                     extra={**server.connection.extra, "credentials": server.own})  # fmt: skip
    client = CalDavCalendar(own)
    client.put(REP, "own@baton", ics("own@baton"), None)
    client.close()
    assert any("own@baton" in event for event in server.events(REP))


def test_a_missing_calendar_is_said(server):
    client = CalDavCalendar(server.connection)
    with pytest.raises(VendorError, match=r"no calendar for nobody@seller\.example"):
        client.put("nobody@seller.example", "x@baton", ics("x@baton"), None)
    client.close()


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(503, VendorUnavailable, id="server trouble"),
        pytest.param(429, VendorUnavailable, id="slow down"),
        pytest.param(415, VendorError, id="refused"),
        pytest.param(httpx.ReadTimeout("slow"), VendorAmbiguous, id="no answer"),
        pytest.param(httpx.ConnectError("refused"), VendorUnavailable, id="not there"),
    ],
)
def test_every_failure_has_its_error(answer, error):
    def handle(request):
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer, headers={"retry-after": "7"})

    connection = Connection("baton_calendar", "caldav", host="calendar.example")
    client = CalDavCalendar(connection, transport=httpx.MockTransport(handle))
    with pytest.raises(error):
        client.put(REP, "x@baton", ics("x@baton"), None)


def test_a_path_without_the_rep_is_refused():
    connection = Connection("baton_calendar", "caldav", host="h", extra={"path": "/all/"})
    with pytest.raises(SettingsError, match=r"\{rep\}"):
        CalDavCalendar(connection)


@pytest.mark.parametrize("rep", ["../../etc@x.example", "a/b@x.example", "..", "a\x00b@x.example"])
def test_no_address_leads_out_of_the_folder(tmp_path, rep):
    calendar = FolderCalendar(tmp_path)
    path = calendar.path(rep, "../../passwd")
    assert path.resolve().is_relative_to(tmp_path)
    assert len(path.relative_to(tmp_path).parts) == 2
    calendar.put(rep, "../../passwd", ics("u"), None)
    assert isinstance(calendar.get(rep, "../../passwd").etag, str)
    assert list(Path(tmp_path).rglob("*.part")) == []
