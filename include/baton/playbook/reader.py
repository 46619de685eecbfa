"""Reads a YAML or CSV file of the playbook and says exactly where it is wrong.

A mistake names the file, the line and the remedy: `icp.yml, line 7: 'weigths' is not known here; did
you mean 'weights'?`
"""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin
from zoneinfo import available_timezones

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from baton.core.errors import PlaybookError

Location = tuple[str | int, ...]

# How a person says the forms that records ask for, by the beginning of their pattern.
FORMS = {
    "^[a-z][a-z0-9_]": "small letters, digits and _, with a letter first",
    "^[A-Z]{3}": "three capital letters, such as EUR",
    "^[^@": "an e-mail address",
    "^https?://": "an address that begins with http:// or https://",
    "^[a-z0-9-]+": "a host such as www.example.com",
    r"^\d{4}-": "a month such as 2026-03",
}

# Ten times as fast where libyaml is there, which it is in every published wheel.
FASTEST_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@lru_cache(maxsize=1)
def time_zones() -> frozenset[str]:
    """Return the names of all time zones; finding them walks a folder, so it is done once."""
    return frozenset(available_timezones())


class Strict(BaseModel):
    """The base of every playbook record: unknown keys are mistakes, values are never changed."""

    model_config = ConfigDict(extra="forbid", frozen=True)


Model = TypeVar("Model", bound=BaseModel)


def read_yaml(path: Path, model: type[Model]) -> Model:
    """Read one YAML file into `model`.

    Raises PlaybookError with one line per mistake: file, line, what is wrong, the nearest right word.
    """
    text = read_text(path)
    loader = None
    try:
        loader = FASTEST_LOADER(text)
        root = loader.get_single_node()
        data = None if root is None else loader.construct_document(root)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise PlaybookError(f"{path}, line {line}: {error.problem or 'not YAML'}.") from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise PlaybookError(f"{path}, line 1: cannot be read as YAML: {error}.") from None
    finally:
        if loader is not None:
            loader.dispose()
    if not isinstance(data, dict) or root is None:
        raise PlaybookError(f"{path}, line 1: expected `key: value` pairs, found none.")
    lines = dict(_lines(root, ()))
    _refuse_repeated_keys(path, root)
    try:
        return model.model_validate(data)
    except ValidationError as error:
        mistakes = [
            (_line_of(lines, e["loc"]), _sentence(path, lines, model, dict(e)))
            for e in error.errors()
        ]
        in_order = [said for _, said in sorted(mistakes, key=lambda mistake: mistake[0])]
        raise PlaybookError("\n".join(dict.fromkeys(in_order))) from None


def read_csv_rows(path: Path, columns: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield (line, row) of a CSV file whose header must be exactly `columns`, in any order.

    Raises PlaybookError naming the file, the line and the column.
    """
    reader = csv.DictReader(io.StringIO(read_text(path)), strict=True)
    header = reader.fieldnames or []
    for name in header:
        if name not in columns:
            raise PlaybookError(f"{path}, line 1: {_unknown(name, columns)}")
    if missing := [name for name in columns if name not in header]:
        raise PlaybookError(f"{path}, line 1: the column {', '.join(missing)} is missing.")
    try:
        for row in reader:
            if None in row or None in row.values():
                raise PlaybookError(
                    f"{path}, line {reader.line_num}: expected {len(header)} cells, as in the header."
                )
            yield reader.line_num, {key: (value or "").strip() for key, value in row.items()}
    except csv.Error as error:
        raise PlaybookError(f"{path}, line {reader.line_num}: {error}.") from None


def read_text(path: Path) -> str:
    """Return a file's text (UTF-8, with or without a byte order mark); PlaybookError if it has none."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        raise PlaybookError(f"{path} is missing.") from None
    except IsADirectoryError:
        raise PlaybookError(f"{path} is a folder; a file is expected.") from None
    except OSError as error:
        raise PlaybookError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise PlaybookError(f"{path}, line {line}: not UTF-8; save the file as UTF-8.") from None


def nearest(word: str, known: Sequence[str]) -> str | None:
    """Return the known word that `word` was most likely meant to be, or None."""
    close = difflib.get_close_matches(word.lower(), [k.lower() for k in known], n=1, cutoff=0.6)
    return next((k for k in known if k.lower() == close[0]), None) if close else None


def _lines(node: yaml.Node, at: Location) -> Iterator[tuple[Location, int]]:
    yield at, node.start_mark.line + 1
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*at, str(key.value))
            yield (*here, "[key]"), key.start_mark.line + 1
            yield from _lines(value, here)
            yield here, key.start_mark.line + 1
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield from _lines(value, (*at, index))


