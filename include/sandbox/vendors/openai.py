"""The OpenAI API: responses with structured output, transcription and the list of models."""

from __future__ import annotations

import hashlib
import json
from typing import Any

import jsonschema
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, Response
from starlette.datastructures import UploadFile

from sandbox.vendors import openai_rules as rules
from sandbox.vendors import schema_fill, writer
from sandbox.vendors.openai_rules import Refusal
from sandbox.vendors.refused import has_bearer
from sandbox.world import World

CHARACTERS_PER_TOKEN = 4
SECONDS_PER_MEGABYTE = 60


def router(world: World) -> APIRouter:
    """Return the routes below /openai/v1."""

    def check_key(request: Request) -> None:
        if not has_bearer(request, world.config.keys.openai_key):
            raise Refusal(401, "Incorrect API key provided.", None, "invalid_api_key")

    routes = APIRouter(prefix="/openai/v1", dependencies=[Depends(check_key)])

    @routes.get("/models")
    async def models() -> Response:
        created = int(world.market.start.timestamp())
        rows = [
            {"id": m, "object": "model", "created": created, "owned_by": "sandbox"}
            for m in rules.MODELS
        ]
        return JSONResponse({"object": "list", "data": rows})

    @routes.post("/responses")
    async def responses(request: Request) -> Response:
        try:
            body = json.loads(await request.body())
        except ValueError:
            raise Refusal(400, "We could not parse the JSON body of your request.") from None
        return JSONResponse(respond(world, rules.check_request(body), request.url.path))

    @routes.post("/audio/transcriptions")
    async def transcriptions(request: Request) -> Response:
        form = await request.form()
        rules.check_model(form.get("model"))
        file = form.get("file")
        if not isinstance(file, UploadFile):
            raise Refusal(400, "Missing required parameter: 'file'.", "file",
                          "missing_required_parameter")  # fmt: skip
        raw = await file.read()
        if not raw:
            raise Refusal(400, "Audio file is empty.", "file")
        if form.get("response_format") == "text":
            return Response(heard(raw), media_type="text/plain")
        seconds = round(len(raw) / 2**20 * SECONDS_PER_MEGABYTE, 2)
        usage = {"type": "duration", "seconds": seconds}
        return JSONResponse({"text": heard(raw), "usage": usage})

    return routes


def heard(raw: bytes) -> str:
    """Return the words of a recording. Recordings of the sandbox carry their words as UTF-8 text.

    After a RIFF header the text lies in the data chunk; without one the file is the text. What is
    neither is heard as noise.
    """
    if raw[:4] == b"RIFF" and b"data" in raw:
        raw = raw[raw.index(b"data") + 8 :]
    try:
        return raw.decode("utf-8").strip("\0 \n")
    except UnicodeDecodeError:
        return "(inaudible)"


def _messages(given: str | list[Any]) -> list[str]:
    if isinstance(given, str):
        return [given]
    texts = []
    for item in given:
        content = item.get("content") if isinstance(item, dict) else None
        if item.get("role") not in ("user", None) or content is None:
            continue
        if isinstance(content, str):
            texts.append(content)
        else:
            texts.append("\n".join(p.get("text", "") for p in content if isinstance(p, dict)))
    return texts


def data_of(given: str | list[Any]) -> dict[str, Any]:
    """Return the JSON object that the user's messages carry; plain text comes under `text`."""
    found: dict[str, Any] = {}
    for text in _messages(given):
        start, end = text.find("{"), text.rfind("}")
        try:
            value = json.loads(text[start : end + 1])
        except ValueError:
            value = None
        found |= value if isinstance(value, dict) else {"text": text}
    return found


def respond(world: World, body: dict[str, Any], path: str) -> dict[str, Any]:
    """Return the response object for a request that was checked."""
    wanted = (body.get("text") or {}).get("format") or {"type": "text"}
    data = data_of(body["input"])
    digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
    rng = world.rng("writer", digest)
    if wanted["type"] == "json_schema":
        answer = writer.write(wanted["name"], wanted["schema"], data, rng)
        if wanted["name"] == "draft" and world.faults.strike("openai", "bad_drafts", path):
            writer.spoil(answer, rng)
        text = json.dumps(_fitting(answer, wanted["schema"]), ensure_ascii=False)
    elif wanted["type"] == "json_object":
        text = json.dumps(writer.write("", {}, data, rng) or {}, ensure_ascii=False)
    else:
        text = str(data.get("text", "")) or "Understood."
    return _response(world, body, wanted, text, digest)


def _fitting(answer: Any, schema: dict[str, Any]) -> Any:
    """Return the answer bent to the schema, or the plainest value if it cannot be bent."""
    bent = schema_fill.fit(answer, schema)
    valid = jsonschema.Draft202012Validator(schema).is_valid(bent)
    return bent if valid else schema_fill.fill(schema)


def _response(
    world: World, body: dict[str, Any], wanted: dict[str, Any], text: str, digest: str
) -> dict[str, Any]:
    spent = len(json.dumps(body["input"])) // CHARACTERS_PER_TOKEN
    made = len(text) // CHARACTERS_PER_TOKEN
    limit: int | None = body.get("max_output_tokens")
    cut = False
    if limit is not None and made > limit:
        cut, text, made = True, text[: limit * CHARACTERS_PER_TOKEN], limit
    status = "incomplete" if cut else "completed"
    now = int(world.clock.now.timestamp())
    part = {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
    message = {
        "id": f"msg_{digest[:48]}", "type": "message", "role": "assistant",
        "status": status, "content": [part],
    }  # fmt: skip
    return {
        "id": f"resp_{digest[:48]}",
        "object": "response",
        "created_at": now,
        "status": status,
        "error": None,
        "incomplete_details": {"reason": "max_output_tokens"} if cut else None,
        "instructions": body.get("instructions"),
        "max_output_tokens": limit,
        "model": body["model"],
        "output": [message],
        "parallel_tool_calls": body.get("parallel_tool_calls", True),
        "previous_response_id": body.get("previous_response_id"),
        "reasoning": {"effort": None, "summary": None},
        "store": body.get("store", True),
        "temperature": body.get("temperature", 1.0),
        "text": {"format": wanted},
        "tool_choice": "auto",
        "tools": [],
        "top_p": body.get("top_p", 1.0),
        "truncation": "disabled",
        "usage": {
            "input_tokens": spent,
            "input_tokens_details": {"cached_tokens": 0, "cache_write_tokens": 0},
            "output_tokens": made,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": spent + made,
        },
        "metadata": body.get("metadata") or {},
    }
