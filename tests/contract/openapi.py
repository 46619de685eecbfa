"""Holds requests and answers against a vendor's OpenAPI document.

    spec = load(specs / "sendgrid" / "tsg_mail_v3.json")
    validate_request(spec, "POST", "/v3/mail/send", json=payload)
    validate_response(spec, "POST", "/v3/mail/send", 400, json=answer)

Both raise ContractBroken with a sentence for each thing that does not fit, and NotDescribed where
the document says nothing (no such path, method or status): known gaps stand in GAPS below.
Vendors write OpenAPI 3.0 words into 3.1 documents; `nullable` is read as meant in both.
"""

import copy
import json as json_module
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

URI = "urn:openapi:document"
METHODS = ("get", "post", "put", "patch", "delete")
# What the documents do not say, or say wrongly; see the vendors' reference pages.
GAPS = {
    "sendgrid mail": "no 429; no X-Message-Id; the top-level custom_args is typed as a string "
    "although an object is taken, so use the personalization's",
    "sendgrid lists": "an address that is not globally suppressed answers {}, without the "
    "recipient_email that is required",
    "openai": "no 400 and no 401; their shape is ErrorResponse",
    "hubspot": "search requires after, limit, sorts and properties, which may be left out in fact; "
    "owners are not described",
}


class ContractBroken(AssertionError):
    """The request or answer is not what the document describes."""


class NotDescribed(AssertionError):
    """The document has no such path, method, status or body."""


@dataclass(frozen=True)
class Spec:
    """One OpenAPI document."""

    name: str
    document: dict[str, Any]

    @cached_property
    def registry(self) -> Registry[Any]:
        resource = Resource(contents=self.document, specification=DRAFT202012)
        return Registry().with_resource(URI, resource)

    def schema(self, name: str) -> dict[str, Any]:
        """A component's schema, by name."""
        return {"$ref": f"{URI}#/components/schemas/{name}"}

    def operation(self, method: str, path: str) -> dict[str, Any]:
        """The operation that serves a concrete path such as /crm/v3/objects/contacts/17."""
        candidates = [p for p in self.document["paths"] if _fits(p, path)]
        # A literal path wins over one with a placeholder: /contacts/search over /contacts/{id}.
        for template in sorted(candidates, key=lambda p: p.count("{")):
            found = self.document["paths"][template].get(method.lower())
            if found is not None:
                return dict(found)
        raise NotDescribed(f"{self.name} describes no {method.upper()} {path}.")

    def resolve(self, node: dict[str, Any]) -> dict[str, Any]:
        """Follow a local reference."""
        while "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def check(self, schema: dict[str, Any], value: Any, what: str) -> None:
        """Raise ContractBroken if the value does not satisfy the schema."""
        checker = Draft202012Validator(
            _absolute(schema), registry=self.registry, format_checker=FormatChecker()
        )
        problems = sorted(checker.iter_errors(value), key=lambda e: str(e.json_path))
        if problems:
            lines = [f"  {e.json_path}: {e.message[:300]}" for e in problems[:10]]
            raise ContractBroken(f"{what} does not fit {self.name}:\n" + "\n".join(lines))


def load(path: Path) -> Spec:
    """Read a document."""
    document = json_module.loads(path.read_text(encoding="utf-8"))
    return Spec(path.name, _as_meant(copy.deepcopy(document)))


def validate_request(
    spec: Spec, method: str, path: str, json: Any = None, query: dict[str, Any] | None = None
) -> None:
    """Check body and query of a request. Raises ContractBroken or NotDescribed."""
    operation = spec.operation(method, path)
    what = f"{method.upper()} {path}"
    _check_query(spec, operation, query or {}, what)
    body = operation.get("requestBody")
    if body is None:
        if json is not None:
            raise NotDescribed(f"{spec.name} describes no body for {what}.")
        return
    body = spec.resolve(body)
    if json is None:
        if body.get("required"):
            raise ContractBroken(f"{what} needs a body.")
        return
    spec.check(_json_schema(spec, body, what), json, f"The body of {what}")


def validate_response(spec: Spec, method: str, path: str, status: int, json: Any = None) -> None:
    """Check an answer's status and body. Raises ContractBroken or NotDescribed."""
    operation = spec.operation(method, path)
    what = f"{method.upper()} {path} -> {status}"
    responses = operation["responses"]
    found = responses.get(str(status), responses.get("default") if status >= 400 else None)
    if found is None:
        raise NotDescribed(f"{spec.name} describes no {what}; it has {', '.join(responses)}.")
    found = spec.resolve(found)
    if not found.get("content"):
        if json is not None:
            raise ContractBroken(f"{what} has a body where {spec.name} describes none.")
        return
    spec.check(_json_schema(spec, found, what), json, f"The answer of {what}")


def _fits(template: str, path: str) -> bool:
    left, right = template.strip("/").split("/"), path.strip("/").split("/")
    return len(left) == len(right) and all(
        a == b or a.startswith("{") for a, b in zip(left, right, strict=True)
    )


def _check_query(spec: Spec, operation: dict[str, Any], query: dict[str, Any], what: str) -> None:
    known = {}
    for parameter in operation.get("parameters", []):
        resolved = spec.resolve(parameter)
        if resolved["in"] == "query":
            known[resolved["name"]] = resolved
    for name, value in query.items():
        if name not in known:
            raise ContractBroken(f"{what} has no query parameter {name!r} in {spec.name}.")
        spec.check(known[name].get("schema", {}), value, f"The parameter {name} of {what}")
    for name, parameter in known.items():
        if parameter.get("required") and name not in query:
            raise ContractBroken(f"{what} needs the query parameter {name!r}.")


def _json_schema(spec: Spec, holder: dict[str, Any], what: str) -> dict[str, Any]:
    for content_type, media in holder["content"].items():
        if "json" in content_type or content_type == "*/*":
            return dict(media.get("schema", {}))
    raise NotDescribed(f"{spec.name} describes no JSON for {what}.")


def _absolute(schema: Any) -> Any:
    """Make local references point into the registered document."""
    if isinstance(schema, dict):
        return {
            key: f"{URI}{value}"
            if key == "$ref" and str(value).startswith("#")
            else _absolute(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [_absolute(part) for part in schema]
    return schema


def _as_meant(node: Any) -> Any:
    """Read 3.0 words in JSON Schema's sense: nullable, and oneOf told apart by a discriminator."""
    if isinstance(node, list):
        return [_as_meant(part) for part in node]
    if not isinstance(node, dict):
        return node
    node = {key: _as_meant(value) for key, value in node.items()}
    if node.pop("nullable", None) is True:
        node = {"anyOf": [node, {"type": "null"}]}
    if "discriminator" in node and isinstance(node.get("oneOf"), list):
        # Branches overlap; which one is meant is said by a property, so one that fits is enough.
        node["anyOf"] = node.pop("oneOf")
    return node
