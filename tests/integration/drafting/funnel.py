"""A small funnel for tests of drafting and review: accounts, people, reps, leads, signals."""

import itertools
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.types.json import Jsonb

from baton.core import ids
from baton.core.settings import Settings
from baton.warehouse.connect import connect
from baton.warehouse.run import Run, open_run

SEQUENCE = "signal-first-touch"
NUMBERS = itertools.count(1)
CLARA = ("Clara Voss", "clara.voss@halden.example")
OWEN = ("Owen Hughes", "owen.hughes@halden.example")


@dataclass(frozen=True)
class Lead:
    """What a test needs to know of a lead that it made."""

    id: str
    contact_id: str
    person_id: str
    account_id: str
    rep_id: str
    email: str
    domain: str


class Funnel:
    """Makes rows as the layers before drafting would; every row is committed at once."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.url = settings.database_url

    def execute(self, query: str, params: Any = None) -> list[tuple[Any, ...]]:
        """Run one statement in a transaction of its own and return its rows, if it has any."""
        with connect(self.url) as conn:
            cursor = conn.execute(query, params)
            return cursor.fetchall() if cursor.description else []

    def now(self) -> datetime:
        """The database's clock."""
        return self.execute("select ops.now()")[0][0]

    def run(self, layer: str, dag_id: str, *, released: bool = False) -> Run:
        """Open a run over the hour up to now."""
        now = self.now().astimezone(UTC)
        run = open_run(
            self.settings, layer, dag_id, ids.new_id("test"), now - timedelta(hours=1), now
        )
        if released:
            self.release(run)
        return run

    def release(self, run: Run) -> None:
        """Hand the rows of a run on, as its gate would."""
        self.execute("update ops.run set released_at = ops.now() where id = %s", (run.id,))

    def rep(self, who: tuple[str, str] = CLARA) -> str:
        """The rep of this name and address."""
        rows = self.execute(
            "insert into ops.rep (name, email) values (%s, %s) "
            "on conflict (email) do update set name = excluded.name returning id",
            who,
        )
        return rows[0][0]

    def lead(
        self,
        name: str = "Nordwind Freight",
        *,
        full_name: str = "Jonas Keller",
        rep: tuple[str, str] | None = CLARA,
        released: bool = True,
        signals: tuple[tuple[str, str, str], ...] = (
            (
                "funding",
                "{name} raises EUR 24 million Series B",
                "{name} GmbH has raised EUR 24 million led by Cobalt Ridge Partners.",
            ),
        ),
        sequence: str = SEQUENCE,
        quartile: int = 1,
        counted: tuple[str, ...] = (),
    ) -> Lead:
        """A routed lead whose account showed these signals (type, title, summary)."""
        domain = f"{name.lower().replace(' ', '-')}-{next(NUMBERS)}.example"
        local = re.sub(r"[^a-z]+", ".", full_name.lower()).strip(".")
        email = f"{local}@{domain}"
        rep_id = self.rep(rep) if rep else None
        run = self.run("scoring", "lead_scoring", released=released)
        account = self.execute(
            "insert into ops.account (domain, name, industry, employees, country, on_watchlist) "
            "values (%s, %s, 'Logistics', 320, 'DE', true) returning id",
            (domain, name),
        )[0][0]
        person = self.execute("insert into ops.person default values returning id")[0][0]
        contact = self.execute(
            "insert into ops.contact (person_id, account_id, email, address_key, full_name, title) "
            "values (%s, %s, %s, %s, %s, 'VP Supply Chain') returning id",
            (person, account, email, ids.address_key(email, self.settings.secret), full_name),
        )[0][0]
        lead = self.execute(
            """
            insert into ops.lead (contact_id, person_id, account_id, sequence, icp_fit,
                intent_score, lead_score, icp_quartile, cut_version, model_version, reasons,
                eligible_at, run_id)
            values (%s, %s, %s, %s, 80, 25, 0.1, %s, 'c1', 'm1', %s, ops.now() - interval '1 hour',
                    %s) returning id
            """,
            (
                contact,
                person,
                account,
                sequence,
                quartile,
                Jsonb({"signals": [{"signal_id": id_, "points": 5} for id_ in counted]}),
                run.id,
            ),
        )[0][0]
        self.execute(
            "insert into ops.routing_decision (lead_id, rep_id, rule, reason, policy_hash, run_id) "
            "values (%s, %s, 'test', 'The test says so.', 'h', %s)",
            (lead, rep_id, run.id),
        )
        for place, (kind, title, summary) in enumerate(signals):
            self.signal(
                domain, kind, title.format(name=name), summary.format(name=name), hours=5 + place
            )
        return Lead(lead, contact, person, account, rep_id or "", email, domain)

    def signal(
        self, domain: str, kind: str, title: str, summary: str = "", *, hours: float = 1
    ) -> str:
        """A released signal of this account; returns its evidence id."""
        run = self.run("signals", "signal_ingestion", released=True)
        key = ids.new_id("key")
        self.execute(
            """
            insert into landing.signal (source, natural_key, occurred_at, run_id, signal_type,
                                        domain, title, url, payload)
            values ('news', %s, ops.now() - make_interval(mins => %s), %s, %s, %s, %s,
                    'https://newswire.example/' || %s, jsonb_build_object('summary', %s::text))
            """,
            (key, int(hours * 60), run.id, kind, domain, title, key, summary),
        )
        return self.execute("select ops.signal_id('news', %s)", (key,))[0][0]

    def sent(self, lead: Lead, step: int, *, days_ago: float, state: str = "delivered") -> str:
        """Approve this step's draft and let its message arrive, as review and delivery would."""
        draft = self.execute(
            "select d.id, d.current_revision, v.content_hash from ops.draft d "
            "join ops.revision v on v.draft_id = d.id and v.revision = d.current_revision "
            "where d.lead_id = %s and d.step = %s",
            (lead.id, step),
        )[0]
        run = self.run("delivery", "message_delivery")
        self.execute(
            "insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, "
            "decided_by, decided_role) values (%s, %s, %s, %s, 'approved', 'test', 'reviewer')",
            (draft[0], draft[1], lead.contact_id, draft[2]),
        )
        return self.execute(
            """
            insert into ops.message (draft_id, revision, contact_id, person_id, sequence, step,
                content_hash, sending_domain, mailbox, state, accepted_at, delivered_at, run_id)
            values (%s, %s, %s, %s, %s, %s, %s, 'halden.example', 'clara.voss@halden.example', %s,
                    ops.now() - make_interval(mins => %s), ops.now() - make_interval(mins => %s), %s)
            returning id
            """,
            (
                *draft[:2],
                lead.contact_id,
                lead.person_id,
                SEQUENCE,
                step,
                draft[2],
                state,
                int(days_ago * 1440),
                int(days_ago * 1440),
                run.id,
            ),
        )[0][0]

    def connection(self) -> psycopg.Connection[Any]:
        """A connection that rolls back unless told otherwise."""
        return connect(self.url)
