"""A small watchlist with people and signals, put straight into the tables that other layers own."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from baton import motion
from baton.core.ids import address_key, new_id
from baton.core.settings import Settings
from baton.warehouse.connect import connect
from baton.warehouse.run import Run, open_run
from tests.conftest import SECRET

REPS = {
    "clara@seller.example": ("Clara Voss", "DACH"),
    "owen@seller.example": ("Owen Hughes", "UK and Ireland"),
}


@dataclass
class Funnel:
    """Makes rows and runs steps; `now` is the moment as of which everything is computed."""

    settings: Settings
    conn: psycopg.Connection[Any]
    now: datetime

    def rep(self, email: str, *, active: bool = True) -> str:
        """Add one of REPS."""
        name, region = REPS[email]
        return self._id(
            "insert into ops.rep (email, name, region, active) values (%s, %s, %s, %s) returning id",
            email, name, region, active,
        )  # fmt: skip

    def account(
        self,
        name: str,
        *,
        industry: str | None = "Logistics",
        employees: int | None = 800,
        region: str | None = "DACH",
        owner: str | None = None,
        protected: str | None = None,
        watched: bool = True,
    ) -> str:
        """Add an account; the default fits the ICP perfectly."""
        return self._id(
            """
            insert into ops.account (domain, name, industry, employees, region, owner_rep_id,
                                     protected_reason, on_watchlist)
            values (%s, %s, %s, %s, %s, %s, %s, %s) returning id
            """,
            f"{name.lower().replace(' ', '-')}.example", name, industry, employees, region, owner,
            protected, watched,
        )  # fmt: skip

    def contact(
        self, account: str, local: str, title: str = "VP Supply Chain", seniority: str = "vp"
    ) -> str:
        """Add a person at an account; the default fits perfectly."""
        domain = self.value("select domain from ops.account where id = %s", account)
        email = f"{local}@{domain}"
        return self._id(
            """
            with person as (insert into ops.person default values returning id)
            insert into ops.contact (person_id, account_id, email, address_key, full_name, title,
                                     seniority)
            select id, %s, %s, %s, %s, %s, %s from person returning id
            """,
            account, email, address_key(email, SECRET), local.title(), title, seniority,
        )  # fmt: skip

    def signal(
        self,
        kind: str,
        *,
        domain: str | None = None,
        email: str | None = None,
        company: str | None = None,
        age_days: float = 1,
        released: bool = True,
        source: str = "news_rss",
    ) -> str:
        """Land a signal in a run of its own and return its natural key."""
        run = self.run("signals", "signal_ingestion")
        key = new_id("nat")
        self.conn.execute(
            """
            insert into landing.signal (source, natural_key, occurred_at, received_at, run_id,
                                        signal_type, domain, email, company, title, payload)
            values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, '{}')
            """,
            (source, key, self.now - timedelta(days=age_days),
             self.now - timedelta(days=age_days), run.id, kind, domain, email, company,
             f"A {kind} somewhere"),
        )  # fmt: skip
        if released:
            self.conn.execute("update ops.run set released_at = ops.now() where id = %s", (run.id,))
        self.conn.commit()
        return key

    def run(self, layer: str, dag_id: str) -> Run:
        """Open a run over the hour up to `now`."""
        self.conn.commit()
        return open_run(
            self.settings, layer, dag_id, new_id("test"), self.now - timedelta(hours=1), self.now
        )

    def score(self) -> Run:
        """Run the whole chain of lead_scoring."""
        run = self.run("scoring", "lead_scoring")
        for step in motion.chain_of("lead_scoring").steps:
            motion.load(step)(run)
        return run

    def value(self, query: str, *params: Any) -> Any:
        """Return the first column of the first row."""
        with connect(self.settings.database_url) as conn:
            row = conn.execute(query, params).fetchone()
        return None if row is None else row[0]

    def values(self, query: str, *params: Any) -> list[Any]:
        """Return the rows; those of one column as plain values."""
        with connect(self.settings.database_url) as conn:
            found = conn.execute(query, params).fetchall()
        return [row[0] if len(row) == 1 else row for row in found]

    def _id(self, query: str, *params: Any) -> str:
        row = self.conn.execute(query, params).fetchone()
        assert row is not None
        self.conn.commit()
        return str(row[0])
