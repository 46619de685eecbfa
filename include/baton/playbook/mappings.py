"""A mapping: which column of whose export means what. `include/playbook/mappings/*.yml`.

One section per entity names its file, the column that is its key, and per field of ours the column of
theirs. Nothing is guessed: a column that is not named is left in the raw table, and said.
"""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    create_model,
    field_validator,
    model_validator,
)

from baton.playbook.reader import Strict, nearest, read_yaml, time_zones

Kind = Literal["text", "email", "domain", "money", "integer", "timestamp", "boolean", "currency"]

# What an entity may have: field -> kind.
ENTITIES: dict[str, dict[str, Kind]] = {
    "account": {
        "name": "text",
        "domain": "domain",
        "industry": "text",
        "employees": "integer",
        "annual_revenue": "money",
        "currency": "currency",
        "country": "text",
        "region": "text",
        "timezone": "text",
        "owner_key": "text",
        "parent_key": "text",
        "source_updated_at": "timestamp",
    },
    "contact": {
        "account_key": "text",
        "email": "email",
        "full_name": "text",
        "title": "text",
        "seniority": "text",
        "phone": "text",
        "country": "text",
        "timezone": "text",
        "source_updated_at": "timestamp",
    },
    "owner": {
        "name": "text",
        "email": "email",
        "manager": "text",
        "region": "text",
        "active": "boolean",
        "source_updated_at": "timestamp",
    },
    "product": {
        "name": "text",
        "series": "text",
        "list_price": "money",
        "currency": "currency",
        "source_updated_at": "timestamp",
    },
    "opportunity": {
        "account_key": "text",
        "contact_key": "text",
        "owner_key": "text",
        "product_key": "text",
        "name": "text",
        "stage": "text",
        "outcome": "text",
        "kind": "text",
        "amount": "money",
        "currency": "currency",
        "opened_at": "timestamp",
        "closed_at": "timestamp",
        "source_updated_at": "timestamp",
    },
    "touch": {
        "account_key": "text",
        "contact_key": "text",
        "opportunity_key": "text",
        "owner_key": "text",
        "channel": "text",
        "touch_type": "text",
        "sequence": "text",
        "campaign": "text",
        "occurred_at": "timestamp",
        "source_updated_at": "timestamp",
    },
    "meeting": {
        "account_key": "text",
        "contact_key": "text",
        "opportunity_key": "text",
        "owner_key": "text",
        "starts_at": "timestamp",
        "ends_at": "timestamp",
        "outcome": "text",
        "source_updated_at": "timestamp",
    },
}
# A row without one of these is quarantined.
REQUIRED: dict[str, tuple[str, ...]] = {
    "account": ("name",),
    "contact": (),
    "owner": ("name",),
    "product": ("name",),
    "opportunity": ("stage", "outcome"),
    "touch": ("channel", "occurred_at"),
    "meeting": ("starts_at",),
}
# Fields that take one of a few words; the mapping's `values` turn theirs into ours.
CHOICES: dict[tuple[str, str], tuple[str, ...]] = {
    ("opportunity", "outcome"): ("open", "won", "lost"),
    ("opportunity", "kind"): ("new_business", "expansion", "renewal"),
    ("meeting", "outcome"): ("attended", "guest_no_show", "host_no_show", "unknown"),
}
DELIMITERS = (",", ";", "\t", "|")
DIRECTIVES = {
    "%Y": r"(\d{4})", "%m": r"(\d{1,2})", "%d": r"(\d{1,2})", "%b": r"([A-Za-z]{3})",
    "%H": r"(\d{1,2})", "%I": r"(\d{1,2})", "%M": r"(\d{2})", "%S": r"(\d{2})", "%p": r"([AaPp][Mm])",
}  # fmt: skip


class Column(Strict):
    """One column, when its plain name does not say enough. Money and numbers may be scaled."""

    column: str
    multiply: Decimal | None = None
    format: str | None = None


