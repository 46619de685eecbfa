"""Where a meeting is, as the booking tool says."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- The meeting's is that of the booking at the live end of its chain. NULL: the tool named none.
alter table ops.booking add column location text;
alter table ops.meeting add column location text;
"""
