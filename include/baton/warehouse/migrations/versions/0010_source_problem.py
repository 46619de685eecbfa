"""What is wrong with a source of signals at this moment."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- One row per source that did not give all it has when it was last read. Written only by
-- baton.signals; the row goes in the transaction that lands the source's signals again.
create table ops.source_problem (
    source text primary key,
    problem text not null check (problem <> ''),
    -- true: it did not answer, and the next run may mend that; false: somebody has to look
    passing boolean not null,
    since timestamptz not null default ops.now(),
    last_at timestamptz not null default ops.now(),
    run_id text references ops.run
);
"""
