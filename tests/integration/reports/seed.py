"""A seeded motion: leads whose fate follows from their number, so that tests can count by hand.

Lead i (1 to `LEADS`) became eligible 95 - i % 90 days ago. Who gets how far:

    drafted    unless i % 20 = 0            sent       approved ones
    killed     i % 10 = 8                   bounced    i % 13 = 0, the others are delivered
    waiting    i % 10 = 9                   replied    i % 4 = 0, positive i % 8 = 0
    edited     i % 10 = 7                   booked     positive and i % 16 = 0, held if i % 32 <> 0
    opted out  i % 23 = 0 by the link (and 26, whose message bounced), i % 24 = 12 by a reply

One more deal, `alone`, was won long before the motion: no touch earned it.
"""

from datetime import datetime, timedelta
from typing import Any

import psycopg

from baton.core.settings import Settings
from baton.warehouse.connect import connect
from baton.warehouse.run import Run, open_run

LEADS = 240
SEQUENCE = "signal-first-touch"
REPS = (("Clara Voss", "clara@halden.example"), ("Owen Hughes", "owen@halden.example"))
LEAD = """
    create temporary table made on commit drop as
    select i, ops.new_id('acc') as account_id, ops.new_id('con') as contact_id,
        ops.new_id('per') as person_id, ops.new_id('led') as lead_id, ops.new_id('dra') as draft_id,
        ops.new_id('msg') as message_id, ops.new_id('bkg') as booking_id,
        ops.new_id('mtg') as meeting_id, (array[%(clara)s, %(owen)s])[1 + i %% 2] as rep_id,
        %(now)s - make_interval(days => 95 - i %% 90) as eligible_at,
        'p' || i || case when i %% 6 = 0 then '@yahoo.example' else '@buyer' || i || '.example' end
            as email,
        i %% 20 <> 0 as drafted, i %% 20 <> 0 and i %% 10 < 8 as approved,
        i %% 20 <> 0 and i %% 10 < 8 and i %% 4 = 0 and i %% 13 <> 0 as replied
    from generate_series(1, %(leads)s) as i
"""
STATEMENTS = (
    """
    insert into ops.account (id, domain, name, employees, country, region, on_watchlist,
        owner_rep_id, run_id)
    select account_id, 'buyer' || i || '.example', 'Buyer ' || i, 40 * i, 'DE', 'DACH', true, rep_id,
        %(run)s from made
    """,
    "insert into ops.person (id) select person_id from made",
    """
    insert into ops.contact (id, person_id, account_id, email, address_key, full_name)
    select contact_id, person_id, account_id, email, ops.address_key(email, %(secret)s), 'Pat ' || i
    from made
    """,
    """
    insert into landing.signal (source, natural_key, occurred_at, received_at, run_id, signal_type,
        domain, title, payload)
    select 'news', 's' || i, eligible_at - interval '2 hours', eligible_at - interval '1 hour',
        %(run)s, 'funding', 'buyer' || i || '.example', 'Buyer ' || i || ' raises money', '{}' from made
    """,
    """
    insert into ops.lead (id, contact_id, person_id, account_id, sequence, icp_fit, intent_score,
        lead_score, icp_quartile, cut_version, model_version, reasons, first_signal_at, eligible_at,
        run_id)
    select lead_id, contact_id, person_id, account_id, %(sequence)s, 50, 10, 0.1, 1 + i %% 4, 'c1',
        'm1', jsonb_build_object('account', jsonb_build_array(jsonb_build_object(
            'attribute', 'employees', 'value', 40 * i, 'points', 20, 'of', 20)),
            'signals', jsonb_build_array(jsonb_build_object(
            'signal_id', ops.signal_id('news', 's' || i), 'type', 'funding', 'points', 10))),
        eligible_at - interval '2 hours', eligible_at, %(run)s
    from made
    """,
    """
    insert into ops.routing_decision (lead_id, rep_id, rule, reason, policy_hash, run_id)
    select lead_id, rep_id, 'region', 'DACH goes to them in turn.', 'h', %(run)s from made
    """,
    """
    insert into ops.draft (id, lead_id, contact_id, person_id, sequence, step, due_at, expires_at,
        created_at, run_id)
    select draft_id, lead_id, contact_id, person_id, %(sequence)s, 1, eligible_at,
        eligible_at + interval '30 days', eligible_at + interval '1 hour', %(run)s
    from made where drafted
    """,
    """
    insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, author)
    select draft_id, 1, contact_id, 'Your round', 'You raised money.',
        convert_to('{"to":"' || email || '"}', 'UTF8'), 'offline' from made where drafted
    """,
    """
    insert into ops.claim (draft_id, revision, position, text, evidence_id, evidence_text, grounded)
    select draft_id, 1, 1, 'You raised money.', ops.signal_id('news', 's' || i),
        'Buyer ' || i || ' raises money', i %% 30 <> 1 from made where drafted
    """,
    """
    insert into ops.revision (draft_id, revision, contact_id, subject, body, rendered, author)
    select draft_id, 2, contact_id, 'Your round', 'Congratulations on the money.',
        convert_to('{"to":"' || email || '","edited":1}', 'UTF8'), 'ann'
    from made where approved and i %% 10 = 7
    """,
    """
    insert into ops.decision (draft_id, revision, contact_id, content_hash, verdict, reason,
        decided_by, decided_role, decided_at, seconds_spent)
    select d.id, r.revision, r.contact_id, r.content_hash,
        case when m.approved then 'approved' else 'killed' end,
        case when not m.approved then 'wrong person' end, 'ann', 'reviewer',
        m.eligible_at + interval '3 hours', 20 + m.i %% 7
    from made m join ops.draft d on d.id = m.draft_id
    join ops.revision r on r.draft_id = d.id and r.revision = d.current_revision
    where m.approved or m.i %% 10 = 8
    """,
    """
    insert into ops.message (id, draft_id, revision, contact_id, person_id, sequence, step,
        content_hash, sending_domain, mailbox, state, queued_at, accepted_at, delivered_at, run_id)
    select m.message_id, d.draft_id, d.revision, d.contact_id, m.person_id, %(sequence)s, 1,
        d.content_hash, 'halden.example', 'clara@halden.example',
        case when m.i %% 13 = 0 then 'bounced' else 'delivered' end,
        m.eligible_at + interval '4 hours', m.eligible_at + interval '5 hours',
        case when m.i %% 13 <> 0 then m.eligible_at + interval '5 hours' end, %(run)s
    from made m join ops.decision d on d.draft_id = m.draft_id where m.approved
    """,
    """
    insert into ops.attempt (message_id, number, started_at, worker, outcome, status_code,
        finished_at, run_id)
    select message_id, 1, eligible_at + interval '5 hours', 'w', 'accepted', 202,
        eligible_at + interval '5 hours', %(run)s from made where approved
    """,
    """
    insert into ops.message_event (message_id, event_key, event_type, occurred_at, run_id)
    select message_id, 'e' || i, case when i %% 13 = 0 then 'bounced' else 'delivered' end,
        eligible_at + interval '5 hours', %(run)s from made where approved
    """,
    """
    insert into ops.reply (source, natural_key, message_id, contact_id, received_at, body,
        is_automatic, intent, confidence, quote, run_id)
    select 'mailbox', 'r' || i, message_id, contact_id, eligible_at + interval '2 days', 'Yes.', false,
        case when i %% 8 = 0 then 'positive' when i %% 12 = 0 then 'opt_out' else 'question' end, 0.9,
        'Yes.', %(run)s
    from made where replied
    """,
    """
    insert into ops.suppression (address_key, kind, email, source, created_at)
    select ops.address_key(email, %(secret)s), 'opt_out', email, 'reply', eligible_at + interval '2 days'
    from made where replied and i %% 8 <> 0 and i %% 12 = 0
    union all
    select ops.address_key(email, %(secret)s), 'opt_out', email, 'one_click',
        eligible_at + interval '6 hours'
    from made where approved and (i %% 23 = 0 or i = 26)
    """,
    """
    insert into ops.booking (id, source, uid, state, guest_email, contact_id, account_id, starts_at,
        ends_at, booked_at, run_id)
    select booking_id, 'cal', 'b' || i, 'booked', email, contact_id, account_id,
        eligible_at + interval '6 days', eligible_at + interval '6 days 30 minutes',
        eligible_at + interval '3 days', %(run)s from made where replied and i %% 16 = 0
    """,
    """
    insert into ops.meeting (id, booking_id, contact_id, account_id, lead_id, owner_rep_id,
        owner_reason, starts_at, ends_at, state, run_id)
    select meeting_id, booking_id, contact_id, account_id, lead_id, rep_id, 'Owns the lead.',
        eligible_at + interval '6 days', eligible_at + interval '6 days 30 minutes', 'planned', %(run)s
    from made where replied and i %% 16 = 0
    """,
    """
    insert into ops.brief (meeting_id, version, signals, thread, opener, is_complete, content_hash,
        created_at, opened_at, opened_by, run_id)
    select meeting_id, 1, '[]', '[]', 'Hello.', true, 'h', eligible_at + interval '3 days',
        eligible_at + interval '5 days', 'clara', %(run)s from made where replied and i %% 16 = 0
    """,
    """
    insert into ops.meeting_outcome (meeting_id, outcome, source, decided_at, run_id)
    select meeting_id, case when i %% 32 = 0 then 'guest_no_show' else 'attended' end, 'transcript',
        eligible_at + interval '6 days', %(run)s from made where replied and i %% 16 = 0
    """,
    """
    insert into ops.note (meeting_id, position, text, quote, quote_found, run_id)
    select meeting_id, 1, 'They want a pilot.', 'we want a pilot', true, %(run)s
    from made where replied and i %% 16 = 0 and i %% 32 <> 0
    """,
    """
    insert into ops.account_alias (source, natural_key, account_id)
    select 'crm', 'a' || i, account_id from made
    """,
    """
    insert into landing.opportunity (source, natural_key, content_hash, run_id, account_key, stage,
        outcome, amount, currency, opened_at, closed_at)
    select 'crm', 'o' || i, 'h' || i, %(run)s, 'a' || i, case when i %% 48 = 0 then 'Lost' else 'Won' end,
        case when i %% 48 = 0 then 'lost' else 'won' end, 1000 * i, 'EUR',
        eligible_at + interval '8 days', eligible_at + interval '20 days'
    from made where replied and i %% 16 = 0
    """,
    """
    insert into landing.opportunity (source, natural_key, content_hash, run_id, account_key, stage,
        outcome, amount, currency, opened_at, closed_at)
    select 'crm', 'alone', 'h', %(run)s, 'a1', 'Won', 'won', 7777, 'EUR',
        %(now)s - interval '800 days', %(now)s - interval '700 days'
    """,
)


def seed(settings: Settings, leads: int = LEADS) -> datetime:
    """Fill an empty warehouse with a motion and return the time as of which it stands."""
    with connect(settings.database_url) as conn:
        now: datetime = conn.execute("select date_trunc('second', ops.now())").fetchone()[0]  # type: ignore[index]
    run = open_run(settings, "scoring", "lead_scoring", "seed", now - timedelta(days=125), now)
    with connect(settings.database_url) as conn:
        _fill(conn, settings, run, now, leads)
        conn.execute("update ops.run set released_at = ops.now() where id = %s", (run.id,))
    return now


def _fill(
    conn: psycopg.Connection[Any], settings: Settings, run: Run, now: datetime, leads: int
) -> None:
    reps = [
        conn.execute(
            "insert into ops.rep (name, email) values (%s, %s) returning id", each
        ).fetchone()[0]  # type: ignore[index]
        for each in REPS
    ]
    parameters = {
        "clara": reps[0], "owen": reps[1], "now": now, "leads": leads, "run": run.id,
        "secret": settings.secret, "sequence": SEQUENCE,
    }  # fmt: skip
    for statement in (LEAD, *STATEMENTS):
        conn.execute(statement, parameters)
