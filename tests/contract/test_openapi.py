"""The checker itself: it must be able to fail."""

import json
from pathlib import Path

import pytest

from tests.contract.openapi import (
    ContractBroken,
    NotDescribed,
    load,
    validate_request,
    validate_response,
)

DOCUMENT = {
    "openapi": "3.0.1",
    "paths": {
        "/things/{id}": {
            "get": {
                "parameters": [
                    {"name": "page", "in": "query", "required": True, "schema": {"type": "integer"}}
                ],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}
                        }
                    },
                    "204": {},
                },
            }
        },
        "/things/search": {
            "post": {
                "requestBody": {
                    "required": True,
                    "content": {
                        "application/json": {"schema": {"type": "object", "required": ["words"]}}
                    },
                },
                "responses": {"200": {}},
            }
        },
    },
    "components": {
        "schemas": {
            "Thing": {
                "type": "object",
                "required": ["name"],
                "properties": {"name": {"type": "string", "nullable": True}},
            }
        }
    },
}


@pytest.fixture
def spec(tmp_path: Path):
    path = tmp_path / "things.json"
    path.write_text(json.dumps(DOCUMENT))
    return load(path)


def test_what_fits_passes(spec):
    validate_response(spec, "GET", "/things/7", 200, {"name": None})
    validate_response(spec, "GET", "/things/7", 204)
    validate_request(spec, "GET", "/things/7", query={"page": 1})
    validate_request(spec, "POST", "/things/search", json={"words": "x"})


@pytest.mark.parametrize(
    ("status", "answer"),
    [
        pytest.param(200, {}, id="required member missing"),
        pytest.param(200, {"name": 5}, id="wrong type"),
        pytest.param(204, {"name": "x"}, id="body where none is described"),
    ],
)
def test_an_answer_that_does_not_fit_is_refused(spec, status, answer):
    with pytest.raises(ContractBroken):
        validate_response(spec, "GET", "/things/7", status, answer)


@pytest.mark.parametrize(
    ("method", "path", "kwargs"),
    [
        pytest.param("POST", "/things/search", {"json": {}}, id="required member missing"),
        pytest.param("POST", "/things/search", {}, id="required body missing"),
        pytest.param("GET", "/things/7", {}, id="required parameter missing"),
        pytest.param("GET", "/things/7", {"query": {"page": "x"}}, id="parameter of wrong type"),
        pytest.param("GET", "/things/7", {"query": {"page": 1, "q": 1}}, id="unknown parameter"),
    ],
)
def test_a_request_that_does_not_fit_is_refused(spec, method, path, kwargs):
    with pytest.raises(ContractBroken):
        validate_request(spec, method, path, **kwargs)


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        pytest.param("GET", "/nothing", 200, id="no such path"),
        pytest.param("DELETE", "/things/7", 200, id="no such method"),
        pytest.param("GET", "/things/7", 429, id="no such status"),
    ],
)
def test_what_the_document_does_not_describe_is_said_to_be_so(spec, method, path, status):
    with pytest.raises(NotDescribed):
        validate_response(spec, method, path, status, {})
