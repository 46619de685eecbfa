"""Makes the rows that lie before a message: account, contact, lead, draft, revision, decision."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

from baton.core.ids import address_key, new_id
from baton.core.settings import Settings
from baton.warehouse.connect import connect, one, rows, scalar
from baton.warehouse.run import Run, open_run

MONDAY_NOON = datetime.fromisoformat("2027-03-01T12:00:00+00:00")


@dataclass(frozen=True)
class Person:
    """A contact in the motion."""

    contact_id: str
    person_id: str
    account_id: str
    lead_id: str
    email: str
    sequence: str


class World:
    """One test's market. Everything is committed at once, so that other connections see it."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.set_clock()
        # What an earlier test of the module left waiting is none of ours.
        self.do("update ops.message set state = 'cancelled' where state in ('queued', 'held')")
        self.do(
            "delete from ops.decision d where not exists (select from ops.message m "
            "where m.draft_id = d.draft_id)"
        )
        self.sender = f"rep-{new_id('x')[-8:]}"
        self.domain = f"{new_id('d')[-10:]}.example"
        self.mailbox = f"{self.sender}@{self.domain}"
        self.run = self.new_run("message_delivery", release=True)

    def new_run(self, dag_id: str, layer: str = "delivery", *, release: bool = False) -> Run:
        with connect(self.settings.database_url) as conn:
            now = scalar(conn, "select ops.now()")
        run = open_run(self.settings, layer, dag_id, new_id("t"), now - timedelta(hours=1), now)
        if release:
            self.release(run)
        return run

    def release(self, run: Run) -> None:
        self.do("update ops.run set released_at = ops.now() where id = %s", run.id)

    def set_clock(self, moment: datetime = MONDAY_NOON) -> None:
        self.do("update ops.clock set sandbox = true, shift = %s - transaction_timestamp()", moment)

    def do(self, query: str, *params: Any) -> int:
        with connect(self.settings.database_url) as conn:
            return conn.execute(query, params).rowcount

    def value(self, query: str, *params: Any) -> Any:
        with connect(self.settings.database_url) as conn:
            return scalar(conn, query, params)

    def rows(self, query: str, *params: Any) -> list[dict[str, Any]]:
        with connect(self.settings.database_url) as conn:
            return rows(conn, query, params)

    def account(self, **columns: Any) -> str:
        account_id = new_id("acc")
        self.do("insert into ops.account (id, name) values (%s, %s)", account_id, account_id[-8:])
        for name, value in columns.items():
            self.do(f"update ops.account set {name} = %s where id = %s", value, account_id)
        return account_id

    def person(
        self,
        account_id: str | None = None,
        sequence: str = "signal_first",
        timezone: str | None = "UTC",
        email: str | None = None,
    ) -> Person:
        account_id = account_id or self.account()
        email = email or f"{new_id('p')[-12:]}@buyer.example"
        ids = (new_id("con"), new_id("per"), new_id("led"))
        with connect(self.settings.database_url) as conn:
            conn.execute("insert into ops.person (id) values (%s)", (ids[1],))
            conn.execute(
                "insert into ops.contact (id, person_id, account_id, email, address_key, full_name, "
                "timezone) values (%s, %s, %s, %s, %s, 'Pat Doe', %s)",
                (
                    ids[0],
                    ids[1],
                    account_id,
                    email,
                    address_key(email, self.settings.secret),
                    timezone,
                ),
            )
            conn.execute(
                """
                insert into ops.lead (id, contact_id, person_id, account_id, sequence, icp_fit,
                    intent_score, lead_score, icp_quartile, cut_version, model_version, reasons,
                    eligible_at, run_id)
                values (%s, %s, %s, %s, %s, 50, 1, 0.5, 1, 'c', 'm', '[]', ops.now(), %s)
                """,
                (ids[2], ids[0], ids[1], account_id, sequence, self.run.id),
            )
        return Person(ids[0], ids[1], account_id, ids[2], email, sequence)

    def draft(
        self,
        person: Person,
        step: int = 1,
        *,
        verdict: str | None = "approved",
        decided_ago: timedelta = timedelta(minutes=5),
        to: str | None = None,
        expires_in: timedelta = timedelta(days=30),
        rendered: bytes | None = None,
        run: Run | None = None,
    ) -> str:
        draft_id = new_id("dra")
        rendered = rendered or self.rendered(to or f"Pat Doe <{person.email}>", draft_id)
        with connect(self.settings.database_url) as conn:
            conn.execute(
                """
                insert into ops.draft (id, lead_id, contact_id, person_id, sequence, step, due_at,
                                       expires_at, run_id)
                values (%s, %s, %s, %s, %s, %s, ops.now() - interval '1 hour', ops.now() + %s, %s)
                """,
                (
                    draft_id,
                    person.lead_id,
                    person.contact_id,
                    person.person_id,
                    person.sequence,
                    step,
                    expires_in,
                    (run or self.run).id,
                ),
            )
            conn.execute(
                "insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, "
                "author) values (%s, 1, %s, 's', 'b', %s, 'test')",
                (draft_id, person.contact_id, rendered),
            )
            if verdict:
                self.decide(conn, draft_id, verdict, decided_ago)
        return draft_id

    @staticmethod
    def decide(
        conn: psycopg.Connection[Any], draft_id: str, verdict: str, decided_ago: timedelta
    ) -> None:
        conn.execute(
            """
            insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, reason,
                                      decided_by, decided_role, decided_at)
            select draft_id, revision, contact_id, content_hash, %s, 'said so', 'ann', 'reviewer',
                   ops.now() - %s
            from ops.revision where draft_id = %s order by revision desc limit 1
            """,
            (verdict, decided_ago, draft_id),
        )

    def approve_many(self, number: int) -> None:
        """Approvals for so many new contacts of one account, older than the undo minute."""
        account_id = self.account(timezone="UTC")
        with connect(self.settings.database_url) as conn:
            conn.execute(
                """
                create temporary table many on commit drop as
                select ops.new_id('con') as contact_id, ops.new_id('per') as person_id,
                       ops.new_id('led') as lead_id, ops.new_id('dra') as draft_id,
                       ops.new_id('p') || '@buyer.example' as email
                from generate_series(1, %s)
                """,
                (number,),
            )
            for statement in (
                "insert into ops.person (id) select person_id from many",
                """
                insert into ops.contact (id, person_id, account_id, email, address_key)
                select contact_id, person_id, %(account)s, email,
                       ops.address_key(email, %(secret)s) from many
                """,
                """
                insert into ops.lead (id, contact_id, person_id, account_id, sequence, icp_fit,
                    intent_score, lead_score, icp_quartile, cut_version, model_version, reasons,
                    eligible_at, run_id)
                select lead_id, contact_id, person_id, %(account)s, 's', 50, 1, 0.5, 1, 'c', 'm',
                       '[]', ops.now(), %(run)s from many
                """,
                """
                insert into ops.draft (id, lead_id, contact_id, person_id, sequence, step, due_at,
                                       expires_at, run_id)
                select draft_id, lead_id, contact_id, person_id, 's', 1,
                       ops.now() - interval '1 hour', ops.now() + interval '30 days', %(run)s
                from many
                """,
                """
                insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered,
                                          author)
                select draft_id, 1, contact_id, 's', 'b',
                       convert_to(replace(%(rendered)s, 'TO', email), 'UTF8'), 'test' from many
                """,
                """
                insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict,
                                          decided_by, decided_role, decided_at)
                select draft_id, revision, r.contact_id, content_hash, 'approved', 'ann',
                       'reviewer', ops.now() - interval '5 minutes'
                from many join ops.revision r using (draft_id)
                """,
            ):
                conn.execute(
                    statement,
                    {
                        "account": account_id,
                        "secret": self.settings.secret,
                        "run": self.run.id,
                        "rendered": self.rendered("TO").decode(),
                    },
                )

    def rendered(self, to: str, subject: str = "Hello") -> bytes:
        fields = {
            "from": f"Rita Rep <{self.mailbox}>",
            "html": "<p>Grüße, Pat</p>",
            "list_unsubscribe": "https://baton.example/u/token",
            "reply_to": self.mailbox,
            "subject": f"About {subject}",
            "text": "Hello Pat,\n\n.a line with a dot\n\nRita\n",
            "to": to,
        }
        return json.dumps(
            fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False
        ).encode()

    def message(self, person: Person | None = None, step: int = 1, **columns: Any) -> str:
        """A queued message of a released run, ready to go."""
        person = person or self.person()
        draft_id = self.draft(person, step, **columns.pop("draft", {}))
        message_id = new_id("msg")
        self.do(
            """
            insert into ops.message (id, draft_id, revision, contact_id, person_id, sequence, step,
                content_hash, sending_domain, mailbox, not_before, run_id)
            select %s, draft_id, revision, contact_id, %s, %s, %s, content_hash, %s, %s,
                   ops.now() - interval '1 day', %s
            from ops.revision where draft_id = %s
            """,
            message_id,
            person.person_id,
            person.sequence,
            step,
            columns.pop("domain", self.domain),
            columns.pop("mailbox", self.mailbox),
            self.run.id,
            draft_id,
        )
        for name, value in columns.items():
            self.do(f"update ops.message set {name} = %s where id = %s", value, message_id)
        return message_id

    def sent(self, person: Person | None = None, state: str = "accepted", step: int = 1) -> str:
        """A message that the vendor took."""
        message_id = self.message(person, step)
        self.do("update ops.message set state = 'dispatching' where id = %s", message_id)
        self.do(
            "insert into ops.attempt (message_id, number, worker, outcome, finished_at) "
            "values (%s, 1, 'w', 'accepted', ops.now())",
            message_id,
        )
        self.do(
            "update ops.message set state = %s, accepted_at = ops.now(), "
            "provider_message_id = 'p' || id where id = %s",
            state,
            message_id,
        )
        return message_id

    def state(self, message_id: str) -> str:
        return str(self.value("select state from ops.message where id = %s", message_id))

    def get(self, message_id: str) -> dict[str, Any]:
        with connect(self.settings.database_url) as conn:
            row = one(conn, "select * from ops.message where id = %s", (message_id,))
        assert row is not None
        return row

    def event(
        self,
        message_id: str | None,
        event: str,
        *,
        at: datetime | None = None,
        email: str | None = None,
        key: str | None = None,
        with_key: bool = True,
        **extra: Any,
    ) -> None:
        """Land one SendGrid event, as the receiver does."""
        at = at or self.value("select date_trunc('second', ops.now())")
        send_key = None
        if message_id is not None and with_key:
            send_key = self.get(message_id)["send_key"]
        payload = {"event": event, "timestamp": int(at.timestamp()), **extra}
        self.do(
            """
            insert into landing.email_event (source, natural_key, occurred_at, event_type, send_key,
                                             email, payload)
            values ('sendgrid', %s, %s, %s, %s, %s, %s) on conflict do nothing
            """,
            key or new_id("evt"),
            at,
            event,
            send_key,
            email,
            json.dumps(payload),
        )

    def grant(self, granted: int = 1000) -> None:
        for scope, name in (("domain", self.domain), ("mailbox", self.mailbox)):
            self.do(
                "insert into ops.budget (scope, name, day, granted) "
                "values (%s, %s, (ops.now() at time zone 'UTC')::date, %s) "
                "on conflict (scope, name, day) do update set granted = excluded.granted",
                scope,
                name,
                granted,
            )
