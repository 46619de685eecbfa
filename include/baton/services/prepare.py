"""What depends on the code alone and takes long: made once by `make setup` or an image's build."""

import sys

from baton.core.errors import BatonError
from baton.reports.steps import prepare


def main() -> int:
    """Parse the dbt project and plan the report; return the exit status."""
    try:
        prepare()
    except BatonError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
