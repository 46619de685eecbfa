"""Read by every Airflow process when it starts; only the scheduler (or a Celery worker) acts on it.

Tasks run in processes forked from that one. It imports the libraries that tasks use before the first
fork, and each task finds them there: a gate or a dbt step starts 3 to 6 s sooner, any other half a
second. Importing them starts no thread and opens no connection, which is what makes it safe to fork
afterwards; a test holds that.

BATON_PRELOAD=libraries does that and leaves Baton's own modules to each task, so that an edited one
is used at once. BATON_PRELOAD=all imports those too, for where the code never changes under Airflow.
"""

import os

__all__: list[str] = []

LIBRARIES = (
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.postgres",
    "feedparser",
    "httpx",
    "icalendar",
    "jinja2",
    "openai",
    "psycopg",
    "psycopg_pool",
    "sendgrid",
)


def _import_all(preload: str) -> None:
    import logging
    from importlib import import_module

    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    for name in LIBRARIES:
        import_module(name)
    if preload == "all":
        from baton import motion

        motion.import_steps()


if _preload := os.environ.pop("BATON_PRELOAD", ""):
    _import_all(_preload)
