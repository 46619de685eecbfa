"""What the OpenAI API refuses in a request for a response, and the shapes of its errors."""

from __future__ import annotations

from typing import Any

from sandbox.vendors.refused import Refused

MODELS = (
    "gpt-5", "gpt-5-mini", "gpt-5-nano", "gpt-4.1", "gpt-4.1-mini", "gpt-4o", "gpt-4o-mini",
    "gpt-4o-transcribe", "gpt-4o-mini-transcribe", "whisper-1",
)  # fmt: skip
# Members of the request that the vendor knows; another one is a mistake it names.
KNOWN_FIELDS = {
    "background", "context_management", "conversation", "include", "input", "instructions",
    "max_output_tokens", "max_tool_calls", "metadata", "model", "moderation",
    "parallel_tool_calls", "previous_response_id", "prompt", "prompt_cache_key",
    "prompt_cache_options", "prompt_cache_retention", "reasoning", "safety_identifier",
    "service_tier", "store", "stream", "stream_options", "temperature", "text", "tool_choice",
    "tools", "top_logprobs", "top_p", "truncation", "user",
}  # fmt: skip


class Refusal(Refused):
    """A refusal in the vendor's error shape."""

    def __init__(
        self, status: int, message: str, param: str | None = None, code: str | None = None
    ) -> None:
        error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
        super().__init__(status, {"error": error})


def check_model(model: Any) -> str:
    """Return the model's name.

    Raises:
        Refusal: it is missing or not offered.

    """
    if not isinstance(model, str) or not model:
        raise Refusal(400, "Missing required parameter: 'model'.", "model",
                      "missing_required_parameter")  # fmt: skip
    if model not in MODELS:
        raise Refusal(400, f"The requested model '{model}' does not exist.", "model",
                      "model_not_found")  # fmt: skip
    return model


def check_request(body: Any) -> dict[str, Any]:
    """Return the request for a response, if the vendor would take it.

    Raises:
        Refusal: it would not; the message is the vendor's kind of sentence.

    """
    if not isinstance(body, dict):
        raise Refusal(400, "We could not parse the JSON body of your request.")
    check_model(body.get("model"))
    for name in body:
        if name not in KNOWN_FIELDS:
            raise Refusal(400, f"Unknown parameter: '{name}'.", name, "unknown_parameter")
    if "input" not in body:
        raise Refusal(400, "Missing required parameter: 'input'.", "input",
                      "missing_required_parameter")  # fmt: skip
    if not isinstance(body["input"], str | list):
        raise Refusal(400, "Invalid type for 'input': expected a string or an array.", "input",
                      "invalid_type")  # fmt: skip
    if body.get("stream"):
        raise Refusal(400, "Streaming is not offered by this stand-in.", "stream")
    limit = body.get("max_output_tokens")
    if limit is not None and (not isinstance(limit, int) or limit < 16):
        raise Refusal(400, "Invalid 'max_output_tokens': integer below minimum value. Expected a "
                      "value >= 16.", "max_output_tokens", "integer_below_min_value")  # fmt: skip
    _format((body.get("text") or {}).get("format"))
    return body


def _format(wanted: Any) -> None:
    if wanted is None:
        return
    kind = wanted.get("type") if isinstance(wanted, dict) else None
    if kind not in ("text", "json_object", "json_schema"):
        raise Refusal(400, "Invalid value for 'text.format.type'.", "text.format.type",
                      "invalid_value")  # fmt: skip
    if kind != "json_schema":
        return
    for name in ("name", "schema"):
        if name not in wanted:
            raise Refusal(400, f"Missing required parameter: 'text.format.{name}'.",
                          f"text.format.{name}", "missing_required_parameter")  # fmt: skip
    if wanted.get("strict"):
        _strict(wanted["schema"], wanted["name"], ())


def _strict(schema: Any, name: str, path: tuple[str, ...]) -> None:
    """Strict mode: every object closed, every property required, at every depth."""
    if isinstance(schema, list):
        for number, part in enumerate(schema):
            _strict(part, name, (*path, str(number)))
        return
    if not isinstance(schema, dict):
        return
    if "properties" in schema:
        where = f"Invalid schema for response_format '{name}': In context={path}"
        if schema.get("additionalProperties") is not False:
            raise Refusal(400, f"{where}, 'additionalProperties' is required to be supplied and to "
                          "be false.", "text.format.schema", "invalid_json_schema")  # fmt: skip
        missing = set(schema["properties"]) - set(schema.get("required") or [])
        if missing:
            raise Refusal(400, f"{where}, 'required' is required to be supplied and to be an array "
                          "including every key in properties. Missing "
                          f"'{min(missing)}'.", "text.format.schema",
                          "invalid_json_schema")  # fmt: skip
    for key in ("properties", "$defs", "definitions"):
        for inner, part in (schema.get(key) or {}).items():
            _strict(part, name, (*path, key, inner))
    for key in ("items", "anyOf", "oneOf", "allOf"):
        if key in schema:
            _strict(schema[key], name, (*path, key))
