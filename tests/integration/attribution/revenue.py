"""Opportunities and touches as a CRM, an import and the motion leave them."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import psycopg

from baton import motion
from baton.core.ids import new_id
from baton.core.settings import Settings
from baton.warehouse.connect import connect
from baton.warehouse.run import Run, open_run

NOW = datetime(2026, 6, 1, tzinfo=UTC)


@dataclass
class Revenue:
    """Makes rows and runs steps as of NOW. Days count back from NOW."""

    settings: Settings
    conn: psycopg.Connection[Any]

    def account(self, key: str) -> str:
        """Land an account of the CRM, and make the account of ours that stands for it."""
        self.land("account", key, name=key.title())
        row = self.conn.execute(
            "insert into ops.account (name, domain, industry, employees, region) "
            "values (%s, %s, 'Logistics', 800, 'DACH') returning id",
            (key.title(), f"{key}.example"),
        ).fetchone()
        assert row is not None
        self.conn.execute("insert into ops.account_alias values ('crm', %s, %s)", (key, row[0]))
        return str(row[0])

    def opportunity(
        self,
        key: str,
        amount: Decimal | str | None,
        *,
        account: str | None = None,
        outcome: str = "won",
        opened: float = 60,
        closed: float | None = 10,
        received: float | None = None,
        **columns: Any,
    ) -> None:
        """Land a version of an opportunity; `received` is when it came in."""
        self.land(
            "opportunity", key, amount=amount, currency="EUR" if amount is not None else None,
            account_key=account, stage=columns.pop("stage", outcome), outcome=outcome,
            opened_at=self.ago(opened),
            closed_at=None if closed is None or outcome == "open" else self.ago(closed),
            received_at=self.ago(received if received is not None else opened), **columns,
        )  # fmt: skip

    def touch(self, key: str, days: float, **columns: Any) -> None:
        """Land a touch that another system recorded."""
        columns = {"channel": "call", **columns}
        self.land("touch", key, occurred_at=self.ago(days), **columns)

    def sent(self, account: str, days: float, sequence: str = "signal-first-touch") -> str:
        """Make one delivered message of the motion, with all that must stand before it."""
        run = self.run("delivery", "message_delivery")
        at = self.ago(days)
        row = self.conn.execute(
            """
            with person as (insert into ops.person default values returning id),
            contact as (
                insert into ops.contact (person_id, account_id, email, address_key)
                select id, %(account)s, id || '@x.example', id from person returning *
            ),
            lead as (
                insert into ops.lead (contact_id, person_id, account_id, sequence, icp_fit,
                    intent_score, lead_score, icp_quartile, cut_version, model_version, reasons,
                    eligible_at, run_id)
                select id, person_id, account_id, %(sequence)s, 90, 10, 0.1, 1, 'c', 'm', '{}',
                    %(at)s, %(run)s from contact returning *
            )
            insert into ops.draft (lead_id, contact_id, person_id, sequence, step, due_at,
                                   expires_at, created_at, run_id)
            select id, contact_id, person_id, sequence, 1, %(at)s, %(at)s, %(at)s, %(run)s from lead
            returning id, contact_id, person_id
            """,
            {"account": account, "sequence": sequence, "at": at, "run": run.id},
        ).fetchone()
        assert row is not None
        draft, contact, person = row
        self.conn.execute(
            "insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, author) "
            "values (%s, 1, %s, 's', 'b', 'r', 'test')",
            (draft, contact),
        )
        self.conn.execute(
            "insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, "
            "decided_by, decided_role, decided_at) select draft_id, 1, contact_id, content_hash, "
            "'approved', 'ana', 'reviewer', %s from ops.revision where draft_id = %s",
            (at, draft),
        )
        message = self.conn.execute(
            "insert into ops.message (draft_id, revision, contact_id, person_id, sequence, step, "
            "content_hash, sending_domain, mailbox, run_id, state, accepted_at, delivered_at) "
            "select draft_id, 1, contact_id, %s, %s, 1, content_hash, 'x.example', 'a@x.example', %s, "
            "'delivered', %s, %s from ops.revision where draft_id = %s returning id",
            (person, sequence, run.id, at, at, draft),
        ).fetchone()
        assert message is not None
        self.conn.execute("update ops.run set released_at = ops.now() where id = %s", (run.id,))
        self.conn.commit()
        return str(message[0])

    def run(self, layer: str, dag_id: str) -> Run:
        """Open a run over the day up to NOW."""
        self.conn.commit()
        start = NOW - timedelta(days=200)
        return open_run(self.settings, layer, dag_id, new_id("test"), start, NOW)

    def attribute(self) -> Run:
        """Run revenue_attribution up to its gate."""
        run = self.run("attribution", "revenue_attribution")
        for step in motion.chain_of("revenue_attribution").steps[:3]:
            motion.load(step)(run)
        return run

    def rows(self, query: str, *params: Any) -> list[Any]:
        """Return the rows of a query in a new transaction."""
        with connect(self.settings.database_url) as conn:
            return conn.execute(query, params or None).fetchall()

    def ago(self, days: float) -> datetime:
        """Return the time so many days before NOW."""
        return NOW - timedelta(days=days)

    def land(self, table: str, key: str, **columns: Any) -> None:
        """Land one version of a record."""
        names = ["source", "natural_key", "content_hash", *columns]
        self.conn.execute(
            f"insert into landing.{table} ({', '.join(names)}) "
            f"values ({', '.join(['%s'] * len(names))})",
            ("crm", key, new_id("has"), *columns.values()),
        )
        self.conn.commit()
