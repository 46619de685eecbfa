"""How a page reaches the warehouse: one transaction, and errors as answers that say what is wrong."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from fastapi import HTTPException

from baton.core.errors import BatonError
from baton.core.settings import Settings
from baton.warehouse.connect import connect


@contextmanager
def warehouse(baton: Settings) -> Iterator[psycopg.Connection[Any]]:
    """Open a transaction; what the library refuses becomes an answer with its sentence."""
    try:
        with connect(baton.database_url) as conn:
            yield conn
    except BatonError as error:
        raise HTTPException(409, str(error)) from None
    except psycopg.OperationalError:
        raise HTTPException(
            503, "The warehouse does not answer; `baton doctor` says more."
        ) from None
