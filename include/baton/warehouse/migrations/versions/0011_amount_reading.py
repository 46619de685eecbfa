"""How the amounts of an imported file were read, so that a corrected mapping is known as one."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    """Apply the SQL below; there is no way back but a restore."""
    op.execute(SQL)


SQL = """
-- Changes with everything in the mapping that makes a number of an amount's cell. NULL: not known, or
-- no file.
alter table landing.intake add column amount_hash text;
"""
