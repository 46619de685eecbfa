"""Floor 1: the Postgres warehouse: connections, runs, migrations, watermarks, bulk load, dbt."""
