"""Reps' calendars as folders of .ics files: what serves while no calendar server is connected.

Same contract as CalDavCalendar. A file can be opened by any calendar program.
"""

import contextlib
import hashlib
import os
import re
import tempfile
from pathlib import Path

from baton.clients.caldav import EventChanged, StoredEvent
from baton.core.errors import VendorError


class FolderCalendar:
    """The calendars of all reps below one folder: `<folder>/<address>/<uid>.ics`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def close(self) -> None:
        """Nothing is kept open."""

    def get(self, rep_email: str, uid: str) -> StoredEvent | None:
        """Return the event with this uid, or None."""
        try:
            text = self.path(rep_email, uid).read_bytes()
        except FileNotFoundError:
            return None
        return StoredEvent(text.decode(), _etag(text))

    def put(self, rep_email: str, uid: str, ics: str, etag: str | None) -> str:
        """Write an event whole and return its etag.

        `etag` is that of the version to replace; None says that there must be none yet. Raises
        EventChanged if there is another one, VendorError if the folder cannot be written.
        """
        held = self.get(rep_email, uid)
        if (held.etag if held else None) != etag:
            raise EventChanged(f"The calendar of {rep_email} holds another version of event {uid}.")
        path, content = self.path(rep_email, uid), ics.encode()
        try:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            descriptor, part = tempfile.mkstemp(dir=path.parent, suffix=".part")
            with os.fdopen(descriptor, "wb") as file:
                file.write(content)
            Path(part).replace(path)
        except OSError as error:
            raise VendorError(
                f"The calendar folder {path.parent} cannot be written ({error.strerror}); "
                "free some space or set BATON_HOME to another folder."
            ) from error
        return _etag(content)

    def delete(self, rep_email: str, uid: str) -> None:
        """Take an event out; that it is gone already is fine."""
        with contextlib.suppress(FileNotFoundError):
            self.path(rep_email, uid).unlink()

    def path(self, rep_email: str, uid: str) -> Path:
        """Return where the event lies; whatever could lead out of the folder is replaced."""
        rep, name = (re.sub(r"[^\w@.+-]|^\.+", "_", part) for part in (rep_email.lower(), uid))
        return self._folder / rep / f"{name}.ics"


def _etag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()}"'
