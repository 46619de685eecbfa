"""The sender is killed with SIGKILL at 60 seeded points, from before the claim to after the answer.

A real process, a real Postgres, real HTTP. Nobody may get a mail twice, no message may be lost, and no
more messages may end as `unknown` than had a request under way when their sender was killed.
"""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess

import pytest

from baton.core.settings import Settings
from baton.warehouse.connect import connect
from tests.chaos.sender_process import chain
from tests.integration.delivery.vendor import Reply, Vendor, accept, vendor
from tests.integration.delivery.world import World

SEED = 20270301
POINTS = 60
PER_ROUND = 8
WORKERS = 4

# When to kill: some time after the start, when an attempt was committed, when the vendor has the
# n-th body, when the vendor answered it.
KINDS = ("time", "attempt", "body", "answer")


@dataclass
class Plan:
    """One kill."""

    kind: str
    nth: int
    delay: float
    fired: threading.Event = field(default_factory=threading.Event)

    def fire(self, process: BaseProcess) -> None:
        """Kill the process, once; wait until it is gone, so that nothing of it follows."""
        if not self.fired.is_set() and process.is_alive():
            assert process.pid is not None
            os.kill(process.pid, signal.SIGKILL)
            self.fired.set()


def plans() -> list[Plan]:
    rng = random.Random(SEED)
    made = [
        Plan(KINDS[n % len(KINDS)], rng.randint(1, PER_ROUND - 2),
             rng.uniform(0, 0.35) if n % len(KINDS) == 0 else rng.uniform(0, 0.02))
        for n in range(POINTS)
    ]  # fmt: skip
    rng.shuffle(made)
    return made


def wait_for_attempt(settings: Settings, process: BaseProcess) -> None:
    """Wait until the sender has committed an attempt."""
    with connect(settings.database_url, autocommit=True) as conn:
        while process.is_alive():
            found = conn.execute(
                "select exists (select from ops.attempt where outcome = 'pending')"
            )
            if found.fetchone()[0]:  # type: ignore[index]
                return


def play(plan: Plan, world: World, stand_in: Vendor, start: Callable[[], BaseProcess]) -> None:
    """Run one sender and kill it as planned."""
    process: list[BaseProcess] = []
    seen = {"body": 0, "answer": 0}
    lock = threading.Lock()

    def reached(kind: str) -> None:
        with lock:
            seen[kind] += 1
            now = plan.kind == kind and seen[kind] == plan.nth
        if now:
            time.sleep(plan.delay)  # part of the kill point: how far the others have come
            plan.fire(process[0])

    def answer(key: str) -> Reply:
        reached("body")
        if plan.kind == "attempt":
            time.sleep(plan.delay)
        return accept(key)

    stand_in.answer, stand_in.answered = answer, lambda _key: reached("answer")
    process.append(start())
    if plan.kind == "time":
        time.sleep(plan.delay)
        plan.fire(process[0])
    elif plan.kind == "attempt":
        wait_for_attempt(world.settings, process[0])
        plan.fire(process[0])
    process[0].join(60)
    assert not process[0].is_alive()


@pytest.mark.chaos
def test_a_sender_killed_at_sixty_points_sends_nothing_twice_and_loses_nothing(
    settings: Settings,
) -> None:
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.chaos.sender_process"])
    world = World(settings)
    # The caps have their own tests; here nothing but the kills may stand in the way.
    world.grant(100_000)
    in_flight: set[str] = set()
    landed = Counter[str]()
    with vendor() as stand_in:
        environ = {**settings.environ, "AIRFLOW_CONN_BATON_MAIL": stand_in.connection()}

        def start() -> BaseProcess:
            ready, said = context.Pipe(duplex=False)
            process = context.Process(target=chain, args=(environ, said))
            process.start()
            assert ready.poll(60)
            assert ready.recv() == "ready"
            return process

        for plan in plans():
            world.approve_many(PER_ROUND)
            while not plan.fired.is_set():
                play(plan, world, stand_in, start)
                if not plan.fired.is_set():
                    world.approve_many(PER_ROUND)  # it was too fast; give it more to do
            landed[plan.kind] += 1
            pending = world.rows("select id from ops.attempt where outcome = 'pending'")
            assert len(pending) <= WORKERS
            in_flight |= {row["id"] for row in pending}

        stand_in.answer, stand_in.answered = accept, lambda _key: None
        for _ in range(2):  # the first finishes what is left, the second finds nothing to do
            before = len(stand_in.received)
            process = start()
            process.join(120)
            assert process.exitcode == 0
        assert len(stand_in.received) == before

        states = {
            row["send_key"]: row["state"]
            for row in world.rows("select send_key, state from ops.message")
        }
        counts = Counter(states.values())
        print(f"\nkills {dict(landed)}, in flight {len(in_flight)}, messages {dict(counts)}")
        approvals = world.value("select count(*) from ops.decision")
        assert sum(landed.values()) == POINTS
        assert len(states) == approvals, "an approval has no message"
        assert stand_in.twice() == [], "somebody got a mail twice"
        assert set(counts) <= {"accepted", "unknown"}
        accepted = {key for key, state in states.items() if state == "accepted"}
        assert accepted <= set(stand_in.received), "a message counts as sent and never left"
        assert set(stand_in.received) <= set(states)
        assert counts["unknown"] <= len(in_flight)
