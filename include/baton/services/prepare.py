"""What depends on the code and the pins alone and takes long: made once by `make setup`.

`python -m baton.services.prepare report` parses the dbt project and plans the report (an image's build
does that too); `airflow` keeps Airflow's empty database.
"""

import sys

from baton.core.errors import BatonError


def main(what: str) -> int:
    """Make one of the two; return the exit status."""
    try:
        if what == "airflow":
            from baton.services import airflow_schema

            airflow_schema.keep()
        else:
            from baton.reports import steps

            steps.prepare()
    except BatonError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if sys.argv[1:] else "report"))
