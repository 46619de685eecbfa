"""What each report said: its figures, their definitions at that time, and the funnel."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- One report per run. Written only by baton.reports; the report page reads nothing but these.
create table ops.report (
    id text primary key default ops.new_id('rpt'),
    run_id text not null unique references ops.run,
    as_of timestamptz not null,
    made_at timestamptz not null default ops.now(),
    manifest_hash text not null,
    seconds numeric not null check (seconds >= 0)
);
create index report_latest on ops.report (as_of desc, made_at desc);

-- What each figure meant when it was computed.
create table ops.report_definition (
    report_id text not null references ops.report on delete cascade,
    metric text not null,
    position integer not null,
    stage text not null,
    label text not null,
    description text not null,
    numerator text,
    denominator text,
    unit text not null,
    direction text not null check (direction in ('up', 'down', 'none')),
    maturity_days integer not null check (maturity_days >= 0),
    model text not null,
    primary key (report_id, metric),
    unique (report_id, position)
);

-- A figure is a value or a dash with its reason, never both and never neither. `low` and `high` are the
-- 95 % interval, `n` is what it rests on.
create table ops.report_metric (
    report_id text not null,
    stage text not null,
    metric text not null,
    cut text not null,
    cut_value text not null,
    currency text,
    numerator numeric,
    denominator numeric,
    value numeric,
    low numeric,
    high numeric,
    n bigint check (n >= 0),
    unit text not null,
    mature boolean not null,
    dash text,
    unique nulls not distinct (report_id, metric, cut, cut_value, currency),
    foreign key (report_id, metric) references ops.report_definition on delete cascade,
    check ((value is null) = (dash is not null)),
    check ((low is null) = (high is null)),
    check (low is null or (low <= value and value <= high)),
    check ((cut = 'all') = (cut_value = ''))
);

create table ops.report_funnel (
    report_id text not null references ops.report on delete cascade,
    cut text not null,
    cut_value text not null,
    position smallint not null,
    step text not null,
    unit text not null,
    count bigint not null check (count >= 0),
    primary key (report_id, cut, cut_value, position)
);
"""
