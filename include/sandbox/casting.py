"""Who plays which part: the plan a person follows once they were written to.

A plan is plain JSON: `part` (its name), `answer` (what they say, or none), `bounce` (sync or
late), `books`, `change` (rescheduled or cancelled), `shows`, `deal` (won, lost or open) and
`complains`. With the storyline on, the first people written to are given the parts that a full
funnel needs, the keenest the happy ones; everybody else is drawn by the true probabilities.
"""

from __future__ import annotations

import random
from typing import Any

from sandbox.mailbox import Mail
from sandbox.market import truth
from sandbox.market.model import Account, Person
from sandbox.world import World

Plan = dict[str, Any]

HAPPY: dict[str, Plan] = {
    "won": {"answer": "positive", "books": True, "shows": True, "deal": "won"},
    "lost": {"answer": "positive", "books": True, "shows": True, "deal": "lost"},
    "no_show": {"answer": "positive", "books": True, "shows": False},
    "rescheduled": {"answer": "positive", "books": True, "change": "rescheduled",
                    "shows": True, "deal": "open"},
}  # fmt: skip
OTHERS: dict[str, Plan] = {
    "price": {"answer": "price"},
    "out_of_office": {"answer": "out_of_office"},
    "opt_out": {"answer": "opt_out"},
    "bounce": {"bounce": "sync"},
    "cancelled": {"answer": "positive", "books": True, "change": "cancelled"},
    "objection": {"answer": "objection"},
    "one_click": {"answer": "one_click"},
    "question": {"answer": "question"},
}
# In order of need, for batches too small to hold them all.
PARTS = ("won", "lost", "price", "opt_out", "no_show", "out_of_office", "bounce",
         "rescheduled", "cancelled", "objection", "one_click", "question")  # fmt: skip
REDRAWN = ("silent", "out_of_office")


def plan_for(world: World, mails: list[Mail]) -> dict[int, Plan]:
    """Return the plan that each of these mails sets off, by mail number; mail to strangers has none.

    A person keeps the plan of their first mail; only who stayed silent, or was away, is drawn
    anew by a later one.
    """
    plans: dict[int, Plan] = {}
    first: list[tuple[Mail, Person, Account]] = []
    for mail in mails:
        person = world.market.person_by_email.get(mail.to.lower())
        if person is None:
            continue
        account = world.market.account_by_id[person.account_id]
        story = world.stories.get(person.email)
        if story is None and not any(p.id == person.id for _, p, _ in first):
            first.append((mail, person, account))
        elif story is not None and story["part"] in REDRAWN:
            plans[mail.number] = _keep(world, person, draw(world, mail, person, account))
    if world.config.storyline:
        first = _cast_parts(world, first, plans)
    for mail, person, account in first:
        plans[mail.number] = _keep(world, person, draw(world, mail, person, account))
    return plans


def _keep(world: World, person: Person, plan: Plan) -> Plan:
    world.stories[person.email] = plan
    return plan


def _keenness(world: World, mail: Mail, person: Person, account: Account) -> float:
    noise = world.rng("keen", person.id).uniform(0.7, 1.3)
    return noise * truth.reply_probability(world.market, account, person, mail.due, 1)


def _cast_parts(
    world: World, waiting: list[tuple[Mail, Person, Account]], plans: dict[int, Plan]
) -> list[tuple[Mail, Person, Account]]:
    """Give out the parts that are not taken yet; returns who got none."""
    taken = {story["part"] for story in world.stories.values()}
    parts = [part for part in PARTS if part not in taken][: len(waiting)]
    keen = sorted(waiting, key=lambda row: (-_keenness(world, *row), row[1].id))
    busy: set[str] = set()

    def give(part: str, rows: list[tuple[Mail, Person, Account]]) -> None:
        # One part per company as far as possible: a reply pauses the colleagues.
        row = next((r for r in rows if r[2].id not in busy), rows[0])
        keen.remove(row)
        busy.add(row[2].id)
        plan = {"part": part, **HAPPY.get(part, OTHERS.get(part, {}))}
        plans[row[0].number] = _keep(world, row[1], plan)

    for part in [p for p in parts if p in HAPPY]:
        give(part, keen)
    for part in [p for p in parts if p not in HAPPY]:
        if part == "bounce":
            # A dead address if there is one, else whoever is least interested.
            give(part, sorted(keen, key=lambda row: (row[1].address_valid, -keen.index(row))))
        else:
            give(part, keen[len(keen) // 3 :])
    return keen


def draw(world: World, mail: Mail, person: Person, account: Account) -> Plan:
    """Return a plan drawn by the true probabilities for this touch."""
    step = len(world.mailbox.to(person.email))
    rng = world.rng("plan", person.id, step)
    if not person.address_valid:
        return {"part": "drawn", "bounce": "sync"}
    if not world.config.storyline:
        if rng.random() < truth.LATE_BOUNCE:
            return {"part": "drawn", "bounce": "late"}
        if rng.random() < truth.COMPLAINT:
            return {"part": "drawn", "complains": True}
    if rng.random() < truth.ONE_CLICK:
        return {"part": "drawn", "answer": "one_click"}
    if rng.random() < truth.reply_probability(world.market, account, person, mail.due, step):
        return _answer(rng, account.icp)
    if rng.random() < truth.OUT_OF_OFFICE:
        return {"part": "out_of_office", "answer": "out_of_office"}
    return {"part": "silent"}


def _answer(rng: random.Random, icp: float) -> Plan:
    weights = truth.answer_weights(icp)
    answer = rng.choices(list(weights), weights=list(weights.values()))[0]
    plan: Plan = {"part": "drawn", "answer": answer}
    if answer == "objection" and rng.random() < 0.5:
        plan["answer"] = "price"
    if answer == "positive" and rng.random() < truth.BOOK_AFTER_POSITIVE:
        plan["books"] = True
        plan["shows"] = rng.random() < truth.between(truth.SHOW, icp)
        if rng.random() < 0.1:
            plan["change"] = "rescheduled"
        if plan["shows"] and rng.random() < truth.between(truth.DEAL_AFTER_MEETING, icp):
            plan["deal"] = "won" if rng.random() < truth.between(truth.WIN, icp) else "lost"
    return plan
