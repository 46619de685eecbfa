"""What comes in, as it came: append-only, partitioned by month where it is a stream."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- Streams. Partitioned by the month in which the thing happened, which is part of its identity: the
-- same event delivered again has the same natural key and the same moment, so one unique constraint
-- per table catches it. `xact` lets readers miss nothing (see baton.warehouse.watermark).
create table landing.signal (
    source text not null,
    natural_key text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null default ops.now(),
    xact xid8 not null default pg_current_xact_id(),
    run_id text not null references ops.run,
    signal_type text not null,
    domain text,
    email text,
    company text,
    title text,
    url text,
    payload jsonb not null,
    unique (source, natural_key, occurred_at)
) partition by range (occurred_at);
create index signal_run on landing.signal (run_id);
create index signal_xact on landing.signal (xact);
create index signal_email on landing.signal (email);

-- Signed webhooks for site and product events, before they are read as signals.
create table landing.signal_event (
    source text not null,
    natural_key text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null default ops.now(),
    xact xid8 not null default pg_current_xact_id(),
    payload jsonb not null,
    unique (source, natural_key, occurred_at)
) partition by range (occurred_at);
create index signal_event_xact on landing.signal_event (xact);

-- natural_key = send key, event type, timestamp and url, because the vendor's own event id changes
-- when an event is delivered again.
create table landing.email_event (
    source text not null,
    natural_key text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null default ops.now(),
    xact xid8 not null default pg_current_xact_id(),
    event_type text not null,
    send_key text,
    email text,
    payload jsonb not null,
    unique (source, natural_key, occurred_at)
) partition by range (occurred_at);
create index email_event_xact on landing.email_event (xact);

create table landing.inbound_message (
    source text not null,
    natural_key text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null default ops.now(),
    xact xid8 not null default pg_current_xact_id(),
    sender text,
    recipient text,
    subject text,
    headers text,
    body text,
    payload jsonb not null,
    unique (source, natural_key, occurred_at)
) partition by range (occurred_at);
create index inbound_message_xact on landing.inbound_message (xact);

create table landing.booking_event (
    source text not null,
    natural_key text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null default ops.now(),
    xact xid8 not null default pg_current_xact_id(),
    event_type text not null,
    payload jsonb not null,
    unique (source, natural_key, occurred_at)
) partition by range (occurred_at);
create index booking_event_xact on landing.booking_event (xact);

create table landing.transcript (
    source text not null,
    natural_key text not null,
    occurred_at timestamptz not null,
    received_at timestamptz not null default ops.now(),
    xact xid8 not null default pg_current_xact_id(),
    meeting_uid text,
    payload jsonb not null,
    unique (source, natural_key, occurred_at)
) partition by range (occurred_at);
create index transcript_xact on landing.transcript (xact);

-- Partitions: one per month around the present, and a default for whatever lies outside.
create table landing.stream (
    name text primary key,
    retention interval not null
);
insert into landing.stream (name, retention) values
    ('signal', interval '24 months'), ('signal_event', interval '13 months'),
    ('email_event', interval '13 months'), ('inbound_message', interval '13 months'),
    ('booking_event', interval '24 months'), ('transcript', interval '13 months');

create function landing.ensure_partitions(around timestamptz) returns integer
language plpgsql as $$
declare
    stream text;
    first_day timestamptz;
    partition text;
    made integer := 0;
begin
    -- Two callers at once would both try to create the same partition.
    perform pg_advisory_xact_lock(hashtext('landing.ensure_partitions'));
    for stream in select name from landing.stream order by name loop
        execute format('create table if not exists landing.%I partition of landing.%I default',
                       stream || '_default', stream);
        for step in -6 .. 3 loop
            first_day := date_trunc('month', around, 'UTC') + make_interval(months => step);
            partition := stream || to_char(first_day at time zone 'UTC', '"_"YYYY_MM');
            if to_regclass('landing.' || partition) is null
               and not (select landing.default_holds(stream, first_day)) then
                execute format(
                    'create table landing.%I partition of landing.%I for values from (%L) to (%L)',
                    partition, stream, first_day, first_day + interval '1 month');
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end $$;

-- A month whose rows already went to the default partition stays there: moving them would lock the stream.
create function landing.default_holds(stream text, first_day timestamptz) returns boolean
language plpgsql as $$
declare
    held boolean;
begin
    execute format('select exists (select from landing.%I where occurred_at >= $1 and occurred_at < $2)',
                   stream || '_default') into held using first_day, first_day + interval '1 month';
    return held;
end $$;

select landing.ensure_partitions(ops.now());

-- Every reject, with its reason in a sentence.
create table landing.quarantine (
    id bigint generated always as identity primary key,
    intake_id text not null,
    source text not null,
    received_at timestamptz not null default ops.now(),
    file text,
    line bigint,
    column_name text,
    reason text not null,
    payload text
);
create index quarantine_intake on landing.quarantine (intake_id);
create index quarantine_source on landing.quarantine (source, received_at);
-- What is offered again is recognised by its payload.
create index quarantine_payload on landing.quarantine (source, md5(payload));

-- One row per batch that came in: nothing is lost on the way.
create table landing.intake (
    id text primary key default ops.new_id('int'),
    run_id text references ops.run,
    source text not null,
    entity text not null,
    file text,
    file_hash text,
    mapping_hash text,
    -- where the file's rows stand as they came, one text column per column of the file
    raw_table text,
    received bigint not null,
    accepted bigint not null,
    duplicates bigint not null,
    quarantined bigint not null,
    at timestamptz not null default ops.now(),
    constraint intake_adds_up check (received = accepted + duplicates + quarantined)
);
create index intake_latest on landing.intake (source, entity, at desc);

-- Records: what a CRM or an import says of the business, one row per version of a record.
-- `attributes` were known before the outcome; `outcome_attributes` only after it.
create table landing.account (
    source text not null, natural_key text not null, content_hash text not null,
    received_at timestamptz not null default ops.now(), run_id text references ops.run, intake_id text,
    name text not null, domain text, industry text, employees integer, annual_revenue numeric,
    currency text, country text, region text, timezone text, owner_key text, parent_key text,
    attributes jsonb not null default '{}', outcome_attributes jsonb not null default '{}',
    source_updated_at timestamptz,
    unique (source, natural_key, content_hash)
);
create table landing.contact (
    source text not null, natural_key text not null, content_hash text not null,
    received_at timestamptz not null default ops.now(), run_id text references ops.run, intake_id text,
    account_key text, email text, full_name text, title text, seniority text, phone text,
    country text, timezone text,
    attributes jsonb not null default '{}', outcome_attributes jsonb not null default '{}',
    source_updated_at timestamptz,
    unique (source, natural_key, content_hash)
);
create table landing.owner (
    source text not null, natural_key text not null, content_hash text not null,
    received_at timestamptz not null default ops.now(), run_id text references ops.run, intake_id text,
    name text not null, email text, manager text, region text, active boolean not null default true,
    attributes jsonb not null default '{}', outcome_attributes jsonb not null default '{}',
    source_updated_at timestamptz,
    unique (source, natural_key, content_hash)
);
create table landing.product (
    source text not null, natural_key text not null, content_hash text not null,
    received_at timestamptz not null default ops.now(), run_id text references ops.run, intake_id text,
    name text not null, series text, list_price numeric, currency text,
    attributes jsonb not null default '{}', outcome_attributes jsonb not null default '{}',
    source_updated_at timestamptz,
    unique (source, natural_key, content_hash)
);
create table landing.opportunity (
    source text not null, natural_key text not null, content_hash text not null,
    received_at timestamptz not null default ops.now(), run_id text references ops.run, intake_id text,
    account_key text, contact_key text, owner_key text, product_key text, name text,
    stage text not null, outcome text not null check (outcome in ('open', 'won', 'lost')),
    kind text not null default 'new_business' check (kind in ('new_business', 'expansion', 'renewal')),
    amount numeric check (amount >= 0), currency text,
    opened_at timestamptz, closed_at timestamptz,
    attributes jsonb not null default '{}', outcome_attributes jsonb not null default '{}',
    source_updated_at timestamptz,
    unique (source, natural_key, content_hash),
    check (closed_at >= opened_at), check (amount is null or currency is not null)
);
create index opportunity_account on landing.opportunity (source, account_key);
create table landing.touch (
    source text not null, natural_key text not null, content_hash text not null,
    received_at timestamptz not null default ops.now(), run_id text references ops.run, intake_id text,
    account_key text, contact_key text, opportunity_key text, owner_key text, channel text not null,
    touch_type text, sequence text, campaign text, occurred_at timestamptz not null,
    attributes jsonb not null default '{}', outcome_attributes jsonb not null default '{}',
    source_updated_at timestamptz,
    unique (source, natural_key, content_hash)
);
create table landing.meeting (
    source text not null, natural_key text not null, content_hash text not null,
    received_at timestamptz not null default ops.now(), run_id text references ops.run, intake_id text,
    account_key text, contact_key text, opportunity_key text, owner_key text,
    starts_at timestamptz not null, ends_at timestamptz, outcome text,
    attributes jsonb not null default '{}', outcome_attributes jsonb not null default '{}',
    source_updated_at timestamptz,
    unique (source, natural_key, content_hash)
);
"""
