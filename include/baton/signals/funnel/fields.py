"""Turns a mapping's section into SQL: what each field is worth, and what is wrong with a row.

All checks run in Postgres, set-based, on the trimmed cells `v0 .. vn` of a row. A value is only cast in
rows that passed every check.
"""

import re
from dataclasses import dataclass

from psycopg import sql

from baton.playbook.mappings import CHOICES, DIRECTIVES, ENTITIES, REQUIRED, Column, Entity, Mapping

# By decimal mark; thousands are set apart by the other one.
NUMBER = {
    ".": r"^-?(\d{1,15}|\d{1,3}(,\d{3})+)(\.\d{1,12})?$",
    ",": r"^-?(\d{1,15}|\d{1,3}(\.\d{3})+)(,\d{1,12})?$",
}
ADDRESS = r"^[^@\s,;<>\"]+@[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"
DOMAIN = r"^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$"
# "0000-00-00" and its like have the right shape and are no date, which pg_input_is_valid tells.
ISO_PARTS = {"%Y": "Y", "%m": "m", "%b": "m", "%d": "d", "%H": "H", "%I": "H", "%M": "M", "%S": "S",
             "%p": "p"}  # fmt: skip
# Years in which something that a sales team writes down can have happened, or be planned.
FIRST_YEAR, LAST_YEAR = 1900, 2199
# Pairs in which the second may not lie before the first.
ORDERED = {"opportunity": ("opened_at", "closed_at"), "meeting": ("starts_at", "ends_at")}
ENDS = tuple(last for _, last in ORDERED.values())
# Changes when the same cell is read as another value, so that a file is not taken for imported.
READING = "2"


@dataclass(frozen=True)
class Field:
    """One field of ours: its SQL value, the column it is read from, and checks (condition, reason)."""

    name: str
    column: str
    value: str
    checks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Plan:
    """Everything the statements of one file need, as SQL over the cells `v0 .. vn`."""

    cells: str  # select list that makes line, v0 .. vn from the raw table
    key: str
    content: str
    fields: tuple[Field, ...]
    attributes: str
    outcome_attributes: str
    problem: str  # NULL, or "column<TAB>reason"


def literal(text: str) -> str:
    """Return `text` as an SQL string literal."""
    return sql.Literal(text).as_string(None)


def identifier(*names: str) -> str:
    """Return a quoted SQL identifier."""
    return sql.Identifier(*names).as_string(None)


def plan(mapping: Mapping, entity: Entity, raw_names: dict[str, str], version: str) -> Plan:
    """Make the SQL for one section. `raw_names` gives the raw table's column of each file column.

    `version` is part of the content: the same cells under another mapping are another content.
    """
    named = entity.named_columns()
    cell = {name: f"v{index}" for index, name in enumerate(named)}
    cells = ", ".join(
        f"nullif(btrim({identifier(raw_names[name])}), '') as {cell[name]}" for name in named
    )
    fields = tuple(_fields(mapping, entity, cell))
    keys = [cell[name] for name in entity.key]
    problems = [
        (f"{v} is null", name, "'the key is empty'")
        for name, v in zip(entity.key, keys, strict=True)
    ]
    problems += [
        (condition, field.column, reason) for field in fields for condition, reason in field.checks
    ]
    problems += _order_problem(entity, fields)
    cases = " ".join(
        f"when {condition} then {literal(column)} || E'\\t' || {reason}"
        for condition, column, reason in problems
    )
    separated = ", '\x1f', ".join([literal(version), *cell.values()])
    return Plan(
        cells=f"line, {cells}",
        key=keys[0] if len(keys) == 1 else "concat_ws('|', " + ", ".join(keys) + ")",
        content=f"md5(concat({separated}))",
        fields=fields,
        attributes=_attributes(entity.known_before_outcome, cell),
        outcome_attributes=_attributes(entity.known_after_outcome, cell),
        problem=f"case {cases} end",
    )


def _attributes(names: list[str], cell: dict[str, str]) -> str:
    if not names:
        return "'{}'::jsonb"
    pairs = ", ".join(f"{literal(name)}, {cell[name]}" for name in names)
    return f"jsonb_strip_nulls(jsonb_build_object({pairs}))"


