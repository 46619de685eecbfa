"""Accounts, people, reps, leads, routing and tasks."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
create table ops.rep (
    id text primary key default ops.new_id('rep'),
    email text unique check (email = lower(email)),
    name text not null,
    manager text,
    region text,
    timezone text not null default 'UTC',
    active boolean not null default true,
    updated_at timestamptz not null default ops.now()
);
create table ops.rep_alias (
    source text not null, natural_key text not null,
    rep_id text not null references ops.rep,
    primary key (source, natural_key)
);

create table ops.account (
    id text primary key default ops.new_id('acc'),
    domain text unique check (domain = lower(domain)),
    name text not null,
    industry text, employees integer, annual_revenue numeric, currency text,
    country text, region text, timezone text,
    owner_rep_id text references ops.rep,
    on_watchlist boolean not null default false,
    protected_reason text,
    created_at timestamptz not null default ops.now(),
    updated_at timestamptz not null default ops.now(),
    run_id text references ops.run
);
create table ops.account_alias (
    source text not null, natural_key text not null,
    account_id text not null references ops.account,
    primary key (source, natural_key)
);
create index account_alias_account on ops.account_alias (account_id);

-- A person stays the same when contact records of theirs are merged; messages are unique per person.
create table ops.person (
    id text primary key default ops.new_id('per'),
    created_at timestamptz not null default ops.now()
);
create table ops.contact (
    id text primary key default ops.new_id('con'),
    person_id text not null references ops.person,
    account_id text not null references ops.account,
    email text unique check (email = lower(email)),
    address_key text,
    full_name text,
    title text, seniority text, phone text, country text, timezone text,
    protected_reason text,
    created_at timestamptz not null default ops.now(),
    updated_at timestamptz not null default ops.now(),
    run_id text references ops.run,
    unique (id, person_id),
    check ((email is null) = (address_key is null))
);
create index contact_account on ops.contact (account_id);
create index contact_address_key on ops.contact (address_key);
create table ops.contact_alias (
    source text not null, natural_key text not null,
    contact_id text not null references ops.contact,
    primary key (source, natural_key)
);

create table ops.holdout (
    experiment text not null,
    account_id text not null references ops.account,
    arm text not null check (arm in ('treated', 'holdout')),
    assigned_at timestamptz not null default ops.now(),
    primary key (experiment, account_id)
);

create table ops.lead (
    id text primary key default ops.new_id('led'),
    contact_id text not null,
    person_id text not null,
    account_id text not null references ops.account,
    sequence text not null,
    icp_fit numeric not null check (icp_fit between 0 and 100),
    intent_score numeric not null check (intent_score >= 0),
    lead_score numeric not null check (lead_score between 0 and 1),
    icp_quartile smallint not null check (icp_quartile between 1 and 4),
    cut_version text not null,
    model_version text not null,
    reasons jsonb not null,
    first_signal_at timestamptz,
    eligible_at timestamptz not null,
    run_id text not null references ops.run,
    foreign key (contact_id, person_id) references ops.contact (id, person_id),
    unique (person_id, sequence),
    unique (id, contact_id, person_id, sequence)
);
create index lead_run on ops.lead (run_id);
create index lead_account on ops.lead (account_id);
-- What a lead was worth when it became eligible is history; reports must not rewrite it.
create trigger leads_are_history before update on ops.lead
for each row execute function ops.refuse_change();

create table ops.routing_decision (
    id text primary key default ops.new_id('rou'),
    lead_id text not null references ops.lead,
    rep_id text references ops.rep,
    rule text not null,
    reason text not null,
    policy_hash text not null,
    decided_at timestamptz not null default ops.now(),
    run_id text not null references ops.run
);
create index routing_decision_lead on ops.routing_decision (lead_id, decided_at desc);
create view ops.lead_owner as
    select distinct on (lead_id) lead_id, rep_id, rule, reason, decided_at
    from ops.routing_decision order by lead_id, decided_at desc, id desc;

-- Whatever a person has to do, in one table. `exception` = the machine could not decide.
create table ops.task (
    id text primary key default ops.new_id('tsk'),
    kind text not null,
    is_exception boolean not null default false,
    subject_kind text not null,
    subject_id text not null,
    owner_rep_id text references ops.rep,
    title text not null,
    body text not null default '',
    brief_id text,
    due_at timestamptz,
    created_at timestamptz not null default ops.now(),
    done_at timestamptz,
    done_by text,
    run_id text references ops.run,
    unique (kind, subject_kind, subject_id)
);
"""
