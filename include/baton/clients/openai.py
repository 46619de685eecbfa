"""Any OpenAI-compatible endpoint: text through the Responses API, always with structured output.

The connection is `baton_llm`: `password` holds the API key, `extra.model` the model, `extra.base_url`
(or host, port and schema) the endpoint. Without an endpoint it is the vendor's own. Asking for text
changes nothing at the vendor, so whatever went wrong may simply be asked again.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

import openai
from pydantic import BaseModel, ValidationError

from baton.clients.http import tls
from baton.core.connections import Connection
from baton.core.errors import VendorError, VendorUnavailable

VENDOR_URL = "https://api.openai.com/v1"
DEFAULT_MODEL = "gpt-5-mini"
TIMEOUT_SECONDS = 60.0

Shape = TypeVar("Shape", bound=BaseModel)


@dataclass(frozen=True)
class Answer(Generic[Shape]):
    """What the model said, in the shape asked for, and what it took."""

    data: Shape
    model: str
    input_tokens: int
    output_tokens: int
    seconds: float


class AnswerRefused(VendorError):
    """The model answered, but not with what was asked: a refusal, a cut-off or the wrong shape.

    `input_tokens` and `output_tokens` were spent all the same.
    """

    def __init__(self, message: str, input_tokens: int = 0, output_tokens: int = 0) -> None:
        super().__init__(message)
        self.input_tokens = input_tokens
        self.output_tokens = output_tokens


class OpenAIClient:
    """One endpoint. May be used by several threads at once."""

    def __init__(self, connection: Connection, timeout: float = TIMEOUT_SECONDS) -> None:
        """`timeout` in seconds holds for each request. Retries are the caller's business."""
        named = connection.extra.get("base_url") or connection.host
        self.name = connection.id
        self.model = str(connection.extra.get("model") or DEFAULT_MODEL)
        if not connection.password:
            raise VendorError(f"The connection {self.name} has no password; put the API key there.")
        self._api = openai.OpenAI(
            api_key=connection.password,
            base_url=connection.base_url if named else VENDOR_URL,
            timeout=timeout,
            max_retries=0,
            http_client=openai.DefaultHttpxClient(verify=tls()),
        )

    def close(self) -> None:
        """Close the connections that were kept open."""
        self._api.close()

    def ask(
        self,
        shape: type[Shape],
        *,
        name: str,
        instructions: str,
        data: Mapping[str, Any],
        max_output_tokens: int = 2000,
    ) -> Answer[Shape]:
        """Ask for one JSON object of `shape` (a pydantic model without defaults, extra="forbid").

        `instructions` are ours; `data` is sent as one JSON user message, because whatever came from
        outside stands in there and must stay data. Nothing is stored at the vendor.

        Raises VendorUnavailable (ask again later), AnswerRefused (the model's fault) or VendorError
        (our fault: key, model name, request).
        """
        started = time.monotonic()
        try:
            response = self._api.responses.create(
                model=self.model,
                instructions=instructions,
                input=[{"role": "user", "content": json.dumps(data, ensure_ascii=False)}],
                text={
                    "format": {
                        "type": "json_schema",
                        "name": name,
                        "schema": strict_schema(shape),
                        "strict": True,
                    }
                },
                max_output_tokens=max_output_tokens,
                store=False,
            )
        except openai.OpenAIError as error:
            raise self._ours(error) from error
        usage = response.usage
        spent = (usage.input_tokens, usage.output_tokens) if usage else (0, 0)
        return Answer(
            self._read(response, shape, spent),
            str(response.model),
            *spent,
            time.monotonic() - started,
        )

    def _read(self, response: Any, shape: type[Shape], spent: tuple[int, int]) -> Shape:
        for item in response.output or ():
            for part in getattr(item, "content", None) or ():
                if part.type == "refusal":
                    raise AnswerRefused(f"{self.name} refused: {part.refusal[:300]}", *spent)
        if response.status != "completed":
            details = response.incomplete_details
            reason = details.reason if details else response.status
            raise AnswerRefused(f"{self.name} stopped before the end: {reason}.", *spent)
        try:
            return shape.model_validate_json(response.output_text)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(str(part) for part in first["loc"]) or "the answer"
            raise AnswerRefused(
                f"{self.name} answered in another shape than asked; at {where}: {first['msg']}.",
                *spent,
            ) from None

    def _ours(self, error: openai.OpenAIError) -> VendorError:
        """Return our error for one of the package's, with a sentence that says what to do."""
        if isinstance(error, openai.RateLimitError):
            if error.code == "insufficient_quota":
                return VendorError(f"{self.name}: the account's quota is used up; raise it there.")
            return VendorUnavailable(f"{self.name} asks to slow down (429).", _retry_after(error))
        if isinstance(error, openai.APITimeoutError):
            return VendorUnavailable(f"{self.name} did not answer in time.")
        if isinstance(error, openai.APIConnectionError):
            return VendorUnavailable(f"{self.name} cannot be reached: {error.__cause__ or error}.")
        if isinstance(error, openai.InternalServerError):
            return VendorUnavailable(f"{self.name} failed ({error.status_code}); try again later.")
        if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
            return VendorError(
                f"{self.name} refused the API key ({error.status_code}); "
                "check the connection's password."
            )
        if isinstance(error, openai.NotFoundError):
            return VendorError(
                f"{self.name} knows no model {self.model!r} at this address (404); "
                "check model and base_url in the connection's extra."
            )
        if isinstance(error, openai.APIStatusError):
            return VendorError(
                f"{self.name} rejected the request ({error.status_code}): {error.message[:300]}"
            )
        return VendorError(f"{self.name} answered with something unreadable: {error}.")


def strict_schema(shape: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON schema of `shape` in the subset that strict structured output takes.

    There every object lists all its properties as required and allows no others, and keywords that
    only describe values (`default`, `title`) are left out.
    """
    schema = shape.model_json_schema()
    _tighten(schema)
    return schema


def _tighten(node: Any) -> None:
    if isinstance(node, list):
        for item in node:
            _tighten(item)
    elif isinstance(node, dict):
        if isinstance(node.get("title"), str):
            del node["title"]
        if isinstance(node.get("properties"), dict):
            node["required"] = list(node["properties"])
            node["additionalProperties"] = False
        for value in node.values():
            _tighten(value)


def _retry_after(error: openai.APIStatusError) -> float | None:
    """Return the seconds that the vendor asks to wait; only the form in seconds is read."""
    text = error.response.headers.get("retry-after", "")
    try:
        return max(0.0, float(text))
    except ValueError:
        return None
