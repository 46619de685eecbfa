"""The one check in front of every page and route: who is asking, and what may they do.

    @router.get("/review")
    def show(user: Annotated[Person, Depends(require("viewer"))]): ...

    @router.post("/review/decisions")
    def decide(user: Annotated[Person, Depends(require("rep"))]): ...

A route that shows or changes leads must also ask `user.only_own_leads` and, if so, keep to those
owned by `user.rep_email`.
"""

from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

from airflow.api_fastapi.auth.managers.models.base_user import BaseUser
from airflow.api_fastapi.core_api.security import get_user
from fastapi import Depends, HTTPException, Request, status

from baton.core.errors import PlaybookError
from baton.playbook import roles as playbook
from baton.playbook.roles import Person, Role
from baton_airflow.hooks import settings

READING = frozenset({"GET", "HEAD", "OPTIONS"})


def current_user(user: Annotated[BaseUser, Depends(get_user)]) -> Person:
    """Return who is signed in. Answers 403 to a user to whom `roles.yml` gives no role."""
    name = getattr(user, "username", None) or user.get_name()
    try:
        known = roles(settings().playbook)
    except PlaybookError as error:
        raise HTTPException(status.HTTP_503_SERVICE_UNAVAILABLE, str(error)) from None
    found = playbook.person(known, name, airflow_roles(user), getattr(user, "email", None))
    if found is None:
        raise HTTPException(
            status.HTTP_403_FORBIDDEN,
            f"{name} has no role in Baton; RevOps can add one in include/playbook/roles.yml.",
        )
    return found


def require(role: Role) -> Callable[[Person], Person]:
    """Return the dependency that lets in whoever may do what `role` may, and returns them."""

    def check(user: Annotated[Person, Depends(current_user)]) -> Person:
        if not user.may(role):
            raise HTTPException(
                status.HTTP_403_FORBIDDEN, f"This needs the role {role}; you are {user.role}."
            )
        return user

    return check


def airflow_roles(user: BaseUser) -> list[str]:
    """Return the names of a user's roles: SimpleAuthManager gives one, FAB several."""
    if role := getattr(user, "role", None):
        return [str(role)]
    return [str(role.name) for role in getattr(user, "roles", None) or ()]


def refuse_foreign_writes(request: Request) -> None:
    """Refuse a write that another site made the browser send, and one that is not JSON.

    The session cookie travels along with a form posted from anywhere on the same site, and a form
    can send neither JSON nor a bearer token. A client that brings its own token sends no cookie that
    could be abused, so it needs no Origin.
    """
    if request.method in READING:
        return
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(
            status.HTTP_415_UNSUPPORTED_MEDIA_TYPE, "Send application/json, nothing else."
        )
    if request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    origin = urlsplit(request.headers.get("origin", "")).netloc
    if not origin or origin != request.headers.get("host"):
        raise HTTPException(
            status.HTTP_403_FORBIDDEN, "This was not sent from Baton's own pages; open them again."
        )


def roles(folder: Path) -> playbook.Roles:
    """Return the playbook's roles, read again when the file changes."""
    path = folder / "roles.yml"
    return _read(folder, path.stat().st_mtime_ns if path.exists() else 0)


@lru_cache(maxsize=1)
def _read(folder: Path, _changed: int) -> playbook.Roles:
    return playbook.load(folder)