def _fields(mapping: Mapping, entity: Entity, cell: dict[str, str]) -> list[Field]:
    kinds = ENTITIES[entity.entity]
    fields = []
    for name, kind in kinds.items():
        rule, constant = entity.column_of(name), entity.constant_of(name)
        if rule is not None:
            source = _mapped(cell[rule.column], entity.values_of(name))
            field = READERS[kind](name, rule, source, mapping)
            fields.append(_with_rules(entity, field, source))
        elif constant is not None:
            rule = Column(column="(constant)")
            fields.append(READERS[kind](name, rule, literal(constant), mapping))
    given = {field.name for field in fields}
    if "currency" in kinds and "currency" not in given:
        fields.append(Field("currency", "(constant)", literal(mapping.currency)))
    return fields


def _with_rules(entity: Entity, field: Field, source: str) -> Field:
    checks = list(field.checks)
    if field.name in REQUIRED[entity.entity]:
        checks.insert(0, (f"{source} is null", f"{literal(field.name + ' is empty')}"))
    if choices := CHOICES.get((entity.entity, field.name)):
        words = ", ".join(map(literal, choices))
        remedy = literal(f" has no meaning for {field.name}; add it to the mapping under values")
        checks.append((f"{source} not in ({words})", f"{_shown(source)} || {remedy}"))
    return Field(field.name, field.column, field.value, tuple(checks))


def _order_problem(entity: Entity, fields: tuple[Field, ...]) -> list[tuple[str, str, str]]:
    by_name = {field.name: field for field in fields}
    first, second = ORDERED.get(entity.entity, ("", ""))
    if first not in by_name or second not in by_name:
        return []
    # CASE stops at the first problem, so both are valid moments by now.
    condition = f"{by_name[second].value} < {by_name[first].value}"
    return [(condition, by_name[second].column, literal(f"{second} lies before {first}"))]


def _mapped(source: str, values: dict[str, str]) -> str:
    if not values:
        return source
    cases = " ".join(f"when {literal(a)} then {literal(b)}" for a, b in values.items())
    return f"(case {source} {cases} else {source} end)"


def _shown(source: str) -> str:
    """Return SQL that shows a cell in a sentence, shortened."""
    return f"'''' || left({source}, 60) || ''''"


def _text(name: str, rule: Column, source: str, _mapping: Mapping) -> Field:
    reason = "'starts with = like a spreadsheet formula; write the plain value'"
    return Field(name, rule.column, source, ((f"{source} like '=%'", reason),))


def _email(name: str, rule: Column, source: str, _mapping: Mapping) -> Field:
    value = f"lower({source})"
    check = (f"{value} !~ {literal(ADDRESS)}", f"{_shown(source)} || ' is no e-mail address'")
    return Field(name, rule.column, value, (check,))


def _domain(name: str, rule: Column, source: str, _mapping: Mapping) -> Field:
    value = f"regexp_replace(lower({source}), '^(https?://)?(www[.])?([^/:]+).*$', '\\3')"
    check = (f"{value} !~ {literal(DOMAIN)}", f"{_shown(source)} || ' is no domain'")
    return Field(name, rule.column, value, (check,))


def _number(name: str, rule: Column, source: str, mapping: Mapping, kind: str) -> Field:
    mark, other = (".", ",") if mapping.decimal_mark == "." else (",", ".")
    value = f"translate({source}, '{mark}{other}', '.')::numeric"
    if rule.multiply is not None:
        value = f"({value} * {rule.multiply})"
    meant = literal(
        " is not a number; if this column has a decimal comma, write decimal_mark: ',' in the mapping"
        if mark == "."
        else " is not a number with a decimal comma, which the mapping's decimal_mark asks for"
    )
    hint = f"case when {source} ~ {literal(NUMBER[other])} then {meant} else ' is not a number' end"
    checks = [(f"{source} !~ {literal(NUMBER[mark])}", f"{_shown(source)} || {hint}")]
    if kind == "money":
        checks.append((f"left({source}, 1) = '-'", f"{_shown(source)} || ' is negative money'"))
    else:
        limit = f"{value} not between -2147483648 and 2147483647 or {value} <> trunc({value})"
        checks.append((limit, f"{_shown(source)} || ' is not a whole number'"))
        checks.append((f"{value} < 0", f"{_shown(source)} || ' is less than nothing'"))
        value = f"{value}::integer"
    return Field(name, rule.column, value, tuple(checks))


