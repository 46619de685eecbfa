"""Read by every Airflow process when it starts; only the scheduler (or a Celery worker) acts on it.

Tasks run in processes forked from that one. It imports the libraries that tasks use before the first
fork, and each task finds them there: a gate or a dbt step starts 3 to 6 s sooner, any other half a
second. Importing them starts no thread and opens no connection, which is what makes it safe to fork
afterwards; a test holds that.

BATON_PRELOAD=libraries does that and leaves Baton's own modules to each task, so that an edited one
is used at once. BATON_PRELOAD=all imports those too, and lets dbt and Great Expectations do what they
do once per process, for where the code never changes under Airflow.
"""

import gc
import os

__all__: list[str] = []

# Airflow's imports make a million objects that stay, and Python by default walks all of them again and
# again while they are made: a quarter of a service's start. Garbage is still collected, in larger lots.
gc.set_threshold(10_000, 50, 20)

LIBRARIES = (
    "great_expectations",
    "dbt.cli.main",
    "dbt.adapters.postgres",
    "feedparser",
    "httpcore",
    "httpcore2",
    "httpx",
    "icalendar",
    "jinja2",
    "openai",
    "psycopg",
    "psycopg2.extras",
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

        motion.warm_up()


if _preload := os.environ.pop("BATON_PRELOAD", ""):
    _import_all(_preload)
