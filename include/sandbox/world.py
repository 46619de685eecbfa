"""The whole simulated world of one sandbox, and how it survives a restart."""

from __future__ import annotations

import asyncio
import json
import random
from datetime import datetime
from typing import Any

from sandbox.clock import Agenda, Clock
from sandbox.config import SandboxConfig
from sandbox.errors import SandboxError
from sandbox.faults import Faults
from sandbox.keys import private_write
from sandbox.mailbox import Mailbox
from sandbox.market import Market, build_market
from sandbox.post import Postman
from sandbox.vendors import hubspot_store

STATE_FILE = "state.json"


class World:
    """Market, clock, agenda, mailbox, CRM, stories and postman, held together.

    `stories` keeps, per address, the part a person plays and how far it has gone; `bookings`
    keeps each booking by its uid. Both are plain JSON.
    """

    def __init__(self, config: SandboxConfig) -> None:
        self.config = config
        self.faults = Faults()
        self.postman = Postman(config, self.faults)
        self.lock = asyncio.Lock()
        self._reset(config.first_moment())
        self._restore()

    def _reset(self, start: datetime) -> None:
        self.market: Market = build_market(self.config.seed, start, self.config.scale)
        self.clock = Clock(start, self.config.ticking)
        self.agenda = Agenda()
        self.mailbox = Mailbox()
        self.stories: dict[str, dict[str, Any]] = {}
        self.bookings: dict[str, dict[str, Any]] = {}
        self.batches: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.crm = hubspot_store.CrmStore(self.clock)
        hubspot_store.seed(self.crm, self.market)
        for signal in self.market.signals:
            if signal.source in ("site", "product"):
                self.agenda.add(signal.at, "signal", signal_id=signal.id)

    def reset(self) -> None:
        """Back to the beginning: nothing sent, nothing happened, no fault on."""
        self._reset(self.market.start)
        self.faults.clear()
        self.postman.forget()

    def rng(self, *purpose: object) -> random.Random:
        """Return a random stream for one purpose, the same whatever happened before."""
        return random.Random(":".join(str(part) for part in (self.config.seed, *purpose)))

    def count(self, kind: str) -> None:
        """Count one happening of this kind."""
        self.counts[kind] = self.counts.get(kind, 0) + 1

    def save(self) -> None:
        """Keep the state in the home, if there is one."""
        if self.config.home is None:
            return
        self.config.home.mkdir(parents=True, exist_ok=True)
        state = {
            "seed": self.config.seed,
            "scale": self.config.scale,
            "start": self.market.start.isoformat(),
            "now": self.clock.now.isoformat(),
            "agenda": self.agenda.dump(),
            "mailbox": self.mailbox.dump(),
            "stories": self.stories,
            "bookings": self.bookings,
            "batches": self.batches,
            "counts": self.counts,
            "crm": self.crm.dump(),
            "undelivered": self.postman.dump(),
        }
        private_write(self.config.home / STATE_FILE, json.dumps(state))

    def _restore(self) -> None:
        if self.config.home is None or not (self.config.home / STATE_FILE).exists():
            return
        path = self.config.home / STATE_FILE
        try:
            state = json.loads(path.read_text(encoding="utf-8"))
        except ValueError as problem:
            raise SandboxError(f"{path} is damaged; delete it to begin a new market.") from problem
        if (state["seed"], state["scale"]) != (self.config.seed, self.config.scale):
            raise SandboxError(
                f"{path} holds a market with seed {state['seed']} and scale {state['scale']}; "
                "start the sandbox with these, or give it another home."
            )
        self._reset(datetime.fromisoformat(state["start"]))
        self.clock.move_to(datetime.fromisoformat(state["now"]))
        self.agenda.restore(state["agenda"])
        self.mailbox.restore(state["mailbox"])
        self.stories, self.bookings = state["stories"], state["bookings"]
        self.batches, self.counts = state["batches"], state["counts"]
        self.crm.restore(state["crm"])
        self.postman.restore(state["undelivered"])
