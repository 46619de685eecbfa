"""Drafts, revisions, decisions and messages: nothing is sent that a person did not approve."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- The short id under which a landed signal serves as evidence: a claim and a brief name it, and the
-- signal is found again by it.
create function ops.signal_id(source text, natural_key text) returns text
language sql immutable strict parallel safe as $$
    select 'sig_' || left(encode(sha256(convert_to(source || '|' || natural_key, 'UTF8')), 'hex'), 20)
$$;

create index signal_evidence on landing.signal (ops.signal_id(source, natural_key));
create index signal_domain on landing.signal (domain, occurred_at);
create index signal_host on landing.signal (split_part(email, '@', 2), occurred_at)
    where domain is null;

-- The released signals that speak of a lead's account: by its domain, by the host of an address, and
-- those that the score counted (dbt matched some of them by the company's name alone).
create function ops.signals_of(lead text) returns table (
    id text, source text, kind text, title text, summary text, url text,
    occurred_at timestamptz, received_at timestamptz)
language sql stable as $$
    with subject as (
        select a.domain, l.reasons
        from ops.lead l join ops.account a on a.id = l.account_id where l.id = lead
    ), found as (
        select s.* from subject j join landing.signal s on s.domain = j.domain
        union all
        select s.* from subject j
        join landing.signal s on s.domain is null and split_part(s.email, '@', 2) = j.domain
        union all
        select s.* from subject j
        cross join lateral jsonb_path_query(j.reasons, '$.signals[*].signal_id') counted (id)
        join landing.signal s on ops.signal_id(s.source, s.natural_key) = counted.id #>> '{}'
    )
    select distinct on (f.source, f.natural_key) ops.signal_id(f.source, f.natural_key), f.source,
        f.signal_type, coalesce(f.title, ''),
        coalesce(f.payload ->> 'summary', f.payload ->> 'description', ''), f.url,
        f.occurred_at, f.received_at
    from found f join ops.released_run r on r.id = f.run_id
    order by f.source, f.natural_key, f.occurred_at
$$;

-- Text for comparing: case, kinds of quotes and dashes, and spaces do not count, as in
-- baton.writing.grounding.plain.
create function ops.plain_text(value text) returns text
language sql immutable strict parallel safe as $$
    select trim(regexp_replace(
        translate(lower(normalize(value, NFKC)), '“”„‟«»‘’‚‛‐‑‒–—',
                  repeat(chr(34), 6) || repeat(chr(39), 4) || repeat('-', 5)),
        '[[:space:]]+', ' ', 'g'))
$$;

create table ops.generation (
    id text primary key default ops.new_id('gen'),
    kind text not null,
    subject_kind text not null,
    subject_id text not null,
    model text not null,
    prompt_version text not null,
    prompt_hash text not null,
    prompt jsonb not null,
    answer jsonb,
    error text,
    input_tokens integer not null default 0,
    output_tokens integer not null default 0,
    cost numeric not null default 0,
    currency text not null default 'EUR',
    seconds numeric,
    created_at timestamptz not null default ops.now(),
    run_id text references ops.run
);
create index generation_subject on ops.generation (subject_kind, subject_id, prompt_hash);

create table ops.draft (
    id text primary key default ops.new_id('dra'),
    lead_id text not null,
    contact_id text not null,
    person_id text not null,
    sequence text not null,
    step smallint not null check (step >= 1),
    channel text not null default 'email',
    generation_id text references ops.generation,
    -- kept by triggers from decisions; 'nothing' = there was nothing worth saying
    state text not null default 'pending'
        check (state in ('pending', 'approved', 'killed', 'expired', 'nothing')),
    current_revision integer not null default 0,
    due_at timestamptz not null,
    expires_at timestamptz not null,
    created_at timestamptz not null default ops.now(),
    run_id text not null references ops.run,
    foreign key (lead_id, contact_id, person_id, sequence)
        references ops.lead (id, contact_id, person_id, sequence),
    unique (id, contact_id, person_id, sequence, step)
);
create unique index one_live_draft_per_step on ops.draft (person_id, sequence, step)
    where state <> 'expired';
create index draft_run on ops.draft (run_id);
create index draft_queue on ops.draft (state, due_at, id);

-- A revision is exactly what would be sent. `rendered` is canonical JSON (UTF-8, sorted keys, no
-- spaces) of {"from", "html", "list_unsubscribe", "reply_to", "subject", "text", "to"}.
create table ops.revision (
    draft_id text not null references ops.draft,
    revision integer not null check (revision >= 1),
    contact_id text not null,
    subject text not null,
    body text not null,
    rendered bytea not null,
    content_hash text not null generated always as (encode(sha256(rendered), 'hex')) stored,
    author text not null,
    created_at timestamptz not null default ops.now(),
    primary key (draft_id, revision),
    unique (draft_id, revision, contact_id, content_hash)
);
create trigger revisions_are_immutable before update or delete on ops.revision
for each row execute function ops.refuse_change();

create function ops.take_revision() returns trigger language plpgsql as $$
declare
    d ops.draft;
begin
    select * into d from ops.draft where id = new.draft_id for update;
    if d.contact_id <> new.contact_id then
        raise exception 'A revision of draft % is for contact %, not %.',
            new.draft_id, d.contact_id, new.contact_id using errcode = 'check_violation';
    end if;
    if new.revision <> d.current_revision + 1 then
        raise exception 'Draft % is at revision %; the next one is %, not %.',
            new.draft_id, d.current_revision, d.current_revision + 1, new.revision
            using errcode = 'serialization_failure';
    end if;
    if d.state <> 'pending' then
        raise exception 'Draft % is %; only a pending draft takes a new revision.',
            new.draft_id, d.state using errcode = 'check_violation';
    end if;
    update ops.draft set current_revision = new.revision where id = new.draft_id;
    return new;
end $$;
create trigger take_revision before insert on ops.revision
for each row execute function ops.take_revision();

create table ops.claim (
    draft_id text not null,
    revision integer not null,
    position integer not null,
    text text not null,
    evidence_id text,
    evidence_text text,
    evidence_url text,
    grounded boolean not null,
    reason text,
    primary key (draft_id, revision, position),
    foreign key (draft_id, revision) references ops.revision
);
create table ops.lint_finding (
    draft_id text not null,
    revision integer not null,
    rule text not null,
    severity text not null check (severity in ('error', 'warning')),
    detail text not null,
    primary key (draft_id, revision, rule, detail),
    foreign key (draft_id, revision) references ops.revision
);

-- One live decision per revision. An undo deletes the row, which the message's foreign key forbids as
-- soon as there is a message; the log keeps everything.
create table ops.decision (
    draft_id text not null,
    revision integer not null,
    contact_id text not null,
    content_hash text not null,
    verdict text not null check (verdict in ('approved', 'killed', 'expired')),
    reason text,
    decided_by text not null,
    decided_role text not null,
    decided_at timestamptz not null default ops.now(),
    bulk_id text,
    seconds_spent numeric check (seconds_spent >= 0),
    primary key (draft_id, revision),
    unique (draft_id, revision, contact_id, content_hash, verdict),
    foreign key (draft_id, revision, contact_id, content_hash)
        references ops.revision (draft_id, revision, contact_id, content_hash),
    constraint a_kill_has_a_reason check (verdict <> 'killed' or reason is not null)
);
create table ops.decision_log (
    id bigint generated always as identity primary key,
    action text not null check (action in ('decided', 'changed', 'undone')),
    draft_id text not null, revision integer not null, content_hash text not null,
    verdict text not null, reason text, decided_by text not null, decided_role text not null,
    decided_at timestamptz not null, bulk_id text, seconds_spent numeric,
    logged_at timestamptz not null default ops.now()
);
create trigger the_log_stays before update or delete on ops.decision_log
for each row execute function ops.refuse_change();

create function ops.take_decision() returns trigger language plpgsql as $$
declare
    d ops.draft;
    r ops.decision := coalesce(new, old);
begin
    select * into d from ops.draft where id = r.draft_id for update;
    if tg_op = 'INSERT' then
        if d.state <> 'pending' then
            raise exception 'Draft % is already %.', d.id, d.state using errcode = 'check_violation';
        end if;
        if new.revision <> d.current_revision then
            raise exception 'Draft % was edited: revision % is current, not %.',
                d.id, d.current_revision, new.revision using errcode = 'serialization_failure';
        end if;
    elsif tg_op = 'UPDATE' and not (old.verdict = 'approved' and new.verdict in ('expired', 'killed')) then
        raise exception 'A decision can only turn from approved to expired or killed.'
            using errcode = 'check_violation';
    end if;
    update ops.draft set state = case tg_op when 'DELETE' then 'pending' else new.verdict end
    where id = r.draft_id;
    insert into ops.decision_log (action, draft_id, revision, content_hash, verdict, reason,
                                  decided_by, decided_role, decided_at, bulk_id, seconds_spent)
    values (case tg_op when 'INSERT' then 'decided' when 'UPDATE' then 'changed' else 'undone' end,
            r.draft_id, r.revision, r.content_hash, r.verdict, r.reason,
            r.decided_by, r.decided_role, r.decided_at, r.bulk_id, r.seconds_spent);
    return null;
end $$;
create trigger take_decision after insert or update or delete on ops.decision
for each row execute function ops.take_decision();

-- A message cannot exist without the approval of exactly its content (invariant 1), and there is one
-- per person, sequence and step (invariant 2). Every column of the foreign keys is NOT NULL, because a
-- NULL passes a foreign key.
create table ops.message (
    id text primary key default ops.new_id('msg'),
    draft_id text not null,
    revision integer not null,
    contact_id text not null,
    person_id text not null,
    sequence text not null,
    step smallint not null,
    content_hash text not null,
    verdict text not null default 'approved' check (verdict = 'approved'),
    send_key text not null unique default ops.new_id('snd'),
    channel text not null default 'email',
    sending_domain text not null,
    mailbox text not null,
    state text not null default 'queued' check (state in (
        'queued', 'held', 'cancelled', 'dispatching', 'accepted', 'delivered',
        'bounced', 'complained', 'dropped', 'failed', 'unknown')),
    state_reason text,
    not_before timestamptz not null default ops.now(),
    queued_at timestamptz not null default ops.now(),
    accepted_at timestamptz,
    delivered_at timestamptz,
    settled_by text,
    provider_message_id text,
    run_id text not null references ops.run,
    foreign key (draft_id, revision, contact_id, content_hash, verdict)
        references ops.decision (draft_id, revision, contact_id, content_hash, verdict),
    foreign key (draft_id, contact_id, person_id, sequence, step)
        references ops.draft (id, contact_id, person_id, sequence, step),
    unique (draft_id, revision),
    unique (person_id, sequence, step)
);
create index message_queue on ops.message (state, not_before, id) where state in ('queued', 'held', 'dispatching');
create index message_contact on ops.message (contact_id);
create index message_provider on ops.message (provider_message_id);
create index message_accepted on ops.message (sending_domain, accepted_at);

create function ops.guard_message() returns trigger language plpgsql as $$
begin
    if (new.draft_id, new.revision, new.contact_id, new.person_id, new.sequence, new.step,
        new.content_hash, new.verdict, new.send_key)
       is distinct from
       (old.draft_id, old.revision, old.contact_id, old.person_id, old.sequence, old.step,
        old.content_hash, old.verdict, old.send_key) then
        raise exception 'What message % says, and to whom, cannot be changed.', old.id
            using errcode = 'restrict_violation';
    end if;
    if new.state <> old.state and not (old.state, new.state) in (
        ('queued', 'held'), ('queued', 'cancelled'), ('queued', 'dispatching'),
        ('held', 'queued'), ('held', 'cancelled'),
        ('dispatching', 'accepted'), ('dispatching', 'queued'), ('dispatching', 'failed'),
        ('dispatching', 'unknown'), ('dispatching', 'delivered'), ('dispatching', 'bounced'),
        ('dispatching', 'dropped'), ('dispatching', 'complained'),
        ('unknown', 'accepted'), ('unknown', 'delivered'), ('unknown', 'bounced'),
        ('unknown', 'dropped'), ('unknown', 'complained'), ('unknown', 'failed'),
        ('accepted', 'delivered'), ('accepted', 'bounced'), ('accepted', 'dropped'),
        ('accepted', 'complained'), ('delivered', 'bounced'), ('delivered', 'complained'),
        -- Events arrive in any order; the graver one stands, whichever came first.
        ('dropped', 'delivered'), ('dropped', 'bounced'), ('dropped', 'complained'),
        ('bounced', 'complained')) then
        raise exception 'A message does not go from % to %.', old.state, new.state
            using errcode = 'check_violation';
    end if;
    -- Back to the queue only when the last attempt was definitely not taken by the provider.
    if old.state = 'dispatching' and new.state = 'queued' and not exists (
        select from ops.attempt a where a.message_id = new.id
        and a.number = (select max(number) from ops.attempt where message_id = new.id)
        and a.outcome in ('throttled', 'refused')) then
        raise exception 'Message % may have been sent; it cannot be queued again.', new.id
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger guard_message before update on ops.message
for each row execute function ops.guard_message();
create trigger messages_stay before delete on ops.message
for each row execute function ops.refuse_change();

-- throttled: 429. refused: the connection failed before the body left. rejected: definite 4xx.
-- ambiguous: a time-out, a reset or a 5xx after the body.
create table ops.attempt (
    id text primary key default ops.new_id('att'),
    message_id text not null references ops.message,
    number integer not null check (number >= 1),
    started_at timestamptz not null default ops.now(),
    worker text not null,
    outcome text not null default 'pending'
        check (outcome in ('pending', 'accepted', 'throttled', 'refused', 'rejected', 'ambiguous')),
    status_code integer,
    provider_message_id text,
    detail text,
    finished_at timestamptz,
    run_id text references ops.run,
    unique (message_id, number)
);
create unique index one_open_attempt on ops.attempt (message_id) where outcome = 'pending';

create table ops.message_event (
    message_id text not null references ops.message,
    event_key text not null,
    event_type text not null check (event_type in (
        'accepted', 'deferred', 'delivered', 'bounced', 'blocked', 'dropped', 'complained', 'unsubscribed')),
    occurred_at timestamptz not null,
    detail text,
    run_id text references ops.run,
    primary key (message_id, event_key)
);

create table ops.reply (
    id text primary key default ops.new_id('rep'),
    source text not null,
    natural_key text not null,
    message_id text references ops.message,
    contact_id text references ops.contact,
    received_at timestamptz not null,
    subject text,
    body text not null,
    is_automatic boolean not null,
    intent text not null check (intent in (
        'positive', 'question', 'objection', 'price', 'not_now', 'referral',
        'opt_out', 'out_of_office', 'bounce', 'unclear')),
    confidence numeric not null check (confidence between 0 and 1),
    quote text,
    generation_id text references ops.generation,
    run_id text not null references ops.run,
    unique (source, natural_key)
);
create index reply_contact on ops.reply (contact_id);
"""
