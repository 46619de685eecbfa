"""Makes the first administrator, and the role that reps have, in Airflow's own user database (FAB).

Reads BATON_ADMIN_USER, BATON_ADMIN_EMAIL and BATON_ADMIN_PASSWORD from the environment, so that the
password stands on no command line. A user who is already there is left as they are.
"""

import os

from airflow.providers.fab.auth_manager.cli_commands.utils import get_application_builder
from airflow.utils.providers_configuration_loader import providers_configuration_loaded

# A role that FAB does not know by itself, and the one whose view of Airflow it shares.
# include/playbook/roles.yml says what each role may do in Baton.
ROLES = {"Rep": "User"}


@providers_configuration_loaded
def main() -> None:
    """Make what is missing; print one line per thing made."""
    user, email = os.environ["BATON_ADMIN_USER"], os.environ["BATON_ADMIN_EMAIL"]
    with get_application_builder() as builder:
        security = builder.sm
        for name, like in ROLES.items():
            if security.find_role(name) is None:
                security.add_role(name).permissions = list(security.find_role(like).permissions)
                print(f"Made the role {name}, which sees of Airflow what {like} sees.")
        if security.find_user(username=user) is None:
            made = security.add_user(
                user,
                user,
                "",
                email,
                security.find_role("Admin"),
                os.environ["BATON_ADMIN_PASSWORD"],
            )
            if not made:
                raise SystemExit(
                    f"The administrator {user} could not be made; is {email} taken by another user?"
                )
            print(f"Made the administrator {user}.")


if __name__ == "__main__":
    main()
