"""Assets: which tables a DAG reads and hands on. They draw the lineage and trigger nothing.

A run that an asset triggers has neither logical date nor data interval, so it could not be
backfilled; schedules are cron only.
"""

from airflow.sdk import Asset


def table(name: str) -> Asset:
    """Return the asset of a warehouse table, such as `ops.lead` or `marts.opportunity`."""
    schema, relation = name.split(".")
    return Asset(name=name, uri=f"baton://warehouse/{schema}/{relation}")
