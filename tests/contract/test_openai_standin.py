"""The OpenAI stand-in answers as the vendor's document says."""

import json

import pytest

from tests.contract.openapi import load, validate_request, validate_response
from tests.unit.sandbox.support import make_sandbox

DRAFT_SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "required": ["subject", "body", "claims", "nothing_worth_saying"],
    "properties": {
        "subject": {"type": "string"},
        "body": {"type": "string"},
        "nothing_worth_saying": {"type": "boolean"},
        "claims": {
            "type": "array",
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["text", "evidence_id"],
                "properties": {"text": {"type": "string"}, "evidence_id": {"type": "string"}},
            },
        },
    },
}
DATA = {
    "evidence": [{"id": "e1", "text": "Wexholm Supply raises EUR 12 million Series A"}],
    "account": {"name": "Wexholm Supply"},
}


def body(**changes):
    return {
        "model": "gpt-5-mini",
        "instructions": "Write.",
        "input": [{"role": "user", "content": json.dumps(DATA)}],
        "text": {
            "format": {
                "type": "json_schema",
                "name": "draft",
                "schema": DRAFT_SCHEMA,
                "strict": True,
            }
        },
        "max_output_tokens": 2000,
        "store": False,
        **changes,
    }


@pytest.fixture(scope="module")
def spec(specs):
    return load(specs / "openai" / "openapi.json")


@pytest.fixture
def sandbox():
    return make_sandbox()


@pytest.fixture
def ask(sandbox):
    def call(method, path, **kwargs):
        headers = {"Authorization": f"Bearer {sandbox.keys.openai_key}"}
        return sandbox.http.request(method, f"/openai/v1{path}", headers=headers, **kwargs)

    return call


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({}, id="structured"),
        pytest.param({"text": {"format": {"type": "text"}}}, id="plain text"),
        pytest.param({"input": "Hello", "text": {"format": {"type": "json_object"}}}, id="json"),
        pytest.param({"max_output_tokens": 16}, id="cut off"),
    ],
)
def test_a_response_is_what_the_document_says(spec, ask, changes):
    request = body(**changes)
    validate_request(spec, "POST", "/responses", json=request)
    answer = ask("POST", "/responses", json=request)
    assert answer.status_code == 200, answer.text
    validate_response(spec, "POST", "/responses", 200, answer.json())


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        pytest.param({"model": "no-such-model"}, 400, "model_not_found", id="unknown model"),
        pytest.param({"modle": "x"}, 400, "unknown_parameter", id="unknown parameter"),
        pytest.param({"max_output_tokens": 1}, 400, "integer_below_min_value", id="too few tokens"),
        pytest.param(
            {
                "text": {
                    "format": {
                        "type": "json_schema",
                        "name": "x",
                        "strict": True,
                        "schema": {"type": "object", "properties": {"a": {"type": "string"}}},
                    }
                }
            },
            400,
            "invalid_json_schema",
            id="open object in strict mode",
        ),
    ],
)
def test_a_refusal_has_the_vendors_error_shape(spec, ask, changes, status, code):
    answer = ask("POST", "/responses", json=body(**changes))
    assert answer.status_code == status
    spec.check(spec.schema("ErrorResponse"), answer.json(), "the error")
    assert answer.json()["error"]["code"] == code


@pytest.mark.parametrize("kind", ["rate_limit", "error_before"])
def test_faults_have_the_vendors_error_shape(spec, sandbox, ask, kind):
    sandbox.control("faults", vendor="openai", kind=kind, retry_after=7)
    answer = ask("POST", "/responses", json=body())
    spec.check(spec.schema("ErrorResponse"), answer.json(), "the error")
    if kind == "rate_limit":
        assert answer.status_code == 429
        assert answer.headers["retry-after"] == "7"


def test_a_wrong_key_has_the_vendors_error_shape(spec, sandbox):
    answer = sandbox.http.get("/openai/v1/models", headers={"Authorization": "Bearer sk-wrong"})
    assert answer.status_code == 401
    spec.check(spec.schema("ErrorResponse"), answer.json(), "the error")


def test_the_models_are_what_the_document_says(spec, ask):
    validate_response(spec, "GET", "/models", 200, ask("GET", "/models").json())


def test_a_transcription_is_what_the_document_says(spec, ask):
    answer = ask(
        "POST",
        "/audio/transcriptions",
        data={"model": "gpt-4o-mini-transcribe"},
        files={"file": ("call.wav", b"Owen: Hello.\nPriya: Hello.", "audio/wav")},
    )
    assert answer.json()["text"] == "Owen: Hello.\nPriya: Hello."
    spec.check(spec.schema("CreateTranscriptionResponseJson"), answer.json(), "the transcript")
