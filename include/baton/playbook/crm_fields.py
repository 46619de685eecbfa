"""`crm_fields.yml`: which CRM fields a meeting may change, and of what kind each is.

What is not listed is never written, whatever a transcript or a model says.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from baton.playbook.reader import Strict, read_yaml


class CrmField(Strict):
    """One field. `property` is its name in the CRM, `kind` how a value is checked against its quote."""

    property: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
    object: Literal["contact", "company", "deal"]
    kind: Literal["text", "money", "date"]
    means: Annotated[str, Field(min_length=5)]
    # Words by which the offline digest finds it in what was said (whole words, any case).
    said_as: list[str] = []


class CrmFields(Strict):
    """The whole file: our name -> field."""

    fields: Annotated[dict[str, CrmField], Field(min_length=1)]

    def get(self, name: str) -> tuple[str, CrmField] | None:
        """Return (our name, field) for our name or the CRM's, or None if it is not allowed."""
        for ours, field in self.fields.items():
            if name in (ours, field.property):
                return ours, field
        return None


def load(folder: Path) -> CrmFields:
    """Read `crm_fields.yml` of a playbook folder; PlaybookError names file, line and remedy."""
    return read_yaml(folder / "crm_fields.yml", CrmFields)
