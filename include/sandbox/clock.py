"""The sandbox's clock and its agenda: what is due when, without anybody sleeping."""

from __future__ import annotations

import heapq
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

OPENS, CLOSES = 9, 17  # local office hours


class Clock:
    """Simulated time. A ticking clock runs on with real time; a still one only when told."""

    def __init__(self, now: datetime, ticking: bool) -> None:
        self._now = now.astimezone(UTC)
        self._since = datetime.now(UTC) if ticking else None

    @property
    def now(self) -> datetime:
        """The simulated present, in UTC."""
        if self._since is None:
            return self._now
        return self._now + (datetime.now(UTC) - self._since)

    def move_to(self, moment: datetime) -> None:
        """Go to `moment`; the clock never goes back."""
        moment = moment.astimezone(UTC)
        if moment > self.now:
            self._now = moment
            if self._since is not None:
                self._since = datetime.now(UTC)


@dataclass(order=True)
class Happening:
    """Something that will happen: `kind` names the handler, `data` is plain JSON."""

    at: datetime
    number: int
    kind: str = field(compare=False)
    data: dict[str, Any] = field(compare=False, default_factory=dict)


class Agenda:
    """What will happen, in order of time and then of entry."""

    def __init__(self) -> None:
        self._heap: list[Happening] = []
        self._number = 0

    def __len__(self) -> int:
        return len(self._heap)

    def add(self, at: datetime, kind: str, **data: Any) -> None:
        """Enter a happening."""
        self._number += 1
        heapq.heappush(self._heap, Happening(at.astimezone(UTC), self._number, kind, data))

    def due(self, until: datetime) -> Happening | None:
        """Take out the next happening that falls due by `until`, if there is one."""
        if self._heap and self._heap[0].at <= until:
            return heapq.heappop(self._heap)
        return None

    @property
    def next_at(self) -> datetime | None:
        """When the next happening falls due."""
        return self._heap[0].at if self._heap else None

    def dump(self) -> list[dict[str, Any]]:
        """Return the agenda as JSON rows."""
        return [
            {"at": h.at.isoformat(), "kind": h.kind, "data": h.data} for h in sorted(self._heap)
        ]

    def restore(self, rows: list[dict[str, Any]]) -> None:
        """Replace the agenda by dumped rows."""
        self._heap, self._number = [], 0
        for row in rows:
            self.add(datetime.fromisoformat(row["at"]), row["kind"], **row["data"])


def office_time(moment: datetime, zone: str) -> datetime:
    """`moment`, or the next opening of an office there: weekdays from 9 to 17 local time."""
    local = moment.astimezone(ZoneInfo(zone))
    if local.hour >= CLOSES:
        local = (local + timedelta(days=1)).replace(hour=OPENS, minute=local.minute)
    elif local.hour < OPENS:
        local = local.replace(hour=OPENS)
    while local.weekday() >= 5:
        local += timedelta(days=1)
    return local.astimezone(UTC)
