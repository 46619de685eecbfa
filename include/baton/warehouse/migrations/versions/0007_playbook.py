"""What dbt reads of the playbook, as tables; written only by baton.warehouse.playbook_sync."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- Copies of the files in include/playbook: the files are the truth, these rows are made again
-- whenever they change.
create table ops.playbook_sync (
    only_row boolean primary key default true check (only_row),
    content_hash text not null,
    icp_hash text not null,
    synced_at timestamptz not null default ops.now(),
    run_id text references ops.run
);
-- kind 'value': equal without case; 'word': occurs in the text; 'band': low <= number < high;
-- 'otherwise': known, but nothing else matched.
create table ops.playbook_icp_rule (
    subject text not null check (subject in ('account', 'contact')),
    attribute text not null,
    kind text not null check (kind in ('value', 'word', 'band', 'otherwise')),
    weight numeric not null check (weight between 0 and 100),
    match text,
    low numeric,
    high numeric,
    points numeric not null check (points between 0 and 1),
    unique nulls not distinct (subject, attribute, kind, match, low)
);
create table ops.playbook_setting (
    name text primary key,
    number numeric,
    text text,
    check (num_nonnulls(number, text) = 1)
);
create table ops.playbook_signal_type (
    signal_type text primary key,
    weight numeric not null check (weight >= 0),
    half_life_days numeric not null check (half_life_days > 0),
    description text not null
);
create table ops.playbook_signal_source (
    source text primary key,
    trusted boolean not null
);
create table ops.playbook_segment (
    position integer primary key,
    name text not null unique,
    employees_from integer, employees_below integer,
    industries text[] not null default '{}',
    regions text[] not null default '{}',
    countries text[] not null default '{}'
);
create table ops.playbook_cost (
    name text not null,
    layer text not null,
    signal_source text,
    first_month date not null,
    last_month date,
    monthly numeric not null check (monthly >= 0),
    currency text not null,
    primary key (name, first_month)
);
create table ops.playbook_target (
    quarter_start date not null,
    region text not null,
    target numeric not null check (target >= 0),
    currency text not null,
    primary key (quarter_start, region)
);
"""
