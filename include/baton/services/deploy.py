"""Prepares a deployment: both databases at their newest schema, and somebody who can log in.

Run once before the services start (`init` in docker-compose.yml); running it again changes nothing.
"""

import subprocess
import sys

import psycopg
from psycopg import sql

from baton.core import settings
from baton.core.errors import BatonError
from baton.warehouse import migrate
from baton.warehouse.connect import connect

METADATA = "airflow"


def main() -> int:
    """Prepare everything; return the exit status and print one sentence per step."""
    try:
        database_url = settings.load().database_url
        make_metadata_database(database_url)
        migrate.upgrade(database_url)
    except (BatonError, psycopg.OperationalError) as error:
        print(f"init: {error}", file=sys.stderr)
        return 1
    print("The warehouse has the newest schema.", flush=True)
    for command in (
        [sys.executable, "-m", "airflow", "db", "migrate"],
        [sys.executable, "-m", "baton_airflow.first_login"],
    ):
        if subprocess.run(command, check=False).returncode != 0:
            print(
                f"init: `{' '.join(command[1:])}` failed; its reason stands above.", file=sys.stderr
            )
            return 1
    print("Airflow's database is ready.", flush=True)
    return 0


def make_metadata_database(database_url: str) -> None:
    """Make Airflow's own database on the warehouse's server, if it is not there."""
    with connect(database_url, autocommit=True) as conn:
        name = sql.Identifier(METADATA)
        try:
            conn.execute(sql.SQL("create database {}").format(name))
        except psycopg.errors.DuplicateDatabase:
            return


if __name__ == "__main__":
    sys.exit(main())
