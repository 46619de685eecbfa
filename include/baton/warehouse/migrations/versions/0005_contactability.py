"""May we contact them: suppressions, holds, budgets, breakers."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- Never deleted: an erased person keeps the keyed hash, so that they stay suppressed.
create table ops.suppression (
    address_key text not null,
    kind text not null check (kind in ('opt_out', 'complaint', 'bounce', 'invalid', 'erased', 'manual')),
    email text,
    source text not null,
    detail text,
    created_at timestamptz not null default ops.now(),
    primary key (address_key, kind)
);
create trigger suppressions_stay before delete on ops.suppression
for each row execute function ops.refuse_change();

create table ops.hold (
    id text primary key default ops.new_id('hld'),
    scope text not null check (scope in ('contact', 'account')),
    subject_id text not null,
    kind text not null check (kind in (
        'reply', 'booking', 'opt_out', 'out_of_office', 'open_opportunity', 'protected', 'manual')),
    reason text not null,
    cause_id text not null,
    until timestamptz,
    created_at timestamptz not null default ops.now(),
    lifted_at timestamptz,
    lifted_by text,
    lift_reason text,
    unique (scope, subject_id, kind, cause_id),
    check ((lifted_at is null) = (lifted_by is null))
);
create index hold_active on ops.hold (scope, subject_id) where lifted_at is null;

-- The cap is policy; the day's grant is what policy gave that day, kept apart so that a changed cap
-- does not rewrite the past. `used` counts claims.
create table ops.budget (
    scope text not null check (scope in ('domain', 'mailbox')),
    name text not null,
    day date not null,
    granted integer not null check (granted >= 0),
    used integer not null default 0 check (used >= 0),
    primary key (scope, name, day)
);

create table ops.breaker (
    domain text primary key,
    is_open boolean not null default false,
    reason text,
    gate_result_id text references ops.gate_result,
    opened_at timestamptz,
    resumed_at timestamptz,
    resumed_by text
);

-- A person may have several contact records; who opted out with one has opted out.
create index contact_person on ops.contact (person_id);

-- The wall clock in a time zone, or null where the zone is null or unknown: zones come from outside,
-- and one wrong name must not stop a whole claim.
create function ops.local_time(moment timestamptz, zone text) returns timestamp
language plpgsql stable strict parallel safe as $$
begin
    return moment at time zone zone;
exception when invalid_parameter_value then
    return null;
end $$;

-- What became of the messages of each sending domain that were accepted within `span`, and since the
-- last resume. Each message counts once, so looking often changes nothing.
create function ops.domain_health(span interval) returns table (
    domain text, sent bigint, delivered bigint, bounced bigint, blocked bigint, complained bigint)
language sql stable as $$
    select m.sending_domain, count(*), count(*) filter (where e.delivered),
           count(*) filter (where e.bounced), count(*) filter (where e.blocked),
           count(*) filter (where e.complained)
    from ops.message m
    left join ops.breaker b on b.domain = m.sending_domain
    left join lateral (
        select bool_or(event_type = 'delivered') as delivered,
               bool_or(event_type = 'bounced') as bounced,
               bool_or(event_type = 'blocked') as blocked,
               bool_or(event_type = 'complained') as complained
        from ops.message_event where message_id = m.id) e on true
    where m.accepted_at > greatest(ops.now() - span, coalesce(b.resumed_at, '-infinity'))
    group by m.sending_domain
$$;
"""