def _as_column(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


AnyColumn = Annotated[Column, BeforeValidator(_as_column)]


class Entity(Strict):
    """How the rows of one file become accounts, or contacts, or opportunities."""

    entity: ClassVar[str]
    file: str
    key: Annotated[list[str], BeforeValidator(_as_list), Field(min_length=1)]
    columns: Strict
    constants: Strict = Strict()
    values: Strict = Strict()
    known_before_outcome: list[str] = []
    known_after_outcome: list[str] = []
    optional: bool = False

    def column_of(self, field: str) -> Column | None:
        """Return where a field of ours stands in their file, or None if nowhere."""
        rule: Column | None = getattr(self.columns, field)
        return rule

    def constant_of(self, field: str) -> str | None:
        """Return the constant that a field has in every row, or None."""
        value: str | None = getattr(self.constants, field, None)
        return value

    def values_of(self, field: str) -> dict[str, str]:
        """Return their words -> ours for a field; words that are not listed stay as they are."""
        return getattr(self.values, field, None) or {}

    def named_columns(self) -> list[str]:
        """Return every column of the file that this section speaks of, each once."""
        rules = (self.column_of(field) for field in ENTITIES[self.entity])
        named = [
            *self.key,
            *(rule.column for rule in rules if rule is not None),
            *self.known_before_outcome,
            *self.known_after_outcome,
        ]
        return list(dict.fromkeys(named))

    @field_validator("file")
    @classmethod
    def _plain(cls, name: str) -> str:
        if name in ("", ".", "..") or "/" in name or "\\" in name:
            raise ValueError(f"'{name}' is no plain file name; it stands in the folder itself")
        return name

    @model_validator(mode="after")
    def _complete(self) -> "Entity":
        for field in REQUIRED[self.entity]:
            if self.column_of(field) is None and self.constant_of(field) is None:
                raise ValueError(f"the field '{field}' has neither a column nor a constant")
        for field in ENTITIES[self.entity]:
            rule = self.column_of(field)
            if rule is not None and self.constant_of(field) is not None:
                raise ValueError(f"the field '{field}' has both a column and a constant")
            if rule is not None and rule.format is not None:
                checked_format(rule.format)
        return self


def _one_of(field: str, choices: Sequence[str]) -> Callable[[str], str]:
    """Return a check that a word is one of `choices`; anything goes where there are none."""

    def check(word: str) -> str:
        if choices and word not in choices:
            meant = nearest(word, choices)
            hint = f"did you mean '{meant}'?" if meant else f"known are {', '.join(choices)}"
            raise ValueError(f"'{word}' is no {field}; {hint}")
        return word

    return check


def _entity(name: str) -> type[Entity]:
    """Make the model of one entity, whose fields are known, so that a typo in one is found."""

    def part(suffix: str, kind: Callable[[str], Any]) -> type[Strict]:
        fields: dict[str, Any] = {field: (kind(field) | None, None) for field in ENTITIES[name]}
        return create_model(f"{name}_{suffix}", __base__=Strict, **fields)

    def word(field: str) -> Any:
        return Annotated[str, AfterValidator(_one_of(field, CHOICES.get((name, field), ())))]

    constants = part("constants", word)
    values = part("values", lambda field: dict[str, word(field)])  # type: ignore[misc]
    model = create_model(
        name,
        __base__=Entity,
        columns=(part("columns", lambda _: AnyColumn), ...),
        constants=(constants, constants()),
        values=(values, values()),
    )
    model.entity = name
    return model


class Mapping(Strict):
    """A whole mapping. `source` keeps the keys of one system apart from those of another."""

    source: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,40}$")]
    description: str
    currency: str
    timezone: str = "UTC"
    dates: str = "%Y-%m-%d"
    decimal_mark: Literal[".", ","] = "."
    delimiter: Literal[DELIMITERS] = ","  # type: ignore[valid-type]
    account: _entity("account") | None = None  # type: ignore[valid-type]
    contact: _entity("contact") | None = None  # type: ignore[valid-type]
    owner: _entity("owner") | None = None  # type: ignore[valid-type]
    product: _entity("product") | None = None  # type: ignore[valid-type]
    opportunity: _entity("opportunity") | None = None  # type: ignore[valid-type]
    touch: _entity("touch") | None = None  # type: ignore[valid-type]
    meeting: _entity("meeting") | None = None  # type: ignore[valid-type]

    @field_validator("currency")
    @classmethod
    def _code(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Z]{3}", value):
            raise ValueError(f"'{value}' is no currency code; write three capitals such as EUR")
        return value

    @field_validator("timezone")
    @classmethod
    def _known_timezone(cls, value: str) -> str:
        if value not in time_zones():
            raise ValueError(f"'{value}' is no time zone; write one such as Europe/Berlin")
        return value

    @field_validator("dates")
    @classmethod
    def _known_format(cls, value: str) -> str:
        return checked_format(value)

    @model_validator(mode="after")
    def _complete(self) -> "Mapping":
        if not self.entities():
            raise ValueError(f"names no entity; known are {', '.join(ENTITIES)}")
        return self

    def entities(self) -> dict[str, Entity]:
        """Return the entities that this mapping has, in the order in which they are imported."""
        found = {name: getattr(self, name) for name in ENTITIES}
        return {name: entity for name, entity in found.items() if entity is not None}


def checked_format(value: str) -> str:
    """Return a date format if every directive of it is known; ValueError otherwise."""
    directives = re.findall(r"%.?", value)
    unknown = [d for d in directives if d not in DIRECTIVES]
    if unknown:
        raise ValueError(
            f"{unknown[0]} is not known in a date format; known are {' '.join(DIRECTIVES)}"
        )
    if not ("%Y" in value and "%d" in value and ("%m" in value or "%b" in value)):
        raise ValueError("a date format needs year (%Y), month (%m or %b) and day (%d)")
    return value


def load(path: Path) -> Mapping:
    """Read and check a mapping. Raises PlaybookError: file, line, mistake, nearest right word."""
    return read_yaml(path, Mapping)
