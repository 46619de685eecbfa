"""Bookings, meetings, briefs, notes and writes to other systems."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
create table ops.booking (
    id text primary key default ops.new_id('bkg'),
    source text not null,
    uid text not null,
    previous_uid text,
    state text not null check (state in ('booked', 'rescheduled', 'cancelled')),
    guest_email text not null,
    guest_name text,
    contact_id text references ops.contact,
    account_id text references ops.account,
    host_email text,
    title text,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    booked_at timestamptz not null,
    -- When the newest event that changed this row happened, and how often its time was moved in place.
    updated_at timestamptz not null default ops.now(),
    moves integer not null default 0 check (moves >= 0),
    run_id text not null references ops.run,
    unique (source, uid)
);

-- One meeting per chain of reschedules.
create table ops.meeting (
    id text primary key default ops.new_id('mtg'),
    booking_id text not null unique references ops.booking,
    contact_id text references ops.contact,
    account_id text references ops.account,
    lead_id text references ops.lead,
    owner_rep_id text references ops.rep,
    owner_reason text not null,
    starts_at timestamptz not null,
    ends_at timestamptz not null check (ends_at > starts_at),
    state text not null check (state in ('planned', 'cancelled')),
    reschedules integer not null default 0,
    created_at timestamptz not null default ops.now(),
    run_id text not null references ops.run
);
create index meeting_starts on ops.meeting (starts_at);

create table ops.brief (
    id text primary key default ops.new_id('brf'),
    meeting_id text references ops.meeting,
    contact_id text references ops.contact,
    version integer not null check (version >= 1),
    signals jsonb not null,
    thread jsonb not null,
    opener text,
    opener_generation_id text references ops.generation,
    is_complete boolean not null,
    missing text[] not null default '{}',
    content_hash text not null,
    created_at timestamptz not null default ops.now(),
    opened_at timestamptz,
    opened_by text,
    run_id text not null references ops.run,
    unique (meeting_id, version),
    constraint complete_means_nothing_missing check (is_complete = (cardinality(missing) = 0))
);
alter table ops.task add foreign key (brief_id) references ops.brief;

create table ops.meeting_outcome (
    meeting_id text primary key references ops.meeting,
    outcome text not null check (outcome in ('attended', 'guest_no_show', 'host_no_show', 'unknown')),
    source text not null,
    decided_at timestamptz not null default ops.now(),
    -- The transcript that is to be digested, and when that was done.
    transcript_source text,
    transcript_key text,
    digested_at timestamptz,
    run_id text references ops.run,
    check ((transcript_source is null) = (transcript_key is null)),
    check (digested_at is null or transcript_key is not null)
);
create table ops.note (
    id text primary key default ops.new_id('not'),
    meeting_id text not null references ops.meeting,
    position integer not null,
    text text not null,
    quote text not null,
    quote_found boolean not null,
    speaker text,
    generation_id text references ops.generation,
    run_id text not null references ops.run,
    unique (meeting_id, position)
);
create table ops.next_step (
    id text primary key default ops.new_id('nxt'),
    meeting_id text not null references ops.meeting,
    position integer not null,
    text text not null,
    owner text,
    owner_rep_id text references ops.rep,
    due_on date,
    quote text not null,
    quote_found boolean not null,
    done_at timestamptz,
    done_by text,
    run_id text not null references ops.run,
    unique (meeting_id, position)
);

-- The outbox: a row first, the request second, once. `before` is what the CRM held.
create table ops.crm_write (
    id text primary key default ops.new_id('crm'),
    layer text not null,
    kind text not null check (kind in ('note', 'field', 'task', 'meeting')),
    object_type text not null,
    object_key text not null,
    field text,
    before jsonb,
    after jsonb not null,
    quote text,
    evidence jsonb not null default '{}',
    idempotency_key text not null unique,
    state text not null default 'proposed'
        check (state in ('proposed', 'dispatching', 'written', 'failed', 'unknown', 'withdrawn')),
    detail text,
    crm_id text,
    -- The request is committed here before it leaves: how often, and when last.
    attempts integer not null default 0 check (attempts >= 0),
    dispatched_at timestamptz,
    created_at timestamptz not null default ops.now(),
    written_at timestamptz,
    run_id text not null references ops.run,
    check (kind <> 'field' or field is not null)
);
create table ops.calendar_event (
    meeting_id text primary key references ops.meeting,
    rep_id text not null references ops.rep,
    uid text not null unique,
    brief_id text references ops.brief,
    content_hash text not null,
    etag text,
    state text not null check (state in ('written', 'failed', 'cancelled')),
    detail text,
    written_at timestamptz,
    run_id text references ops.run
);
"""
