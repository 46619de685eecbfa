"""The clock, ids, runs, watermarks, gates: what every layer stands on."""

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
create schema if not exists landing;

create function ops.new_id(prefix text) returns text language sql volatile as $$
    select prefix || '_' || replace(uuidv7()::text, '-', '')
$$;

-- HMAC-SHA256 (RFC 2104) from the built-in sha256, so that no extension is needed. The padded key is
-- immutable in its arguments: with a constant secret it is worked out once per statement.
create function ops.hmac_pad(secret text, mask integer) returns bytea
language plpgsql immutable parallel safe as $$
declare
    key bytea := convert_to(secret, 'UTF8');
    pad bytea := decode(repeat(lpad(to_hex(mask), 2, '0'), 64), 'hex');
begin
    if length(key) > 64 then
        key := sha256(key);
    end if;
    for i in 0 .. length(key) - 1 loop
        pad := set_byte(pad, i, get_byte(key, i) # mask);
    end loop;
    return pad;
end $$;

-- The keyed hash by which an address is known once its text is erased; ids.address_key in Python.
create function ops.address_key(address text, secret text) returns text
language sql immutable parallel safe as $$
    select encode(sha256(ops.hmac_pad(secret, 92)
        || sha256(ops.hmac_pad(secret, 54) || convert_to(
            lower(btrim(address, E' \\t\\n\\r\\f\\v') collate "C"), 'UTF8'))), 'hex')
$$;

-- One clock for SQL, dbt and Python. Only a sandbox database may shift it.
create table ops.clock (
    only_row boolean primary key default true check (only_row),
    sandbox boolean not null default false,
    shift interval not null default interval '0',
    constraint clock_shifted_only_in_sandbox check (sandbox or shift = interval '0')
);
insert into ops.clock default values;

create function ops.now() returns timestamptz language sql stable as $$
    select transaction_timestamp() + shift from ops.clock
$$;

-- A database that has ever held real rows cannot become a sandbox: the flag is set once, at birth.
create function ops.protect_clock() returns trigger language plpgsql as $$
begin
    if tg_op = 'DELETE' or (old.sandbox and not new.sandbox) then
        raise exception 'The clock row stays, and a sandbox database stays a sandbox.';
    end if;
    if new.sandbox and not old.sandbox and exists (select from ops.run) then
        raise exception 'This database already has runs; only an empty one can become a sandbox.';
    end if;
    return new;
end $$;
create trigger protect before update or delete on ops.clock
for each row execute function ops.protect_clock();

create function ops.refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'Rows of %.% are never changed.', tg_table_schema, tg_table_name
        using errcode = 'restrict_violation';
end $$;

create table ops.run (
    id text primary key,
    layer text not null check (layer in (
        'signals', 'scoring', 'drafting', 'review', 'delivery',
        'scheduling', 'handoff', 'post_meeting', 'attribution')),
    dag_id text not null,
    external_id text not null,
    interval_start timestamptz not null,
    interval_end timestamptz not null check (interval_end >= interval_start),
    started_at timestamptz not null default ops.now(),
    touched_at timestamptz,
    released_at timestamptz,
    unique (dag_id, external_id)
);
create index run_unreleased on ops.run (dag_id) where released_at is null;

create view ops.released_run as select id, released_at from ops.run where released_at is not null;

create table ops.watermark (
    name text primary key,
    value text not null,
    moved_at timestamptz,
    run_id text references ops.run
);

create table ops.gate_result (
    id text primary key default ops.new_id('gat'),
    run_id text not null references ops.run,
    dag_id text not null,
    layer text not null,
    suite text not null,
    passed boolean not null,
    row_count bigint not null check (row_count >= 0),
    expectations integer not null,
    failed_expectations integer not null check (failed_expectations <= expectations),
    -- [{"expectation", "column", "sentence", "failed", "rows": [{id column: value}, ...]}, ...]
    failures jsonb not null default '[]',
    checked_at timestamptz not null default ops.now(),
    constraint passed_means_nothing_failed check (passed = (failed_expectations = 0))
);
create index gate_result_latest on ops.gate_result (dag_id, checked_at desc);

create table ops.dbt_result (
    id bigint generated always as identity primary key,
    run_id text references ops.run,
    node text not null,
    status text not null,
    seconds numeric not null,
    rows_affected bigint,
    message text,
    finished_at timestamptz not null default ops.now()
);

create table ops.pause_switch (
    only_row boolean primary key default true check (only_row),
    is_on boolean not null default false,
    reason text,
    changed_by text,
    changed_at timestamptz
);
insert into ops.pause_switch default values;
"""
