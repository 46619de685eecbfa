"""The control API below /_control: clock, faults, truth, what was sent, and happenings by hand."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from sandbox import behaviour
from sandbox.errors import SandboxError
from sandbox.market import truth
from sandbox.world import World


def router(world: World) -> APIRouter:
    """Return the control routes. They are for the demo and for tests; Baton never calls them."""
    routes = APIRouter(prefix="/_control")
    _time_routes(routes, world)
    _fault_routes(routes, world)
    _view_routes(routes, world)
    return routes


async def _body(request: Request) -> dict[str, Any]:
    raw = await request.body()
    try:
        value = json.loads(raw) if raw else {}
    except ValueError:
        raise SandboxError("The body is not valid JSON.") from None
    if not isinstance(value, dict):
        raise SandboxError("The body must be a JSON object.")
    return value


def _time_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/clock")
    async def clock() -> dict[str, str]:
        return {"now": world.clock.now.isoformat(), "start": world.market.start.isoformat()}

    @routes.post("/advance")
    async def advance(request: Request) -> dict[str, Any]:
        """Take {"to": ISO time} or {"by_seconds": number}."""
        return await behaviour.advance(world, _target(world, await _body(request)))

    @routes.post("/settle")
    async def settle() -> dict[str, Any]:
        """Let happen what is due now, and deliver what is queued."""
        return await behaviour.advance(world)

    @routes.post("/happen")
    async def happen(request: Request) -> dict[str, Any]:
        """Enter a happening by hand, {"kind": ..., "at": ISO time?, ...}, then settle.

        `reply` takes email, answer, and optionally text and charset; `mail_event` takes email and
        event (delivered, bounce, spamreport, unsubscribe, deferred ...), optionally type and late;
        `one_click` takes email; `book` takes email and optionally start; `rescheduled`,
        `cancelled`, `meet`, `transcript` and `deal` take uid; `deal_stage` takes deal and stage.
        """
        wanted = await _body(request)
        kind, at = wanted.pop("kind", None), _moment(wanted.pop("at", world.clock.now))
        _enter(world, str(kind), at, wanted)
        return await behaviour.advance(world)

    @routes.post("/reset")
    async def reset() -> dict[str, str]:
        async with world.lock:
            world.reset()
            world.save()
        return {"now": world.clock.now.isoformat()}


def _fault_routes(routes: APIRouter, world: World) -> None:
    @routes.post("/faults")
    async def switch_on(request: Request) -> dict[str, Any]:
        return world.faults.switch_on(**await _body(request)).shown()

    @routes.get("/faults")
    async def shown() -> list[dict[str, Any]]:
        return world.faults.shown()

    @routes.delete("/faults")
    async def switch_off() -> dict[str, str]:
        world.faults.clear()
        return {"status": "all faults are off"}


def _view_routes(routes: APIRouter, world: World) -> None:
    @routes.get("/healthz")
    async def healthz() -> dict[str, str]:
        return {"status": "ok"}

    @routes.get("/sent")
    async def sent(to: str | None = None) -> dict[str, Any]:
        mails = world.mailbox.mails if to is None else world.mailbox.to(to)
        return {"count": len(mails), "sent": [mail.shown() for mail in mails]}

    @routes.get("/audit")
    async def audit() -> dict[str, Any]:
        """Count duplicates and mail after an opt-out."""
        return world.mailbox.audit()

    @routes.get("/counts")
    async def counts() -> dict[str, int]:
        """Count everything that happened since the beginning, by kind."""
        return dict(sorted(world.counts.items()))

    @routes.get("/webhooks")
    async def webhooks(kind: str | None = None) -> list[dict[str, Any]]:
        """List the posted webhooks: event, inbound, form, signal, booking, transcript."""
        return world.postman.shown(kind)

    @routes.get("/bookings")
    async def bookings() -> list[dict[str, Any]]:
        return list(world.bookings.values())

    @routes.get("/truth")
    async def known_truth() -> dict[str, Any]:
        return shown_truth(world)


async def refuse(_: Request, problem: Exception) -> JSONResponse:
    """Answers a control call that cannot be done."""
    return JSONResponse({"error": str(problem)}, status_code=400)


def _moment(text: Any) -> datetime:
    try:
        moment = datetime.fromisoformat(str(text))
    except ValueError:
        raise SandboxError(f"{text!r} is no ISO time such as 2026-03-02T09:00:00Z.") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _target(world: World, wanted: dict[str, Any]) -> datetime:
    if ("to" in wanted) == ("by_seconds" in wanted):
        raise SandboxError("Give either `to` (ISO time) or `by_seconds` (number).")
    if "to" in wanted:
        target = _moment(wanted["to"])
        if target < world.clock.now:
            raise SandboxError(
                f"It is already {world.clock.now.isoformat()} in the sandbox; time runs one way."
            )
        return target
    seconds = wanted["by_seconds"]
    if not isinstance(seconds, int | float) or seconds < 0:
        raise SandboxError("by_seconds is a number of 0 or more.")
    return world.clock.now + timedelta(seconds=seconds)


def _enter(world: World, kind: str, at: datetime, wanted: dict[str, Any]) -> None:
    if kind not in behaviour.HANDLERS:
        raise SandboxError(f"kind is one of {', '.join(behaviour.HANDLERS)}, not {kind!r}.")
    if kind in ("reply", "mail_event", "one_click"):
        mails = world.mailbox.to(str(wanted.pop("email", "")))
        if not mails:
            raise SandboxError("No mail was sent to that address, so nothing can follow it.")
        wanted["mail"] = mails[-1].number
    _check(world, kind, wanted)
    world.agenda.add(at, kind, **wanted)


NEEDS = {"reply": "answer", "mail_event": "event", "book": "email", "deal_stage": "stage"}


def _check(world: World, kind: str, wanted: dict[str, Any]) -> None:
    needed = NEEDS.get(kind)
    if needed and needed not in wanted:
        raise SandboxError(f"A happening of kind {kind} needs {needed}.")
    if kind == "book" and str(wanted["email"]).lower() not in world.market.person_by_email:
        raise SandboxError(f"Nobody in the market has the address {wanted['email']}.")
    if kind in ("rescheduled", "cancelled", "meet", "transcript", "deal") and (
        wanted.get("uid") not in world.bookings
    ):
        raise SandboxError(f"There is no booking with uid {wanted.get('uid')!r}.")
    if kind == "signal" and wanted.get("signal_id") not in world.market.signal_by_id:
        raise SandboxError(f"There is no signal with signal_id {wanted.get('signal_id')!r}.")


def shown_truth(world: World) -> dict[str, Any]:
    """Everything that is true in the market, as JSON."""
    market = world.market
    people = []
    for person in market.people:
        account = market.account_by_id[person.account_id]
        probability = truth.reply_probability(market, account, person, market.start, 1)
        people.append({**asdict(person), "reply_probability": round(probability, 4)})
    return {
        "seed": market.seed,
        "start": market.start.isoformat(),
        "seller": asdict(market.seller),
        "reps": [asdict(r) for r in market.reps],
        "accounts": [asdict(a) for a in market.accounts],
        "people": people,
        "effects": [asdict(e) for e in market.effects],
        "signals": [{**asdict(s), "at": s.at.isoformat()} for s in market.signals],
        "deals": [
            {
                **asdict(d),
                "created_at": d.created_at.isoformat(),
                "closed_at": d.closed_at.isoformat() if d.closed_at else None,
                "stages": [[at.isoformat(), stage] for at, stage in d.stages],
            }
            for d in market.deals
        ],
        "customers": [
            {
                **asdict(c),
                "since": c.since.isoformat(),
                "renews_on": c.renews_on.isoformat(),
                "churned_on": c.churned_on.isoformat() if c.churned_on else None,
            }
            for c in market.customers
        ],
        "stories": world.stories,
    }
