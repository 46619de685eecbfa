"""Reads what came in, once: stops sequences, suppresses who asked for it, and gives people tasks.

A reply by a person never gets a generated answer. An automatic reply pauses the contact and is never
read as a wish.
"""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import psycopg

from baton.clients.openai import OpenAIClient
from baton.contactability import holds, suppressions
from baton.delivery import inbound, intent
from baton.delivery.inbound import Inbound
from baton.delivery.intent import Reading
from baton.playbook import voices
from baton.playbook.thresholds import Replies
from baton.routing.tasks import add_task
from baton.warehouse import watermark
from baton.warehouse.connect import Row, one, rows
from baton.warehouse.run import Run
from baton.writing.generation import Ledger
from baton.writing.prices import price_list

READER = "reply_triage"

TITLES = {
    "positive": "Answer: they want to talk",
    "question": "Answer their question",
    "objection": "Answer their objection",
    "price": "Answer about the price",
    "not_now": "Decide when to come back to them",
    "referral": "Find the right person",
    "unclear": "Read this reply: its meaning is unclear",
}

# By the key in the thread, else by the sender's address: the last mail that went to them.
MATCH = """
    with thread as (
        select m.id, m.contact_id from ops.message m where m.send_key = any(%(keys)s)
        order by m.queued_at desc limit 1
    ), writer as (
        select id, email from ops.contact where email = %(sender)s
    ), last_mail as (
        select m.id from ops.message m join writer w on w.id = m.contact_id
        where m.accepted_at is not null order by m.accepted_at desc limit 1
    )
    select coalesce((select id from thread), (select id from last_mail)) as message_id,
           coalesce((select id from writer), (select contact_id from thread)) as contact_id,
           exists (select from thread) as by_key
"""


class Triage:
    """One run's triage. Prompts are asked before the transaction in which the results are kept."""

    def __init__(self, run: Run, limits: Replies) -> None:
        """Take the run and its thresholds; the model is used where `baton_llm` is connected."""
        connection = run.settings.connection("baton_llm")
        self._llm = OpenAIClient(connection) if connection else None
        prices = price_list(voices.load(run.settings.playbook).house)
        self._ledger = Ledger(run, self._llm, prices)
        self._run = run
        self._limits = limits
        self._readings: dict[tuple[str, str], Reading] = {}

    def close(self) -> None:
        """Close the model's connections."""
        if self._llm is not None:
            self._llm.close()

    def run_once(self) -> dict[str, int]:
        """Triage what landed since the last time. Returns counts by intent.

        What lands while a model is asked is left to the next run: nobody is asked under a lock.
        """
        with self._run.connect() as conn:
            first = watermark.window(conn, READER)
            waiting = list(_landed(conn, first))
        for row in waiting:
            self._read(row, inbound.read(row))
        counts: dict[str, int] = {"replies": 0, "replies_repeated": 0}
        with self._run.connect() as conn:
            seen = watermark.window(conn, READER).up_to(first.high)
            found = [(row, mail, _match(conn, mail)) for row, mail in
                     ((row, inbound.read(row)) for row in _landed(conn, seen))]  # fmt: skip
            _lock_people(conn, [match["contact_id"] for _, _, match in found])
            for row, mail, match in found:
                reading = self._read(row, mail)
                word = self._keep(conn, row, mail, match, reading)
                counts[word] = counts.get(word, 0) + 1
                counts["replies"] += word != "replies_repeated"
            watermark.advance(conn, seen, self._run.id)
        return counts

    def _read(self, row: Row, mail: Inbound) -> Reading | None:
        """Return what a person's mail means (None for a machine's), asking a model at most once."""
        if mail.is_automatic:
            return None
        key = (row["source"], row["natural_key"])
        if key not in self._readings:
            ask = intent.by_model(self._ledger, row["natural_key"]) if self._llm else None
            self._readings[key] = intent.read(mail.text, self._limits.min_confidence, ask)
        return self._readings[key]

    def _keep(
        self, conn: psycopg.Connection[Any], row: Row, mail: Inbound, match: Row,
        reading: Reading | None,
    ) -> str:  # fmt: skip
        word = reading.intent if reading else "bounce" if mail.is_bounce else "out_of_office"
        made = conn.execute(
            """
            insert into ops.reply (source, natural_key, message_id, contact_id, received_at, subject,
                body, is_automatic, intent, confidence, quote, generation_id, run_id)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            on conflict (source, natural_key) do nothing returning id
            """,
            (row["source"], row["natural_key"], match["message_id"], match["contact_id"],
             mail.received_at, mail.subject, mail.text, mail.is_automatic, word,
             reading.confidence if reading else 1, reading.quote if reading else None,
             reading.generation_id if reading else None, self._run.id),
        ).fetchone()  # fmt: skip
        if made is None:
            return "replies_repeated"
        if reading is None:
            self._pause(conn, made[0], mail, match)
        else:
            self._stop(conn, made[0], mail, match, reading)
        return word

    def _pause(
        self, conn: psycopg.Connection[Any], reply_id: str, mail: Inbound, match: Row
    ) -> None:
        """Pause an absent contact; take a bounce seriously only with a key that we once sent out."""
        contact_id = match["contact_id"]
        if mail.is_bounce:
            if mail.is_permanent and match["by_key"] and (email := _email(conn, contact_id)):
                suppressions.suppress(
                    conn, email, "bounce", "bounce_message", self._run.settings.secret, mail.subject
                )
        elif contact_id is not None:
            until = inbound.back_on(mail.text, mail.received_at) or (
                mail.received_at + timedelta(days=self._limits.out_of_office_days)
            )
            reason = f"Out of office until {until:%Y-%m-%d}."
            holds.pause_contact(conn, contact_id, reply_id, reason, until)

    def _stop(
        self, conn: psycopg.Connection[Any], reply_id: str, mail: Inbound, match: Row,
        reading: Reading,
    ) -> None:  # fmt: skip
        contact_id, secret = match["contact_id"], self._run.settings.secret
        if reading.intent == "opt_out":
            if mail.sender:
                suppressions.suppress(conn, mail.sender, "opt_out", "reply", secret, reading.quote)
            if contact_id is not None:
                suppressions.opt_out(
                    conn, contact_id, "reply", secret, cause_id=reply_id, detail=reading.quote
                )
            return
        if contact_id is not None:
            reason = f"Replied ({reading.intent.replace('_', ' ')})."
            holds.stop_contact(conn, contact_id, "reply", reply_id, reason)
        is_exception = reading.intent == "unclear" or contact_id is None
        title = TITLES[reading.intent]
        add_task(
            conn,
            f"reply_{reading.intent}",
            "reply",
            reply_id,
            title if contact_id is not None else f"{title}; the writer is unknown",
            body=mail.text[:4000],
            owner_rep_id=_owner(conn, contact_id),
            is_exception=is_exception,
            due_at=mail.received_at + timedelta(hours=self._limits.answer_within_hours),
            run_id=self._run.id,
        )


