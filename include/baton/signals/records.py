"""What a source of signals is, and what it gives: the one contract that every source keeps."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol

# A date may run ahead of our clock by a time zone; beyond that it is a mistake.
AHEAD = timedelta(days=1)
KEY_LENGTH = 300


@dataclass(frozen=True)
class Signal:
    """One thing that happened at a company.

    `domain`, `email` and `company` are hints by which staging finds the account. `payload` is what
    came, as JSON that can be stored.
    """

    natural_key: str
    signal_type: str
    occurred_at: datetime
    payload: Any
    domain: str | None = None
    email: str | None = None
    company: str | None = None
    title: str | None = None
    url: str | None = None


@dataclass(frozen=True)
class Reject:
    """One item that cannot be used. `reason` is a sentence; `payload` is the item as text."""

    reason: str
    payload: str


@dataclass(frozen=True)
class Batch:
    """What a fetch gave. `watermark` is kept with the rows; None leaves the old one in place.

    `items` may be a stream that reads from the open transaction. `problem` is what kept the fetch
    from being complete: the items are used all the same, and the step fails in the end.
    """

    items: Iterable[Any]
    watermark: str | None
    problem: str = ""


class Source(Protocol):
    """One source. `fetch` may fail with a VendorError; `parse` never fails."""

    def fetch(self, watermark: str | None) -> Batch:
        """Return the raw items that are new since `watermark` (None: read from the start)."""

    def parse(self, item: Any) -> Signal | Reject:
        """Return the signal that an item stands for, or why it is none."""


def key(*parts: object) -> str:
    """Return a natural key that fits an index: the parts joined, or a hash where that is long."""
    text = "|".join("" if part is None else str(part) for part in parts)
    return text if len(text) <= KEY_LENGTH else hashlib.sha256(text.encode()).hexdigest()


def fingerprint(value: Any) -> str:
    """Return a short hash of a JSON value, to see whether a source's own file changed."""
    text = json.dumps(value, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Mark:
    """A watermark of a polled source. It is void once the source's file says something else."""

    config: str
    values: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, text: str | None, config: str) -> "Mark":
        """Return the mark that was kept, or an empty one."""
        try:
            kept = json.loads(text or "{}")
            values = {str(name): str(value) for name, value in kept["values"].items()}
            fits = kept["config"] == config
        except (ValueError, KeyError, TypeError, AttributeError):
            return cls(config)
        return cls(config, values if fits else {})

    def write(self) -> str:
        """Return the mark as text."""
        return json.dumps({"config": self.config, "values": self.values}, sort_keys=True)


def in_time(occurred_at: datetime, now: datetime) -> datetime | None:
    """Return when it happened, never later than now; None where the date is plainly a mistake."""
    return None if occurred_at > now + AHEAD else min(occurred_at, now)
