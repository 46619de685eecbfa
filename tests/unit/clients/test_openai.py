"""The OpenAI client against a server that answers as told: each answer becomes our word for it."""

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict

from baton.clients.openai import AnswerRefused, OpenAIClient, strict_schema
from baton.core.connections import Connection
from baton.core.errors import VendorError, VendorUnavailable


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")
    title: str
    count: int


class Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")
    parts: list[Part]
    note: str | None


def answered(text: str, *, status: str = "completed", kind: str = "output_text") -> dict[str, Any]:
    part = {"type": kind, "annotations": []}
    part |= {"refusal": text} if kind == "refusal" else {"text": text}
    return {
        "id": "resp_1", "object": "response", "created_at": 1, "model": "m-1", "status": status,
        "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
        "output": [{"id": "msg_1", "type": "message", "role": "assistant", "status": status,
                    "content": [part]}],
        "parallel_tool_calls": True, "tool_choice": "auto", "tools": [],
        "usage": {"input_tokens": 11, "output_tokens": 7, "total_tokens": 18,
                  "input_tokens_details": {"cached_tokens": 0},
                  "output_tokens_details": {"reasoning_tokens": 0}},
    }  # fmt: skip


class Vendor:
    """A server with one answer, which keeps what it was asked."""

    def __init__(self) -> None:
        self.status, self.headers, self.body = 200, {}, b"{}"
        self.asked: list[dict[str, Any]] = []
        self.hang_up = False
        vendor = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                raw = self.rfile.read(int(self.headers["Content-Length"]))
                vendor.asked.append({"path": self.path, "key": self.headers["Authorization"],
                                     "body": json.loads(raw)})  # fmt: skip
                if vendor.hang_up:
                    self.close_connection = True
                    return
                self.send_response(vendor.status)
                for name, value in vendor.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(vendor.body)))
                self.end_headers()
                self.wfile.write(vendor.body)

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.connection = Connection(
            "baton_llm", "openai", password="sk-test",
            extra={"base_url": f"http://127.0.0.1:{self.server.server_port}/v1", "model": "m-1"},
        )  # fmt: skip

    def says(self, answer: Any, status: int = 200, **headers: str) -> None:
        self.body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        self.status, self.headers = status, headers


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    made = Vendor()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    yield made
    made.server.shutdown()
    made.server.server_close()
    thread.join()


def ask(vendor: Vendor, connection: Connection | None = None) -> Any:
    client = OpenAIClient(connection or vendor.connection)
    try:
        return client.ask(Shape, name="shape", instructions="Do it.", data={"text": "Grüße"})
    finally:
        client.close()


def test_an_answer_comes_in_the_shape_asked_for(vendor):
    vendor.says(answered('{"parts": [{"title": "a", "count": 1}], "note": null}'))
    answer = ask(vendor)
    assert answer.data == Shape(parts=[Part(title="a", count=1)], note=None)
    assert (answer.model, answer.input_tokens, answer.output_tokens) == ("m-1", 11, 7)


def test_the_request_keeps_data_apart_from_instructions(vendor):
    vendor.says(answered('{"parts": [], "note": "x"}'))
    ask(vendor)
    asked = vendor.asked[0]
    assert asked["path"] == "/v1/responses"
    assert asked["key"] == "Bearer sk-test"
    assert asked["body"]["instructions"] == "Do it."
    assert asked["body"]["input"] == [{"role": "user", "content": '{"text": "Grüße"}'}]
    assert asked["body"]["store"] is False
    assert asked["body"]["text"]["format"]["strict"] is True


def test_the_schema_is_strict_all_the_way_down():
    schema = strict_schema(Shape)
    part = schema["$defs"]["Part"]
    assert part["additionalProperties"] is schema["additionalProperties"] is False
    assert part["required"] == ["title", "count"]
    assert part["properties"]["title"] == {"type": "string"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        pytest.param(answered("I cannot.", kind="refusal"), "refused: I cannot", id="a refusal"),
        pytest.param(
            answered('{"parts": [', status="incomplete"), "max_output_tokens", id="cut off"
        ),
        pytest.param(answered("not json"), "another shape", id="no JSON"),
        pytest.param(answered('{"parts": 3, "note": null}'), "at parts", id="another shape"),
        pytest.param(answered('{"parts": [], "note": null, "x": 1}'), "at x", id="more than asked"),
    ],
)
def test_an_answer_that_is_none_is_refused_with_what_it_cost(vendor, answer, said):
    vendor.says(answer)
    with pytest.raises(AnswerRefused, match=said) as caught:
        ask(vendor)
    assert (caught.value.input_tokens, caught.value.output_tokens) == (11, 7)


@pytest.mark.parametrize(
    ("status", "code", "headers", "kind", "said", "wait"),
    [
        pytest.param(
            429, None, {"Retry-After": "7"}, VendorUnavailable, "slow down", 7.0, id="429"
        ),
        pytest.param(
            429, None, {"Retry-After": "soon"}, VendorUnavailable, "slow", None, id="no time"
        ),
        pytest.param(429, "insufficient_quota", {}, VendorError, "quota", None, id="no money left"),
        pytest.param(500, None, {}, VendorUnavailable, "failed .500", None, id="500"),
        pytest.param(503, None, {}, VendorUnavailable, "failed .503", None, id="503"),
        pytest.param(401, None, {}, VendorError, "refused the API key", None, id="a wrong key"),
        pytest.param(
            403, None, {}, VendorError, "refused the API key", None, id="a key without rights"
        ),
        pytest.param(404, None, {}, VendorError, "no model 'm-1'", None, id="no such model"),
        pytest.param(400, None, {}, VendorError, "rejected the request", None, id="a bad request"),
    ],
)
def test_each_refusal_has_its_word(vendor, status, code, headers, kind, said, wait):
    vendor.says({"error": {"message": "No.", "type": "t", "code": code}}, status, **headers)
    with pytest.raises(VendorError, match=said) as caught:
        ask(vendor)
    assert type(caught.value) is kind
    assert getattr(caught.value, "retry_after", None) == wait
    assert len(vendor.asked) == 1, "the client must not retry by itself"
    assert "sk-test" not in str(caught.value)


def test_a_connection_that_breaks_off(vendor):
    vendor.hang_up = True
    with pytest.raises(VendorUnavailable, match="cannot be reached"):
        ask(vendor)


def test_nobody_there(vendor):
    nowhere = replace(vendor.connection, extra={"base_url": "http://127.0.0.1:9/v1"})
    with pytest.raises(VendorUnavailable, match="cannot be reached"):
        ask(vendor, nowhere)


def test_no_key():
    with pytest.raises(VendorError, match="no password"):
        OpenAIClient(Connection("baton_llm", "openai"))
