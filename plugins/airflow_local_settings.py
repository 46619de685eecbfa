"""Read by every Airflow process when it starts; only the scheduler (or a Celery worker) acts on it.

Tasks run in processes forked from that one. With BATON_PRELOAD=1 it imports the slow libraries
before the first fork, and each task finds them there: a gate or a dbt step starts 3 to 6 s sooner.
Importing them starts no thread and opens no connection, which is what makes it safe to fork
afterwards; a test holds that.
"""

import os

__all__: list[str] = []

SLOW = (
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.postgres",
    "metricflow.engine.metricflow_engine",
    "metricflow_semantics.model.dbt_manifest_parser",
    "openai",
)

if os.environ.pop("BATON_PRELOAD", "") == "1":
    import logging
    from importlib import import_module

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for _module in SLOW:
        import_module(_module)
