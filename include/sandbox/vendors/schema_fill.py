"""Bends a value to a JSON schema, and fills a schema with the plainest value that satisfies it."""

from __future__ import annotations

from typing import Any


def fit(value: Any, schema: dict[str, Any]) -> Any:
    """Return the value in the schema's shape: unknown members left out, missing ones filled plainly."""
    return _fit(value, schema, schema)


def _fit(value: Any, schema: Any, root: dict[str, Any]) -> Any:
    if not isinstance(schema, dict):
        return value
    schema = _resolve(schema, root)
    for key in ("anyOf", "oneOf"):
        for option in schema.get(key, ()):
            kind = _resolve(option, root).get("type")
            if (value is None) == (kind == "null"):
                return _fit(value, option, root)
    if schema.get("enum"):
        return value if value in schema["enum"] else schema["enum"][0]
    if isinstance(value, dict) and schema.get("properties"):
        return {
            name: _fit(value[name], part, root) if name in value else _fill(part, root)
            for name, part in schema["properties"].items()
        }
    if isinstance(value, list) and "items" in schema:
        return [_fit(item, schema["items"], root) for item in value]
    return value


def fill(schema: dict[str, Any]) -> Any:
    """Return the plainest value for the schema."""
    return _fill(schema, schema)


def _resolve(schema: Any, root: dict[str, Any]) -> dict[str, Any]:
    while isinstance(schema, dict) and "$ref" in schema:
        target: Any = root
        for part in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target[part]
        schema = target
    return schema if isinstance(schema, dict) else {}


def _fill(schema: Any, root: dict[str, Any]) -> Any:
    schema = _resolve(schema, root)
    if "const" in schema:
        return schema["const"]
    if schema.get("enum"):
        return schema["enum"][0]
    for key in ("anyOf", "oneOf"):
        if schema.get(key):
            return _fill(schema[key][0], root)
    if schema.get("allOf"):
        merged: dict[str, Any] = {}
        for part in schema["allOf"]:
            value = _fill(part, root)
            merged |= value if isinstance(value, dict) else {}
        return merged
    return _fill_type(schema, root)


def _fill_type(schema: dict[str, Any], root: dict[str, Any]) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = kind[0]
    if kind == "object" or "properties" in schema:
        properties = schema.get("properties") or {}
        wanted = schema.get("required") or list(properties)
        return {name: _fill(properties.get(name), root) for name in wanted}
    if kind == "array":
        return [_fill(schema.get("items"), root) for _ in range(schema.get("minItems", 0))]
    if kind in ("integer", "number"):
        low = schema.get("minimum", schema.get("exclusiveMinimum", 0))
        return low + 1 if "exclusiveMinimum" in schema else low
    if kind == "boolean":
        return False
    if kind == "string":
        formats = {"date": "2026-01-05", "date-time": "2026-01-05T09:00:00Z"}
        text = formats.get(str(schema.get("format")), "")
        return text or "." * int(schema.get("minLength", 0))
    return None
