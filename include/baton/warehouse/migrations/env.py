"""Alembic's entry: one connection, one transaction per migration, one migrator at a time."""

from alembic import context
from sqlalchemy import create_engine, make_url, pool, text

# Any constant serves; it only has to be the same for every migrator of this schema.
MIGRATION_LOCK = 4_211_003

url = make_url(context.config.attributes["database_url"]).set(drivername="postgresql+psycopg")
engine = create_engine(url, poolclass=pool.NullPool)

with engine.connect() as connection:
    connection.execute(text("select pg_advisory_lock(:key)"), {"key": MIGRATION_LOCK})
    connection.execute(text("create schema if not exists ops"))
    connection.commit()
    context.configure(
        connection=connection, version_table_schema="ops", transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
