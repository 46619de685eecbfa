"""What one sandbox needs to know about where it runs and whom it tells."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx

from sandbox.keys import Keys
from sandbox.market import DEFAULT_SEED


@dataclass(frozen=True)
class SandboxConfig:
    """Settings of one sandbox.

    Attributes:
        keys: the secrets it signs with and the API keys it accepts.
        receiver_url: base URL of the webhook receiver, or None: then webhooks are only logged.
        seed: of the market and of everything that is left to chance.
        scale: size of the market; 1.0 is 60 watched accounts.
        start: the simulated time at which it begins; None takes the present.
        ticking: the simulated clock runs on with real time between advances.
        storyline: the first people written to play the parts that a full funnel needs.
        home: folder that keeps the state over restarts; None keeps nothing.
        public_url: how others reach this sandbox, used in feeds and links.
        receiver_transport: an httpx transport to the receiver (tests run it in-process).

    """

    keys: Keys
    receiver_url: str | None = None
    seed: int = DEFAULT_SEED
    scale: float = 1.0
    start: datetime | None = None
    ticking: bool = False
    storyline: bool = True
    home: Path | None = None
    public_url: str = "http://127.0.0.1:8090"
    receiver_transport: httpx.AsyncBaseTransport | None = field(default=None, compare=False)

    def first_moment(self) -> datetime:
        """Return the start, or the present in whole seconds."""
        return self.start or datetime.now(UTC).replace(microsecond=0)
