"""A transcript from outside, read with care, and the one question asked of it, whether this was said."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

MOST_SEGMENTS = 20_000
LONGEST_SEGMENT = 20_000
LINE = re.compile(r"^\s*([^:\n]{1,80}):\s+(.+)$")
ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


class Unreadable(ValueError):
    """A payload that is no transcript; the message is the reason kept in quarantine."""


@dataclass(frozen=True)
class Segment:
    """What one person said in one go. `email` is lower case, where the recorder knows it."""

    speaker: str
    email: str | None
    text: str


@dataclass(frozen=True)
class Transcript:
    """One meeting's words. `uids` may name its booking; `audio_url` is set where there is no text."""

    uids: tuple[str, ...]
    started_at: datetime | None
    attendees: tuple[str, ...]
    segments: tuple[Segment, ...]
    audio_url: str | None = None

    @property
    def text(self) -> str:
        """All of it, one line per segment."""
        return "\n".join(f"{s.speaker}: {s.text}" if s.speaker else s.text for s in self.segments)

    def find(self, quote: str, least_words: int = 1) -> Segment | None:
        """Return the segment in which `quote` stands, word for word, or None.

        Only spaces, line breaks and the forms of quotes and dashes do not count. A quote that spans
        two speakers, or has fewer than `least_words` words, is none.
        """
        wanted = normalised(quote)
        if len(re.findall(r"\w+", wanted)) < max(1, least_words):
            return None
        pattern = re.compile(rf"(?<!\w){re.escape(wanted)}(?!\w)")
        for segment in joined(self.segments):
            if pattern.search(normalised(segment.text)):
                return segment
        return None


def normalised(text: str) -> str:
    """Return text for comparing: one space between words, plain quotes and dashes. Case counts."""
    text = unicodedata.normalize("NFKC", text)
    text = re.sub(r"[‘’‚‛]", "'", re.sub(r"[“”„‟«»]", '"', text))
    text = re.sub(r"[‐‑‒–—]", "-", text)
    return re.sub(r"\s+", " ", text).strip().strip('"').strip()


def joined(segments: tuple[Segment, ...]) -> list[Segment]:
    """Return the segments with those of one speaker in a row put together."""
    found: list[Segment] = []
    for segment in segments:
        last = found[-1] if found else None
        if last and (last.speaker, last.email) == (segment.speaker, segment.email):
            found[-1] = Segment(last.speaker, last.email, f"{last.text} {segment.text}")
        else:
            found.append(segment)
    return found


def read(payload: Any, meeting_uid: str | None = None) -> Transcript:
    """Read a landed payload. Raises Unreadable with a sentence.

    Segments are {speaker, text} with an optional email; plain `text` of "Name: words" lines will do.
    """
    if not isinstance(payload, Mapping):
        raise Unreadable("The payload is no object.")
    segments = _segments(payload)
    audio = payload.get("audio_url") or payload.get("recording_url")
    audio_url = audio.strip() if isinstance(audio, str) and audio.strip() else None
    if not segments and not audio_url:
        raise Unreadable("It holds neither words (segments, text) nor an audio_url.")
    named = (
        meeting_uid,
        payload.get("booking_uid"),
        payload.get("meeting_uid"),
        payload.get("uid"),
    )
    uids = tuple(dict.fromkeys(u.strip() for u in named if isinstance(u, str) and u.strip()))
    started = _moment(payload.get("started_at"))
    attendees = _addresses(payload)
    if not uids and (started is None or not attendees):
        raise Unreadable(
            "It names no booking, and without started_at and an attendee's address nobody can tell "
            "which meeting it is."
        )
    return Transcript(uids, started, attendees, segments, None if segments else audio_url)


def _segments(payload: Mapping[str, Any]) -> tuple[Segment, ...]:
    given = payload.get("segments")
    if isinstance(given, list):
        if len(given) > MOST_SEGMENTS:
            raise Unreadable(f"It has {len(given)} segments; {MOST_SEGMENTS} are the most.")
        found = []
        for item in given:
            text = item.get("text") if isinstance(item, Mapping) else None
            if not isinstance(text, str):
                raise Unreadable("A segment has no text.")
            speaker = item.get("speaker")
            found.append(
                Segment(
                    " ".join(speaker.split())[:80] if isinstance(speaker, str) else "",
                    _address(item.get("email")),
                    text[:LONGEST_SEGMENT].replace("\x00", ""),
                )
            )
        return tuple(segment for segment in found if segment.text.strip())
    text = payload.get("text")
    if not isinstance(text, str):
        return ()
    lines = []
    for line in text.replace("\x00", "").splitlines():
        if match := LINE.match(line):
            lines.append(Segment(match[1].strip(), None, match[2].strip()))
        elif line.strip():
            lines.append(Segment(lines[-1].speaker if lines else "", None, line.strip()))
    return tuple(lines[:MOST_SEGMENTS])


def _addresses(payload: Mapping[str, Any]) -> tuple[str, ...]:
    given = payload.get("attendees")
    people = given if isinstance(given, list) else []
    found = (_address(p.get("email") if isinstance(p, Mapping) else p) for p in people)
    return tuple(dict.fromkeys(email for email in found if email))


def _address(value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    value = value.strip().lower()
    return value if ADDRESS.fullmatch(value) else None


def _moment(value: Any) -> datetime | None:
    try:
        found = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
    return found.astimezone(UTC) if found is not None and found.tzinfo is not None else None