def _refuse_repeated_keys(path: Path, node: yaml.Node) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                line = key.start_mark.line + 1
                raise PlaybookError(f"{path}, line {line}: '{key.value}' stands here twice.")
            seen.add(key.value)
            _refuse_repeated_keys(path, value)
    elif isinstance(node, yaml.SequenceNode):
        for value in node.value:
            _refuse_repeated_keys(path, value)


def _line_of(lines: dict[Location, int], location: Location) -> int:
    """Return the line of a place, or of the nearest place around it that stands in the file."""
    around = (location[:n] for n in range(len(location), -1, -1))
    return next((lines[part] for part in around if part in lines), 1)


def _sentence(
    path: Path, lines: dict[Location, int], model: type[BaseModel], error: dict[str, Any]
) -> str:
    location: Location = tuple(error["loc"])
    line = _line_of(lines, location)
    where = ".".join(str(part) for part in location)
    if error["type"] == "extra_forbidden":
        known = _fields_at(model, location[:-1])
        return f"{path}, line {line}: {_unknown(str(location[-1]), known)}"
    if error["type"] == "missing":
        return f"{path}, line {line}: '{where}' is missing."
    if error["type"] in ("enum", "literal_error"):
        expected = re.findall(r"'((?:[^'\\]|\\.)*)'", str(error["ctx"]["expected"]))
        return f"{path}, line {line}: at '{where}', {_unknown(str(error['input']), expected)}"
    if error["type"] == "string_pattern_mismatch":
        pattern = str(error["ctx"]["pattern"])
        form = next((said for start, said in FORMS.items() if pattern.startswith(start)), pattern)
        return f"{path}, line {line}: '{where}': '{error['input']}' is not {form}."
    message = str(error["msg"]).removeprefix("Value error, ")
    end = "" if message.endswith("?") else "."
    return f"{path}, line {line}: '{where}': {message[0].lower()}{message[1:]}{end}"


def _unknown(word: str, known: Sequence[str]) -> str:
    if meant := nearest(word, known):
        return f"'{word}' is not known here; did you mean '{meant}'?"
    if not known:
        return f"'{word}' is not known here."
    shown = (name if name[:1].isalnum() else f"'{name}'" for name in sorted(known))
    return f"'{word}' is not known here; known are {', '.join(shown)}."


def _fields_at(model: Any, location: Location) -> list[str]:
    """Return the field names that are known at `location` below `model`."""
    if not location:
        return list(model.model_fields) if _is_model(model) else []
    here, rest = location[0], location[1:]
    if _is_model(model):
        field = model.model_fields.get(here)
        return _fields_at_type(field.annotation, rest) if field else []
    return []


def _fields_at_type(kind: Any, location: Location) -> list[str]:
    origin = get_origin(kind)
    if origin in (Union, UnionType):
        return [name for part in get_args(kind) for name in _fields_at_type(part, location)]
    if origin is Annotated:
        return _fields_at_type(get_args(kind)[0], location)
    if origin is dict and location:
        return _fields_at_type(get_args(kind)[1], location[1:])
    if origin in (list, tuple, set, frozenset) and location:
        return _fields_at_type(get_args(kind)[0], location[1:])
    return _fields_at(kind, location) if _is_model(kind) else []


def _is_model(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)