def _money(name: str, rule: Column, source: str, mapping: Mapping) -> Field:
    return _number(name, rule, source, mapping, "money")


def _integer(name: str, rule: Column, source: str, mapping: Mapping) -> Field:
    return _number(name, rule, source, mapping, "integer")


def _timestamp(name: str, rule: Column, source: str, mapping: Mapping) -> Field:
    form = rule.format or mapping.dates
    if form == "%Y-%m-%d":
        iso, shape = source, f"{source} not like '____-__-__'"
    else:
        pattern, replacement = _iso(form)
        iso = f"regexp_replace({source}, {literal(pattern)}, {literal(replacement)})"
        shape = f"{source} !~ {literal(pattern)}"
    if "%H" not in form and "%I" not in form:
        # A day is the same day everywhere. Something that ends on it ends when it does: a touch on the
        # day of closing lies before the closing, and what opened that day before it too.
        value = f"{iso}::timestamptz"  # sessions speak UTC
        if name in ENDS:
            value += " + interval '1 day' - interval '1 microsecond'"
    elif mapping.timezone == "UTC":
        value = f"{iso}::timestamptz"
    else:
        value = f"{iso}::timestamp at time zone {literal(mapping.timezone)}"
    reason = f"{_shown(source)} || {literal(f' is no date of the form {form}')}"
    # 0001-01-01 and 9999-12-31 are how some systems write "no date".
    far = f"extract(year from {iso}::timestamp) not between {FIRST_YEAR} and {LAST_YEAR}"
    remedy = literal(
        f" lies outside {FIRST_YEAR} to {LAST_YEAR}; leave it empty if there is no date"
    )
    return Field(
        name, rule.column, f"({value})",
        (
            (shape, reason),
            (f"not pg_input_is_valid({iso}, 'timestamp')", reason),
            (far, f"{_shown(source)} || {remedy}"),
        ),
    )  # fmt: skip


def _iso(form: str) -> tuple[str, str]:
    """Return a regular expression for a date format and its replacement in ISO 8601."""
    directives = re.findall(r"%.", form)
    pattern = "".join(
        DIRECTIVES.get(part, re.escape(part)) for part in re.split(r"(%.)", form) if part
    )
    at = {ISO_PARTS[name]: f"\\{number}" for number, name in enumerate(directives, 1)}
    iso = f"{at['Y']}-{at['m']}-{at['d']}"
    if "H" in at:
        iso += f" {at['H']}:{at.get('M', '00')}:{at.get('S', '00')}"
        iso += f" {at['p']}" if "p" in at else ""
    return f"^{pattern}$", iso


def _boolean(name: str, rule: Column, source: str, _mapping: Mapping) -> Field:
    value = f"(lower({source}) in ('true', 'yes', 'y', 't', '1'))"
    words = "('true', 'yes', 'y', 't', '1', 'false', 'no', 'n', 'f', '0')"
    check = (f"lower({source}) not in {words}", f"{_shown(source)} || ' is neither yes nor no'")
    return Field(name, rule.column, value, (check,))


def _currency(name: str, rule: Column, source: str, mapping: Mapping) -> Field:
    ours = literal(mapping.currency)
    reason = (
        f"{_shown(source)} || {literal(f' is not {mapping.currency}, the currency of this mapping; ')}"
        "|| 'amounts of two currencies cannot be added, so import them apart'"
    )
    value = f"coalesce(upper({source}), {ours})"
    return Field(name, rule.column, value, ((f"{value} <> {ours}", reason),))


READERS = {
    "text": _text, "email": _email, "domain": _domain, "money": _money, "integer": _integer,
    "timestamp": _timestamp, "boolean": _boolean, "currency": _currency,
}  # fmt: skip