def _landed(conn: psycopg.Connection[Any], seen: watermark.Window) -> Iterator[Row]:
    yield from rows(
        conn,
        """
        select source, natural_key, occurred_at, sender, subject, headers, body
        from landing.inbound_message
        where xact >= %s::xid8 and xact < %s::xid8 order by occurred_at, natural_key
        """,
        (seen.low, seen.high),
    )


def _match(conn: psycopg.Connection[Any], mail: Inbound) -> Row:
    found = one(conn, MATCH, {"keys": list(mail.send_keys), "sender": mail.sender})
    assert found is not None
    return found


def _lock_people(conn: psycopg.Connection[Any], contact_ids: list[str | None]) -> None:
    """Lock all contact records that may be touched, in the order in which everybody locks them."""
    conn.execute(
        "select from ops.contact where person_id in "
        "(select person_id from ops.contact where id = any(%s)) order by id for no key update",
        ([c for c in contact_ids if c is not None],),
    )


def _email(conn: psycopg.Connection[Any], contact_id: str) -> str | None:
    found = one(conn, "select email from ops.contact where id = %s", (contact_id,))
    return None if found is None else found["email"]


def _owner(conn: psycopg.Connection[Any], contact_id: str | None) -> str | None:
    """Return the rep who owns the contact's newest lead, else the account's owner, else None."""
    found = one(
        conn,
        """
        select coalesce(
            (select o.rep_id from ops.lead l join ops.lead_owner o on o.lead_id = l.id
             where l.person_id = c.person_id and o.rep_id is not null
             order by o.decided_at desc limit 1),
            a.owner_rep_id) as rep_id
        from ops.contact c join ops.account a on a.id = c.account_id where c.id = %s
        """,
        (contact_id,),
    )
    return None if found is None else found["rep_id"]
