"""What people decided about exceptions and stopped domains, and why."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- What was decided, in the words of the person in done_by.
alter table ops.task add column outcome text;
alter table ops.breaker add column resume_reason text;
"""
