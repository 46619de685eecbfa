"""A real Radicale process on a free loopback port, with calendars for the given addresses."""

import socket
import subprocess
import time
from types import SimpleNamespace

from baton.core.connections import Connection
from sandbox import keys
from sandbox.vendors import caldav


class CalendarServer:
    """A context manager; `connection` is that of the service user, `own` maps reps to passwords."""

    def __init__(self, folder, *addresses):
        self._keys = keys.generate()
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        reps = tuple(SimpleNamespace(email=a, name=a) for a in addresses)
        self._server = caldav.prepare(folder, reps, self._keys, port)
        self._port = port
        self.storage = self._server.storage / "collection-root"
        self.connection = Connection(
            "baton_calendar", "caldav", login=self._server.user,
            password=self._keys.calendar_password, extra={"base_url": self._server.url},
        )  # fmt: skip
        self.own = {a: [a, self._keys.rep_password(a)] for a in addresses}
        self.url = self._server.url

    def __enter__(self):
        self._process = subprocess.Popen(self._server.command)
        ends = time.monotonic() + 60
        while not self._answers():
            assert self._process.poll() is None, "Radicale does not start"
            assert time.monotonic() < ends, "Radicale does not answer within a minute"
            time.sleep(0.05)
        return self

    def _answers(self):
        try:
            socket.create_connection(("127.0.0.1", self._port), timeout=1).close()
        except OSError:
            return False
        return True

    def __exit__(self, *_):
        self._process.terminate()
        self._process.wait(30)

    def events(self, address):
        """The iCalendar texts in one rep's calendar."""
        folder = self.storage / address / caldav.CALENDAR
        return [path.read_text() for path in sorted(folder.glob("*.ics"))]
