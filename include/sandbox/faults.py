"""Faults that can be switched on, each for one vendor, with a count or a probability and a seed.

Kinds that answer HTTP requests:
    latency        wait `ms` milliseconds before the request is handled
    rate_limit     429 with `Retry-After: retry_after`; nothing is taken
    error_before   500 before the body is handled; nothing is taken
    error_after    the request is taken, and still answered with 500
    reset_before   the body is received, nothing is taken, the connection is reset
    reset_after    the request is taken, then the connection is reset without an answer
Kinds that change what follows:
    silence        (sendgrid) 202, and no event or reply ever comes of it
    bad_drafts     (openai) the draft says what its evidence does not carry
    duplicate      (webhooks) the webhook is posted twice
    shuffle        (webhooks) e-mail events that fall due together arrive in another order
"""

from __future__ import annotations

import random
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.errors import SandboxError

HTTP_KINDS = (
    "latency", "rate_limit", "error_before", "error_after", "reset_before", "reset_after",
)  # fmt: skip
VENDORS = {
    "sendgrid": (*HTTP_KINDS, "silence"),
    "openai": (*HTTP_KINDS, "bad_drafts"),
    "hubspot": HTTP_KINDS,
    "feeds": HTTP_KINDS,
    "jobs": HTTP_KINDS,
    "webhooks": ("duplicate", "shuffle"),
}


@dataclass
class Fault:
    """One switched-on fault. `count` is how often it still strikes; None is without end."""

    vendor: str
    kind: str
    count: int | None = None
    probability: float = 1.0
    seed: int = 0
    ms: int = 0
    retry_after: int = 1
    path: str = ""
    fired: int = 0
    rng: random.Random = field(default_factory=random.Random, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.vendor not in VENDORS:
            raise SandboxError(
                f"There is no vendor {self.vendor!r}; there are {', '.join(VENDORS)}."
            )
        if self.kind not in VENDORS[self.vendor]:
            raise SandboxError(
                f"{self.vendor} has no fault {self.kind!r}; it has {', '.join(VENDORS[self.vendor])}."
            )
        if not 0 <= self.probability <= 1:
            raise SandboxError(f"A probability lies between 0 and 1, not at {self.probability}.")
        if self.count is not None and self.count < 0:
            raise SandboxError(f"A fault's count is 0 or more, not {self.count}.")
        if self.ms < 0 or self.retry_after < 0:
            raise SandboxError("A fault's ms and retry_after are 0 or more.")
        self.rng = random.Random(f"{self.seed}:{self.vendor}:{self.kind}")

    def strikes(self, path: str) -> bool:
        """Whether it strikes now, for a request to `path`; a strike uses up one of its count."""
        if self.path and not path.startswith(self.path):
            return False
        if self.count == 0 or self.rng.random() >= self.probability:
            return False
        if self.count is not None:
            self.count -= 1
        self.fired += 1
        return True

    def shown(self) -> dict[str, Any]:
        """Return the fault as JSON."""
        rows = asdict(self)
        del rows["rng"]
        return rows


class Faults:
    """The faults that are switched on."""

    def __init__(self) -> None:
        self._on: list[Fault] = []

    def switch_on(self, **fields: Any) -> Fault:
        """Switch a fault on.

        Raises:
            SandboxError: there is no such vendor, kind, field or value; the message says which.

        """
        try:
            fault = Fault(**fields)
        except TypeError as problem:
            raise SandboxError(
                "A fault has vendor, kind, count, probability, seed, ms, retry_after and path: "
                f"{problem}."
            ) from problem
        self._on.append(fault)
        return fault

    def clear(self) -> None:
        """Switch everything off."""
        self._on.clear()

    def strike(self, vendor: str, kind: str, path: str = "") -> Fault | None:
        """Return the first fault of this kind that strikes now, or None."""
        for fault in self._on:
            if fault.vendor == vendor and fault.kind == kind and fault.strikes(path):
                return fault
        return None

    def shown(self) -> list[dict[str, Any]]:
        """All faults that were switched on, with how often each has struck."""
        return [fault.shown() for fault in self._on]
